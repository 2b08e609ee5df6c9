from __future__ import annotations

import numpy as np
import pytest

from train.study import repeatability

# Six targets, four judges: Shrout & Fleiss, Psychological Bulletin 1979;86:420, table 2; ICC(2,1) = .29 in table 4.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)

# Peak flow of 17 people by two meters, first readings: Bland & Altman, Lancet 1986;i:307, table.
# Mean difference (large minus mini) -2.1 l/min, SD 38.8; limits -79.7 and 75.5 with their 2 SD.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
PEAK_FLOW = np.array([LARGE, MINI], float).T


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    assert round(repeatability.intraclass_correlation(SHROUT_FLEISS), 2) == 0.29


def test_icc_of_the_same_values_twice_is_one_and_a_shift_lowers_it() -> None:
    values = np.array([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]])
    assert repeatability.intraclass_correlation(values) == pytest.approx(1)
    assert repeatability.intraclass_correlation(values + np.array([0, 0.2])) < 0.95


def test_limits_of_agreement_are_those_of_bland_and_altman() -> None:
    centre, low, high = repeatability.limits_of_agreement(PEAK_FLOW)
    assert round(centre, 1) == -2.1
    assert round((high - low) / 2 / 1.96, 1) == 38.8


def test_within_eye_sd_of_pairs_follows_from_squared_differences() -> None:
    # Bland & Altman, BMJ 1996;313:744: with two measurements, s_w^2 = sum d^2 / 2n.
    moved = PEAK_FLOW[:, 0] - PEAK_FLOW[:, 1]
    expected = np.sqrt((moved**2).sum() / (2 * len(moved)))
    assert repeatability.within_eye_sd(PEAK_FLOW) == pytest.approx(expected)
    assert repeatability.coefficient_of_variation(PEAK_FLOW) == pytest.approx(expected / PEAK_FLOW.mean())


def test_the_range_is_of_each_eye() -> None:
    assert repeatability.ranges(np.array([[0.1, 0.3, 0.2], [0.5, 0.5, 0.5]])).tolist() == pytest.approx([0.2, 0])


def test_without_spread_or_without_a_second_exam_nothing_is_defined() -> None:
    assert np.isnan(repeatability.intraclass_correlation(np.zeros((4, 2))))
    assert np.isnan(repeatability.intraclass_correlation(np.ones((4, 1))))
    assert np.isnan(repeatability.coefficient_of_variation(np.zeros((4, 2))))
    assert np.isnan(repeatability.within_eye_sd(np.ones((4, 1))))
    assert np.isnan(repeatability.limits_of_agreement(np.ones((1, 2)))).all()
