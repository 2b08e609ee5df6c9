"""Whether one scale helps is summed up eye by eye."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.robustness.one_scale import one_eye, summary


def eye(own: tuple[float, float], shared: tuple[float, float]) -> dict[str, Any]:
    def exams(fractions: tuple[float, float]) -> list[dict[str, float]]:
        return [
            {"fraction": one, "spread": one / 10, "grade": 3.0 + one, "deviation": 0.2, "unlikely": 0.0}
            for one in fractions
        ]

    return {"cataract": True, "own": exams(own), "shared": exams(shared)}


def test_half_of_the_difference_is_half_of_the_deviation() -> None:
    found = summary([eye((0.3, 0.5), (0.35, 0.45)), eye((0.2, 0.4), (0.25, 0.35))])
    assert found["fraction"]["ratio"] == pytest.approx(0.5)
    assert found["fraction"]["interval"] == pytest.approx([0.5, 0.5])
    assert found["grade"]["own"] == pytest.approx(0.2 / 2**0.5)
    assert found["share_of_mean"]["own"] == pytest.approx(0.2 / 2**0.5 / 0.35)
    assert found["exams_told_to_disagree"] == 0.0


def test_an_eye_that_cannot_be_graded_counts_in_neither_way() -> None:
    found = summary([eye((0.3, 0.5), (0.35, 0.45)), eye((0.2, 0.8), (float("nan"), 0.4))])
    assert found["fraction"]["own"] == pytest.approx(0.2 / 2**0.5)


@pytest.mark.slow
def test_an_eye_is_judged_in_both_ways() -> None:
    found = one_eye(1, 5)
    assert found["cataract"]
    assert len(found["own"]) == len(found["shared"]) == 2
    assert found["own"][0]["deviation"] == 0.0 < found["shared"][0]["deviation"]
