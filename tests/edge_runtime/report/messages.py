"""Every sentence and word that a catalogue has to translate, as the sources use them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import edge_runtime.report
from edge_runtime.measure.answer import Answer
from edge_runtime.measure.decision import Decision
from edge_runtime.measure.grade import STEP_WORDS
from edge_runtime.report.bundled_samples import SAMPLE_NOTE
from edge_runtime.report.document import DISCLAIMER
from edge_runtime.report.eye_picture import ANGLES
from edge_runtime.report.language import TABLES
from edge_runtime.report.page import names
from edge_runtime.service.page.words import page_sentences

FOLDER = Path(edge_runtime.report.__file__).parent
NAMED = (names.VERDICTS, names.EYES, names.ZONES, names.KINDS, ANGLES)
# What is said of a model by its own words, where they are the usual ones.
TRAINED_ON = "simulated scans"


def sentences() -> set[str]:
    """What is passed to `say` as it stands, here and in the page that people touch, and the names of tables."""
    found: set[str] = {SAMPLE_NOTE, DISCLAIMER, TRAINED_ON, *STEP_WORDS, *Decision, *Answer, *page_sentences()}
    for table in NAMED:
        found.update(table.values())
    for path in FOLDER.rglob("*.py"):
        found.update(said_in_python(path.read_text(encoding="utf-8")))
    for path in FOLDER.rglob("*.html"):
        found.update(said_in_template(path.read_text(encoding="utf-8")))
    return found


def said_in_python(source: str) -> set[str]:
    """Texts that are the first argument of a call of `say`; a name stands for every text that it is assigned."""
    tree = ast.parse(source)
    assigned = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called == "say" and isinstance(first, ast.Constant):
                found.add(str(first.value))
            elif called == "say" and isinstance(first, ast.Name) and first.id in assigned:
                found.add(assigned[first.id])
    return found


def said_in_template(source: str) -> set[str]:
    return set(re.findall(r'say\("([^"]+)"', source))


def words() -> dict[tuple[str, str], str]:
    """{(table, word): English} of every word that catalogues explain."""
    return {(table, word): english for table, meanings in TABLES.items() for word, english in meanings.items()}
