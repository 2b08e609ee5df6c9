"""Every word that is used is documented, and every word that is documented is used: the source itself is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime import codes, errors
from edge_runtime.dicom_out import concepts
from edge_runtime.look.tissues import Picture, Tissue
from edge_runtime.measure import answer as answer_module
from edge_runtime.measure.answer import DOUBTS, Answer
from edge_runtime.measure.quality import RULES
from edge_runtime.report.comparison import Verdict
from edge_runtime.report.fhir.terms import own_codes

PACKAGE = Path(codes.__file__).parents[1]
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
CONTAINERS = ("png", "jpeg", "tiff", "bmp")
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Strings of the same form that are no error, reason or warning.
# Parts of a lens, kinds of opacity, and measures, as documents name them.
MEASURES = {
    "log-odds",
    "anterior-cortex",
    "posterior-cortex",
    "anterior-subcapsular",
    "posterior-subcapsular",
    "central-3mm",
}
# What the private scheme of DICOM results names besides words of documents; a viewer shows the meanings.
CONCEPTS = {
    *(measure.code for measure in (*concepts.EYE_MEASURES.values(), *concepts.SCAN_MEASURES.values())),
    *(measure.code for measure in concepts.GRADE_ENDS),
    *concepts.QUESTIONS,
    *concepts.GRADING,
    concepts.PROCEDURE[0],
}
OTHER_NAMES = {
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "edge-cataract",
    "decoder-messages",
    "as-shown",
    "anterion-raw",
    "pixel-um",
    "opencv-python-headless",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    *MEASURES,
    # Of HTTP, and the name of a picture.
    *("base-uri", "connect-src", "default-src", "form-action", "frame-ancestors", "img-src", "script-src", "style-src"),
    *("no-referrer", "no-store", "same-origin", "en-face"),
    # Of FHIR, besides the codes of the project's own code system.
    "8d5fa25e-6364-45fa-9fbe-2715e279e9bf",
    "data-absent-reason",
    "model-name",
    "not-performed",
    "observation-category",
    "user-friendly-name",
    "v2-0074",
    *(name for name in CONCEPTS - codes.ANSWER_REASONS.keys() if "-" in name),
}


def words_of(node: ast.expr) -> list[str]:
    """The words that an expression may be: a literal, a choice of two, or one with the container's name in it.

    The word of an error that is passed on stands where that one is raised.
    """
    if isinstance(node, ast.Attribute) and node.attr == "word":
        return []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return words_of(node.body) + words_of(node.orelse)
    if isinstance(node, ast.JoinedStr):
        head = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        return [head + container for container in CONTAINERS]
    raise AssertionError(f"a word that cannot be read from the source: {ast.unparse(node)}")


def calls_in(source: str, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def words_raised(source: str) -> set[str]:
    return {word for call in calls_in(source, ERRORS) if call.args for word in words_of(call.args[0])}


def names_in(source: str) -> set[str]:
    """Every string of the source that has the form of a word: lower-case letters and digits, joined by hyphens."""
    texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and WORD.fullmatch(text)}


SOURCES = [path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "codes"]
NAMES = set().union(*(names_in(source) for source in SOURCES))


def test_every_error_that_is_raised_is_documented_and_vice_versa() -> None:
    raised = set().union(*(words_raised(source) for source in SOURCES))
    printed = {word for source in SOURCES for word in re.findall(r"error\[([a-z-]+)\]", source)}
    assert raised | printed == set(codes.REFUSALS)


@pytest.mark.parametrize("table", [codes.REASONS, codes.WARNINGS], ids=["reasons", "warnings"])
def test_a_word_of_scans_that_is_an_error_too_means_the_same(table: dict[str, str]) -> None:
    """Both stand in the reasons of a scan: a reader has only the word to go by."""
    shared = table.keys() & codes.REFUSALS.keys()
    assert {word: codes.REFUSALS[word] for word in shared} == {word: table[word] for word in shared}


def test_every_reason_is_documented_and_used() -> None:
    assert [word for word, _ in RULES] == list(dict.fromkeys(word for word, _ in RULES))
    assert {word for word, _ in RULES} == set(codes.REASONS)


@pytest.mark.parametrize("table", [codes.REASONS, codes.WARNINGS], ids=["reasons", "warnings"])
def test_every_reason_and_warning_that_is_documented_is_used(table: dict[str, str]) -> None:
    assert set(table) - NAMES == set()


def test_every_answer_and_reason_of_an_answer_is_documented() -> None:
    assert {answer.value for answer in Answer} == set(codes.ANSWERS)
    yielded = {
        node.value.value
        for node in ast.walk(ast.parse(Path(answer_module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Constant)
    }
    assert yielded | {"cataract-fraction"} == set(codes.ANSWER_REASONS)
    assert set(codes.WARNINGS) >= DOUBTS


def test_the_limits_of_an_answer_are_those_that_are_documented() -> None:
    said = codes.ANSWER_REASONS
    assert (
        f"{answer_module.REPEAT_FRACTION:g} or more; from {answer_module.REFER_FRACTION:g}" in said["cataract-fraction"]
    )
    assert f"covers {100 * answer_module.REPEAT_POSTERIOR_AREA:g} %" in said["posterior-subcapsular-area"]
    assert f"from {100 * answer_module.REFER_POSTERIOR_AREA:g} %" in said["posterior-subcapsular-area"]
    assert f"covers {100 * answer_module.REPEAT_ANTERIOR_AREA:g} %" in said["anterior-subcapsular-area"]
    assert f"{answer_module.REPEAT_GRADE_DB:g} dB" in said["nuclear-grade"]
    assert answer_module.REPEAT_EVIDENCE == 0.3
    assert "three in ten or more" in said["cataract-evidence"]
    assert f"more than {answer_module.MOST_THICKNESS_APART_MM:g} mm" in said["lens-thickness-differs"]


def test_every_word_of_the_package_is_documented() -> None:
    """A reason or a warning under a new word is seen, wherever in the package it is given."""
    undocumented = {name for name in NAMES if "-" in name} - {
        *codes.REFUSALS,
        *codes.REASONS,
        *codes.WARNINGS,
        *codes.ANSWERS,
        *codes.ANSWER_REASONS,
        *codes.PICTURES,
        *own_codes(),
        *codes.COMPARISONS,
        *codes.COMPARISON_REASONS,
    }
    assert undocumented == OTHER_NAMES


def test_kinds_of_picture_and_tissues_are_documented_in_the_order_of_their_codes() -> None:
    assert list(codes.PICTURES) == [picture.value for picture in Picture]
    assert list(codes.TISSUES) == [tissue.name.lower().replace("_", "-") for tissue in Tissue]


def test_the_check_can_fail() -> None:
    assert words_raised('raise ScanError("a-new-word", "x", "y")') == {"a-new-word"}
    assert words_raised('raise ScanError("a" if wide else "b", "x", "y")') == {"a", "b"}
    assert words_raised('raise ScanError(f"cut-{kind}", "x", "y")') == {f"cut-{name}" for name in CONTAINERS}
    with pytest.raises(AssertionError, match="cannot be read"):
        words_raised("raise ScanError(word, 'x', 'y')")
    assert names_in('reasons.append("a-new-word"); f("A sentence."); g("--option")') == {"a-new-word"}


@pytest.mark.parametrize(
    "table",
    [
        codes.REFUSALS,
        codes.REASONS,
        codes.WARNINGS,
        codes.ANSWERS,
        codes.ANSWER_REASONS,
        codes.PICTURES,
        codes.TISSUES,
        codes.COMPARISONS,
        codes.COMPARISON_REASONS,
    ],
    ids=[
        "errors",
        "reasons",
        "warnings",
        "answers",
        "reasons of answers",
        "pictures",
        "tissues",
        "comparisons",
        "doubts",
    ],
)
def test_words_are_stable_kebab_case_in_order_with_one_line_each(table: dict[str, str]) -> None:
    assert all(WORD.fullmatch(word) for word in table)
    assert all("\n" not in line and line.endswith(".") for line in table.values())


def test_words_of_errors_and_warnings_are_sorted() -> None:
    assert list(codes.REFUSALS) == sorted(codes.REFUSALS)
    assert list(codes.WARNINGS) == sorted(codes.WARNINGS)
    assert list(codes.ANSWER_REASONS) == sorted(codes.ANSWER_REASONS)
    assert list(codes.COMPARISON_REASONS) == sorted(codes.COMPARISON_REASONS)


def test_every_verdict_and_reason_of_a_comparison_is_documented() -> None:
    assert {verdict.value for verdict in Verdict} == set(codes.COMPARISONS)
    assert set(codes.COMPARISON_REASONS) - NAMES == set()
