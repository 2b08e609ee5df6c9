"""Two exams of one eye: a change is more than exams of an unchanged eye differ by, and doubt is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.measure.decision import GUARD_BAND
from edge_runtime.report.comparison import Comparison, compare
from edge_runtime.report.comparison_text import comparison_lines, comparison_summary
from edge_runtime.report.exam_facts import read_exam
from edge_runtime.report.language import LANGUAGES, language_of
from edge_runtime.report.page.compared import comparison_page

from .exam_documents import exam_document, written

LIMIT = 0.03  # how far the band of `exam_document` reaches to either side


def compared(folder: Path, earlier: dict[str, Any], later: dict[str, Any]) -> Comparison:
    return compare(*(read_exam(written(folder / f"{n}.json", one)) for n, one in enumerate((earlier, later))))


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (0.3 + LIMIT + 1e-6, "increased"),
        (0.3 + LIMIT - 1e-6, "unchanged"),
        (0.3 - LIMIT + 1e-6, "unchanged"),
        (0.3 - LIMIT - 1e-6, "decreased"),
    ],
)
def test_a_change_is_more_than_the_coefficient_of_repeatability(later: float, verdict: str, tmp_path: Path) -> None:
    found = compared(tmp_path, exam_document(0.3), exam_document(later))
    assert found.limit == pytest.approx(LIMIT)
    assert found.verdict.value == verdict


def test_the_order_of_the_exams_changes_the_sign_alone(tmp_path: Path) -> None:
    one, other = exam_document(0.1, aside=0.01), exam_document(0.3, aside=0.05)
    there, back = compared(tmp_path, one, other), compared(tmp_path, other, one)
    assert (there.verdict.value, back.verdict.value) == ("increased", "decreased")
    assert there.limit == back.limit == pytest.approx(0.05)


def test_a_band_that_ends_at_nought_counts_by_its_other_side(tmp_path: Path) -> None:
    low = exam_document(0.01, aside=0.03)
    assert low["eye"]["cataract_fraction_band"][0] == 0.0
    assert compared(tmp_path, low, exam_document(0.02, aside=0.03)).limit == pytest.approx(0.03)


@pytest.mark.parametrize(("earlier", "later"), [(0.0042, 0.0), (0.0, 0.0042), (0.02, 0.0), (0.3, 0.32)])
def test_no_difference_within_the_guard_band_is_a_change(earlier: float, later: float, tmp_path: Path) -> None:
    found = compared(tmp_path, exam_document(earlier, aside=0.0005), exam_document(later, aside=0.0005))
    assert (found.verdict.value, found.limit) == ("unchanged", GUARD_BAND)


def test_a_difference_beyond_the_guard_band_and_both_bands_is_a_change(tmp_path: Path) -> None:
    found = compared(tmp_path, exam_document(0.0, aside=0.0005), exam_document(0.021, aside=0.0005))
    assert found.verdict.value == "increased"


def test_exams_in_the_other_order_of_their_analysis_are_told(tmp_path: Path) -> None:
    morning, evening = exam_document(0.3), exam_document(0.301)
    morning["created"], evening["created"] = "2026-01-31T08:00:00Z", "2026-01-31T20:00:05Z"
    assert compared(tmp_path, morning, evening).reasons == ()
    found = compared(tmp_path, evening, morning)
    assert (found.verdict.value, found.reasons) == ("unchanged", ("order-in-doubt",))


def test_each_exam_is_named_with_the_time_of_its_analysis(tmp_path: Path) -> None:
    later = exam_document(0.31) | {"created": "2026-01-31T20:00:05Z"}
    assert comparison_lines(compared(tmp_path, exam_document(0.3), later))[-2:] == [
        "Earlier exam: analysed 2026-01-31 at 10:11:12 UTC by model edge 0.3.1 int8.",
        "Later exam: analysed 2026-01-31 at 20:00:05 UTC by model edge 0.3.1 int8.",
    ]


def test_other_eyes_and_unknown_eyes_are_refused(tmp_path: Path) -> None:
    for sides in (("OD", "OS"), ("OD", None), (None, None)):
        with pytest.raises(UsageError, match="not of one eye") as refused:
            compared(tmp_path, *(exam_document(laterality=side) for side in sides))
        assert refused.value.word == "other-eyes"


def test_other_models_are_told_and_nothing_is_judged(tmp_path: Path) -> None:
    later = exam_document(0.9)
    later["model"]["sha256"] = "b" * 64
    found = compared(tmp_path, exam_document(0.1), later)
    assert (found.verdict.value, found.reasons) == ("not-judged", ("models-differ",))
    assert found.difference == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (exam_document(None), "exam-not-graded"),
        (exam_document(0.9, cataract_fraction_band=None), "repeatability-unknown"),
        (exam_document(0.3), "same-scans"),
    ],
)
def test_why_nothing_was_judged_is_told(later: dict[str, Any], reason: str, tmp_path: Path) -> None:
    found = compared(tmp_path, exam_document(0.3), later)
    assert (found.verdict.value, found.reasons) == ("not-judged", (reason,))


@pytest.mark.parametrize("doubt", ["partly-black", "lens-thickness-differs"])
def test_a_doubt_about_a_number_is_told_beside_the_verdict(doubt: str, tmp_path: Path) -> None:
    later = exam_document(0.9, answer_reasons=["cataract-fraction", doubt])
    found = compared(tmp_path, exam_document(0.1), later)
    assert (found.verdict.value, found.reasons) == ("increased", ("exam-in-doubt",))


def test_the_document_of_a_comparison_has_both_exams_and_no_name(tmp_path: Path) -> None:
    content = compared(tmp_path, exam_document(0.1), exam_document(0.3)).to_dict()
    assert content["cataract_fraction_difference"] == 0.2
    assert content["limit_of_change"] == round(LIMIT, 6)
    assert (content["earlier"]["cataract_fraction"], content["later"]["cataract_fraction"]) == (0.1, 0.3)
    assert content["disclaimer"] == "Research use only. Not a medical device."


def test_the_summary_says_the_verdict_first(tmp_path: Path) -> None:
    lines = comparison_summary(compared(tmp_path, exam_document(0.1), exam_document(0.3))).splitlines()
    assert lines[:3] == [
        "OD: The Cataract Fraction rose by more than exams of an unchanged eye differ.",
        "  Cataract Fraction 0.100, then 0.300: a difference of 0.200.",
        "  19 of 20 pairs of exams of an unchanged eye differ by 0.030 or less.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comparison_is_told_in_every_language_and_has_a_page(language: str, tmp_path: Path) -> None:
    found = compared(tmp_path, exam_document(0.1), exam_document(None))
    spoken = language_of(language)
    page = comparison_page(found, language=language)
    for line in comparison_lines(found, spoken):
        assert line.replace("'", "&#39;") in page
    assert spoken.meaning("comparison reason", "exam-not-graded") in page
    assert f'<html lang="{language}" dir="{spoken.direction}" class="alone">' in page


def test_an_exam_that_a_person_corrected_says_so(tmp_path: Path) -> None:
    later = exam_document(0.1, corrected={"scans": 1})
    lines = comparison_lines(compared(tmp_path, exam_document(0.3), later))
    assert [line.endswith("(CORRECTED BY A PERSON)") for line in lines[-2:]] == [False, True]
