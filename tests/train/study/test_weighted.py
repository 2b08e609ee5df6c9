from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import roc_auc_score

from train.metrics import ConfusionMatrix, area_under_curve, youden_threshold
from train.study import weighted


@pytest.fixture
def drawn() -> np.ndarray:
    """Whole-number weights of five resamples of 60 units."""
    return np.random.default_rng(5).multinomial(60, np.full(60, 1 / 60), size=5).astype(np.float64)


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(6).integers(0, 12, 60) / 12  # with ties


TRUTH = np.arange(60) % 3 == 0


def test_auc_of_a_resample_is_sklearns_of_the_repeated_units(drawn: np.ndarray, scores: np.ndarray) -> None:
    found = weighted.auc(scores, TRUTH.tolist())(drawn)
    for row, value in zip(drawn.astype(int), found, strict=True):
        assert value == pytest.approx(roc_auc_score(TRUTH.repeat(row), scores.repeat(row)))


def test_auc_with_ones_is_the_plain_one(scores: np.ndarray) -> None:
    assert weighted.auc(scores, TRUTH)(np.ones((1, 60)))[0] == pytest.approx(area_under_curve(scores, TRUTH))


def test_mean_spread_and_correlation_are_numpys_of_the_repeated_units(drawn: np.ndarray, scores: np.ndarray) -> None:
    other = np.random.default_rng(7).random(60)
    means = weighted.mean(scores, TRUTH.tolist())(drawn)
    spreads = weighted.spread(scores, TRUTH.tolist())(drawn)
    correlations = weighted.correlation(scores, other)(drawn)
    for index, row in enumerate(drawn.astype(int)):
        part = scores.repeat(row)[TRUTH.repeat(row)]
        assert means[index] == pytest.approx(part.mean())
        assert spreads[index] == pytest.approx(part.std(ddof=1))
        assert correlations[index] == pytest.approx(pearsonr(scores.repeat(row), other.repeat(row)).statistic)


def test_a_ratio_is_of_sums_not_a_mean_of_ratios() -> None:
    assert weighted.ratio([1, 90], [10, 100])(np.ones((1, 2)))[0] == pytest.approx(91 / 110)


def test_a_quantile_is_numpys_inverse_of_the_distribution(drawn: np.ndarray) -> None:
    values = np.random.default_rng(8).random(60)
    for share in (0.5, 0.95, 1.0):
        found = weighted.quantile(values, share)(drawn)
        for row, value in zip(drawn.astype(int), found, strict=True):
            assert value == np.quantile(values.repeat(row), share, method="inverted_cdf")


def test_the_95th_percentile_of_twenty_eyes_is_the_nineteenth() -> None:
    assert weighted.quantile(list(range(20)), 0.95)(np.ones((1, 20)))[0] == 18


def test_a_paired_difference_uses_the_same_draws(drawn: np.ndarray, scores: np.ndarray) -> None:
    area = weighted.auc(scores, TRUTH)
    assert np.all(weighted.difference(area, area)(drawn) == 0)


def test_the_best_threshold_of_a_resample_is_that_of_the_repeated_units(drawn: np.ndarray, scores: np.ndarray) -> None:
    found = weighted.best_threshold(scores, TRUTH.tolist())(drawn)
    for row, value in zip(drawn.astype(int), found, strict=True):
        assert value == youden_threshold(scores.repeat(row), TRUTH.repeat(row))


def test_the_best_threshold_is_the_best_of_all(scores: np.ndarray) -> None:
    def youden(threshold: float) -> float:
        matrix = ConfusionMatrix.at(threshold, scores, TRUTH)
        return (matrix.sensitivity or 0) + (matrix.specificity or 0)

    threshold = youden_threshold(scores, TRUTH)
    assert threshold is not None
    assert youden(threshold) == pytest.approx(max(youden(t) for t in np.linspace(-0.01, 1.01, 2000)))


def test_the_sensitivity_at_a_specificity_counts_the_positives_above_that_quantile() -> None:
    clear = [number / 100 for number in range(20)]  # 95 % of them do not exceed 0.18
    scores, positive = [*clear, 0.18, 0.181, 0.5, 0.01], [False] * 20 + [True] * 4
    found = weighted.sensitivity_at(0.95, scores, positive)(np.ones((1, 24)))
    assert found.tolist() == [2 / 4]


def test_the_sensitivity_at_a_specificity_of_a_resample_is_that_of_the_repeated_units(
    drawn: np.ndarray, scores: np.ndarray
) -> None:
    found = weighted.sensitivity_at(0.9, scores.tolist(), TRUTH.tolist())(drawn)
    for row, value in zip(drawn, found, strict=True):
        repeated = np.repeat(np.arange(len(scores)), row.astype(int))
        values, truth = scores[repeated], np.array(TRUTH)[repeated]
        alone = weighted.sensitivity_at(0.9, values.tolist(), truth.tolist())(np.ones((1, len(values))))
        assert value == pytest.approx(alone[0])
