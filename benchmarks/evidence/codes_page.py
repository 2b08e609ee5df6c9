"""Write docs/codes.md, the one place for exit codes and stable words: `python -m benchmarks.evidence.codes_page`.

Meanings come from `edge_runtime/codes`, exit codes from the classes of `edge_runtime/errors.py`. Which class is
raised with which word is read from the source of the runtime.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evidence.templates import fill
from edge_runtime import codes, errors
from edge_runtime.errors import EdgeCataractError, InternalError
from edge_runtime.measure.answer import DOUBTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "codes.md"
RUNTIME = ROOT / "edge_runtime"
CONTAINERS = ("png", "jpeg", "tiff", "bmp")  # some words end with the name of the file format
# Outcomes of the whole program, which no error class describes.
OUTCOMES = {
    0: "Every scan was analysed and every file written, whatever the finding.",
    3: "The scan was readable but not graded; the document says why (see Reasons).",
    4: "Of several scans, some were not graded, refused or failed.",
    129: "The terminal hung up.",
    130: "The user interrupted the program. In Python: the calling program stopped the analysis.",
    143: "The system terminated the program.",
}


@dataclass(frozen=True, slots=True)
class ErrorWord:
    """One word of an error message, with every exit code that it comes with."""

    word: str
    exit_codes: tuple[int, ...]
    meaning: str


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page as Markdown."""
    return fill(
        "codes.md.j2",
        exit_codes=exit_codes(),
        errors=error_words(),
        reasons=codes.REASONS,
        warnings=codes.WARNINGS,
        pictures=codes.PICTURES,
        tissues=codes.TISSUES,
        answers=codes.ANSWERS,
        answer_reasons=codes.ANSWER_REASONS,
        comparisons=codes.COMPARISONS,
        comparison_reasons=codes.COMPARISON_REASONS,
        doubts=sorted(DOUBTS),
    )


def exit_codes() -> dict[int, str]:
    """Return each exit code with its meaning, the first line of its error's docstring, in ascending order."""
    raised = {kind.exit_code: str(kind.__doc__).splitlines()[0] for kind in error_classes().values()}
    return dict(sorted((raised | OUTCOMES).items()))


def error_classes() -> dict[str, type[EdgeCataractError]]:
    """Return the errors that can be raised, by name; not their abstract superclass."""
    return {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, EdgeCataractError) and kind is not EdgeCataractError
    }


def error_words() -> list[ErrorWord]:
    """Return every documented word of an error, with the exit codes of the errors that carry it."""
    found: dict[str, set[int]] = defaultdict(set)
    kinds = error_classes()
    for path in sorted(RUNTIME.rglob("*.py")):
        for name, word in raised_in(path.read_text(encoding="utf-8"), set(kinds)):
            found[word].add(kinds[name].exit_code)
    # A word that no class carries is written by the last resort of the command line.
    return [
        ErrorWord(word, tuple(sorted(found.get(word, {InternalError.exit_code}))), meaning)
        for word, meaning in codes.REFUSALS.items()
    ]


def raised_in(source: str, classes: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (class, word) for every construction of an error in a source text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes and node.args:
            for word in words_of(node.args[0]):
                yield node.func.id, word


def words_of(node: ast.expr) -> list[str]:
    """Return the words that an expression can be: a literal, a choice of two, or one that ends with a file format."""
    match node:
        case ast.Constant(value=str(word)):
            return [word]
        case ast.IfExp(body=body, orelse=orelse):
            return words_of(body) + words_of(orelse)
        case ast.JoinedStr(values=parts):
            head = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            return [head + container for container in CONTAINERS]
        case _:
            return []


if __name__ == "__main__":
    sys.exit(main())
