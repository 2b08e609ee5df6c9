"""The answer for an eye rests on its graded scans, and on what concerns the eye as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_runtime import CataractAnalyzer, EyeResult
from edge_runtime.conclusion import eye_result
from edge_runtime.errors import ScanError
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.decision import judge
from edge_runtime.measure.quality import Notice
from edge_runtime.results import ScanResult, UnreadableScan

MARKS = Notice("marks-in-picture", "Text was drawn into it.")


@pytest.fixture(scope="module")
def clear(bundled_analyzer: CataractAnalyzer) -> ScanResult:
    return bundled_analyzer.analyze(SAMPLES / "simulated-clear.png")


def named(scan: ScanResult, source: str, *notices: Notice) -> ScanResult:
    return replace(scan, scan=replace(scan.scan, source=source), notices=(*scan.notices, *notices))


def not_graded(scan: ScanResult, source: str, *notices: Notice) -> ScanResult:
    """A scan in which the patient blinked."""
    judgement = judge([], scan.judgement.point)
    return replace(named(scan, source, *notices), reasons=("lens-not-found",), lens=None, judgement=judgement)


def eye_of(entries: list[ScanResult | UnreadableScan], *further: Notice) -> EyeResult:
    scan = entries[0]
    assert isinstance(scan, ScanResult)
    return eye_result(entries, scan.judgement.point, scan.model, laterality=None, scans_expected=6, further=further)


def graded(clear: ScanResult, *notices: Notice) -> list[ScanResult | UnreadableScan]:
    return [named(clear, f"{number}.png", *notices) for number in range(5)]


def outcome(eye: EyeResult) -> tuple[str, tuple[str, ...]]:
    return eye.answer.value, eye.findings.conclusion.reasons


def test_a_warning_of_a_scan_that_was_not_graded_changes_no_answer(clear: ScanResult) -> None:
    eye = eye_of([*graded(clear), not_graded(clear, "blink.png", MARKS)])
    assert outcome(eye_of(graded(clear))) == ("no-sign", ())
    assert outcome(eye) == ("no-sign", ())
    assert replace(MARKS, source="blink.png") in eye.notices


def test_a_warning_of_a_graded_scan_changes_it(clear: ScanResult) -> None:
    eye = eye_of([*graded(clear), named(clear, "marked.png", MARKS)])
    assert outcome(eye) == ("repeat", ("marks-in-picture",))


@pytest.mark.parametrize(
    ("source", "answer"),
    [(None, "repeat"), ("0.png", "repeat"), ("blink.png", "no-sign"), ("broken.png", "no-sign")],
)
def test_a_warning_about_the_exam_counts_unless_it_names_a_scan_that_was_not_graded(
    source: str | None, answer: str, clear: ScanResult
) -> None:
    broken = UnreadableScan("broken.png", ScanError("empty-file", "It is empty.", "Export it again."))
    about = Notice("other-eye", "Its name says OS.", source)
    eye = eye_of([*graded(clear), not_graded(clear, "blink.png"), broken], about)
    assert outcome(eye) == (answer, ("other-eye",) if answer == "repeat" else ())
    assert about in eye.notices


def test_a_name_that_a_graded_scan_shares_counts(clear: ScanResult) -> None:
    eye = eye_of([*graded(clear), not_graded(clear, "0.png")], Notice("other-eye", "Its name says OS.", "0.png"))
    assert outcome(eye) == ("repeat", ("other-eye",))
