"""The threshold belongs to cataract, the guard band to doubt, and equal scans never disagree with their mean."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.measure.decision import GUARD_BAND, Decision, OperatingPoint, judge

POINT = OperatingPoint(0.14)


@pytest.mark.parametrize(
    ("cataract_fraction", "decision"), [(0.0, "clear"), (0.1399, "clear"), (0.14, "cataract"), (1.0, "cataract")]
)
def test_fraction_at_the_threshold_is_cataract(cataract_fraction: float, decision: str) -> None:
    judgement = judge([cataract_fraction], POINT)
    assert judgement.decision == decision
    assert judgement.margin == pytest.approx(cataract_fraction - 0.14)


@pytest.mark.parametrize(
    ("cataract_fraction", "borderline"), [(0.119, False), (0.12, True), (0.14, True), (0.16, True), (0.161, False)]
)
def test_fraction_within_the_guard_band_both_ends_included_is_borderline(
    cataract_fraction: float, borderline: bool
) -> None:
    assert judge([cataract_fraction], POINT).borderline is borderline


def test_model_may_ask_for_a_wider_guard_band_but_not_for_a_narrower_one() -> None:
    assert judge([0.19], OperatingPoint(0.14, 0.05)).borderline
    assert judge([0.155], OperatingPoint(0.14, 0.001)).borderline
    assert GUARD_BAND == 0.02


def test_without_a_fraction_the_eye_is_ungradable_and_nothing_is_zero() -> None:
    judgement = judge([], POINT)
    assert judgement.decision is Decision.UNGRADABLE
    assert (judgement.cataract_fraction, judgement.cataract_fraction_sd, judgement.margin) == (None, None, None)
    assert not judgement.borderline


def test_one_scan_has_no_spread() -> None:
    assert judge([0.3], POINT).cataract_fraction_sd is None


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_mean_and_spread_are_those_of_the_standard_library(fractions: list[float]) -> None:
    judgement = judge(fractions, POINT)
    assert judgement.cataract_fraction == pytest.approx(statistics.fmean(fractions), abs=1e-12)
    assert judgement.cataract_fraction_sd == pytest.approx(statistics.stdev(fractions), abs=1e-9)
    assert judgement.cataract_fraction is not None
    assert 0 <= judgement.cataract_fraction <= 1


@given(lens=st.integers(1, 70_000), part=st.floats(0, 1), scans=st.integers(1, 12))
def test_eye_of_equal_scans_at_the_threshold_is_cataract_as_they_are(lens: int, part: float, scans: int) -> None:
    fraction = round(part * lens) / lens
    judgement = judge([fraction] * scans, OperatingPoint(fraction))
    assert (judgement.cataract_fraction, judgement.decision) == (fraction, Decision.CATARACT)
