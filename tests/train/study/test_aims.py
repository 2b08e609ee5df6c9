from __future__ import annotations

import pytest

from train.study.aims import AIMS, Aim, aims_of, verdict
from train.study.pages import study_page
from train.study.resampling import Estimate


def aim(bound: float, *, at_least: bool = True, whole_interval: bool = False) -> Aim:
    return Aim("", "", lambda results: None, bound, at_least=at_least, whole_interval=whole_interval)


def estimate(value: float | None, low: float | None) -> Estimate:
    return Estimate(value, low, None, "bootstrap")


@pytest.mark.parametrize(
    ("one", "measured", "expected"),
    [
        (aim(0.98), estimate(0.98, 0.9), "yes"),
        (aim(0.98), estimate(0.97, 0.9), "no"),
        (aim(0.02, at_least=False), estimate(0.03, 0.0), "no"),
        (aim(0.02, at_least=False), estimate(0.02, 0.0), "yes"),
        (aim(0.0, whole_interval=True), estimate(0.1, 0.0), "no"),
        (aim(0.0, whole_interval=True), estimate(0.1, 0.01), "yes"),
        (aim(0.0, whole_interval=True), estimate(0.1, None), "not measured"),
        (aim(0.0), estimate(None, None), "not measured"),
        (aim(0.0), None, "not measured"),
    ],
)
def test_an_aim_is_reached_or_not_or_not_measured(one: Aim, measured: Estimate | None, expected: str) -> None:
    assert verdict(one, measured) == expected


def test_an_aim_says_in_words_what_it_asks_for() -> None:
    assert aim(0.98).asked_for == "at least 0.980"
    assert aim(0.02, at_least=False).asked_for == "at most 0.020"
    assert aim(0.0, whole_interval=True).asked_for == "interval above 0"


def test_without_any_cohort_nothing_is_claimed() -> None:
    assert aims_of({}) == []
    page = study_page({})
    assert "Reached: 0 of 0." in page
    assert not any(one.asked_for in page for one in AIMS)
