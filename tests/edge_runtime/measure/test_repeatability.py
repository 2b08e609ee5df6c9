"""Where further exams of an eye would find its fraction: by simulated pairs, and by the scans of the exam itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_runtime.measure import repeatability
from edge_runtime.measure.findings import leave_one_out
from edge_runtime.measure.repeatability import Repeatability

DEVIATIONS = (0.0002, 0.03, 0.06, 0.1, 0.03)
FITTED = Repeatability(DEVIATIONS)
PAIR = math.sqrt(2) * 1.96  # deviations within which two exams lie in 19 of 20 pairs


def aside(fractions: list[float]) -> float:
    """How far the band reaches to that side where no 0 or 1 ends it."""
    band = FITTED.band(fractions)
    assert band is not None
    mean = sum(fractions) / len(fractions)
    return max(mean - band[0], band[1] - mean)


def test_scans_that_agree_leave_the_fitted_deviation_of_two_exams() -> None:
    assert aside([0.3] * 6) == pytest.approx(PAIR * 0.1)
    assert aside([0.001] * 6) == pytest.approx(PAIR * 0.0002)


def test_fewer_scans_move_further_and_more_are_not_trusted_to_move_less() -> None:
    assert aside([0.3] * 3) == pytest.approx(PAIR * 0.1 * math.sqrt(2))
    assert aside([0.3] * 12) == aside([0.3] * 6)
    assert FITTED.band([0.3] * 2) is None
    assert FITTED.band([]) is None


@pytest.mark.parametrize("odd", [0.0, 0.004, 0.0125, 0.4, 1.0])
@pytest.mark.parametrize("count", [3, 5, 6, 40])
def test_the_band_holds_the_mean_without_any_one_scan(count: int, odd: float) -> None:
    for usual in (0.0, 0.001, 0.3):
        fractions = [usual] * (count - 1) + [odd]
        band, left_out = FITTED.band(fractions), leave_one_out(fractions)
        assert band is not None
        assert left_out is not None
        assert band[0] <= left_out[0]
        assert left_out[1] <= band[1]


@pytest.mark.parametrize("count", [3, 4, 6])
def test_the_band_holds_nineteen_of_twenty_further_exams_whose_scans_differ_more_than_fitted(count: int) -> None:
    scans = np.random.default_rng(7).normal(0.6, 0.09, (4000, 2, count))
    bands = [FITTED.band(one.tolist()) for one in scans[:, 0]]
    held = [
        band is not None and band[0] <= mean <= band[1] for band, mean in zip(bands, scans[:, 1].mean(1), strict=True)
    ]
    assert np.mean(held) >= 0.945


def test_the_factor_is_that_of_student_and_never_smaller() -> None:
    for freedom in range(2, 300):
        reach = np.linspace(0.0, repeatability._student_95(freedom), 2001)
        log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
        density = np.exp(log_scale) * (1 + reach**2 / freedom) ** (-(freedom + 1) / 2)
        held = 2 * float(((density[1:] + density[:-1]) / 2).sum() * reach[1])
        assert 0.94995 <= held <= 0.956
