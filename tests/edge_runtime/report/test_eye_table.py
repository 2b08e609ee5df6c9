"""The table of an exam has a line for each eye, and nothing in it is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.golden import SAMPLES
from edge_runtime.report.document import document
from edge_runtime.report.eye_table import COLUMNS, eye_table
from edge_runtime.results import EyeResult

CREATED = "2026-01-31T10:11:12Z"


def lines_of(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline="")))


def test_each_eye_has_a_line_with_what_its_document_says(bundled_analyzer: CataractAnalyzer) -> None:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")
    eyes = [
        bundled_analyzer.as_eye([scan] * count, laterality=side, scans_expected=6)
        for side, count in ((Laterality.OD, 6), (Laterality.OS, 2))
    ]
    right, left = lines_of(eye_table(eyes, created=CREATED))
    grade = eyes[0].findings.grade
    assert grade is not None
    assert (right["eye"], left["eye"]) == ("OD", "OS")
    assert (right["answer"], right["created"]) == ("refer", CREATED)
    assert float(right["cataract_fraction"]) == eyes[0].cataract_fraction
    assert float(right["grade_db"]) == round(grade.value_db, 3)
    assert right["scans_sha256"].split() == [scan.scan.sha256] * 6
    assert (left["scans_given"], left["warnings"]) == ("2", "fewer-scans-than-expected")


def test_what_was_not_measured_is_empty_and_never_nought(eye_of: Callable[[str], EyeResult]) -> None:
    line = lines_of(eye_table([eye_of("not graded")], created=CREATED))[0]
    assert (line["answer"], line["scans_used"]) == ("ungradable", "0")
    assert {line[name] for name in ("cataract_fraction", "grade_db", "cataract_fraction_low")} == {""}


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("graded")
    for name, shown in (
        ("=1+1", "'=1+1"),
        (" @x", "' @x"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n-1", "a\n'-1"),
        ("\uff1d1", "'\uff1d1"),
        ("1-2", "1-2"),
    ):
        hostile = replace(eye, model=replace(eye.model, name=name))
        assert lines_of(eye_table([hostile], created=CREATED))[0]["model"] == shown


def test_every_column_is_a_field_of_the_document(bundled_analyzer: CataractAnalyzer) -> None:
    eye = bundled_analyzer.as_eye([bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")])
    content = document(eye, created=CREATED)
    for place in filter(None, COLUMNS.values()):
        part: Any = content
        for step in place:
            part = part[step]


def test_the_header_is_that_of_the_columns(eye_of: Callable[[str], EyeResult]) -> None:
    assert list(lines_of(eye_table([eye_of("exam")], created=CREATED))[0]) == list(COLUMNS)
