"""How far fraction and grade of made-up eyes move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from train.study.measures.measured_eyes import EyeFacts, MeasuredEye
from train.study.measures.moves import flagged, moved_between, moves_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.measure.coefficients import MeasureCoefficients


def made_eye(number: int, group: str, fraction: float, exam: int = 1, notices: Sequence[str] = ()) -> MeasuredEye:
    """An eye with a fraction alone: without measures it has no grade."""
    facts = EyeFacts(f"{group}-{number}", "OD", exam, group, 60.0, "optical", "", "", senescent=False,
                     thickness_mm=4.0, locs_no=1.0)  # fmt: skip
    return MeasuredEye(facts, 1, 1, (fraction,), tuple(notices), None, (), (), (), "")


@pytest.fixture(scope="module")
def coefficients() -> MeasureCoefficients:
    from edge_runtime import CataractAnalyzer

    found = CataractAnalyzer().network.metadata.measures
    assert found is not None
    return found


def test_eyes_of_one_exam_do_not_move(coefficients: MeasureCoefficients) -> None:
    assert moves_of([made_eye(number, "clear", 0.1) for number in range(3)], coefficients) is None


def test_the_spread_within_eyes_is_told_by_group(coefficients: MeasureCoefficients) -> None:
    eyes = [
        made_eye(number, group, start + step * (exam - 1), exam)
        for group, start, step in (("clear", 0.0, 0.01), ("cataract", 0.5, 0.04))
        for number in range(4)
        for exam in (1, 2)
    ]
    found = moves_of(eyes, coefficients)
    assert found is not None
    assert found["exams"] == 2
    assert found["fraction"]["clear"] == {
        "eyes": 4, "mean": 0.005, "within_eye_sd": pytest.approx(0.01 / 2**0.5, abs=1e-4), "range_95": 0.01,
    }  # fmt: skip
    assert found["fraction"]["cataract"]["range_95"] == pytest.approx(0.04)
    assert found["fraction"]["all"]["eyes"] == 8
    assert "grade_db" not in found


def test_eyes_of_two_cohorts_are_compared_in_pairs(coefficients: MeasureCoefficients) -> None:
    there = [made_eye(number, group, 0.6 if group == "cataract" else 0.0) for group in ("clear", "cataract")
             for number in range(10)]  # fmt: skip
    here = [made_eye(int(eye.facts.patient[-1]), eye.facts.group, eye.fractions[0] + 0.03) for eye in there]
    found = moved_between(here, there[:-1], coefficients)
    assert found["eyes"] == 19
    assert found["fraction"] == {"eyes": 19, "moved_95": 0.03, "span": 0.6, "moved_95_of_span": 0.05}
    assert found["grade_db"]["moved_95"] is None
    assert found["unflagged"] == {"eyes": 19, "auc": 1.0, "auc_of_partners": 1.0}


def test_flagged_eyes_are_counted_and_left_out(coefficients: MeasureCoefficients) -> None:
    wrong = made_eye(1, "clear", 0.9, notices=("scans-disagree",))
    doubtful = [made_eye(0, "clear", 0.1), wrong, made_eye(0, "cataract", 0.5)]
    plain = [made_eye(0, "clear", 0.0), made_eye(1, "clear", 0.0), made_eye(0, "cataract", 0.5)]
    found = moved_between(doubtful, plain, coefficients)
    assert flagged(wrong)
    assert found["flagged_share"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["unflagged"]["auc"] == 1.0
