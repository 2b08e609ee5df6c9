from __future__ import annotations

import pytest

from train.study.formatting import counts, estimate, number, p_value
from train.study.resampling import BOOTSTRAP, EXACT, UNDEFINED, Estimate
from train.study.significance import SignificanceTest


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Estimate(0.98149, 0.9642, 0.9931, BOOTSTRAP), "0.981 (0.964 to 0.993)"),
        (Estimate(1.0, 0.959, 1.0, EXACT), "1.000 (0.959 to 1.000*)"),
        (Estimate(0.5, None, None, UNDEFINED), "0.500 (no interval)"),
        (Estimate(None, None, None, UNDEFINED), "-"),
    ],
)
def test_an_estimate_is_written_with_its_interval(one: Estimate, text: str) -> None:
    assert estimate(one) == text


def test_numbers_have_the_digits_asked_for() -> None:
    assert (number(0.12345), number(0.12345, 2), number(None)) == ("0.123", "0.12", "-")


def test_counts_name_the_units_of_each_group() -> None:
    assert counts(Estimate(0.5, 0.4, 0.6, BOOTSTRAP, {"cataract": 89, "clear": 132})) == "89 cataract, 132 clear"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (SignificanceTest(0.0004, (30,)), "p < 0.001"),
        (SignificanceTest(0.0316, (30,)), "p = 0.032"),
        (SignificanceTest(None, (3,), "fewer than 20 values"), "fewer than 20 values"),
        (None, "-"),
    ],
)
def test_a_p_value_is_written_or_why_there_is_none(one: SignificanceTest | None, text: str) -> None:
    assert p_value(one) == text
