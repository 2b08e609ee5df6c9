"""Statistics of weighted units: (resamples, units) weights in, (resamples,) values out, nan where undefined.

A weight is how often a unit counts; with ones each function is the plain statistic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.metrics import youden_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .resampling import Statistic


def mean(values: Sequence[float], part: Sequence[bool] | None = None) -> Statistic:
    """Weighted mean, of the units in `part` only where that is given."""
    return ratio(np.asarray(values, np.float64), np.ones(len(values)), part)


def ratio(
    upper: Sequence[float] | NDArray[np.float64],
    lower: Sequence[float] | NDArray[np.float64],
    part: Sequence[bool] | None = None,
) -> Statistic:
    """Weighted ratio of two sums: pooled proportions such as pixels found over pixels there."""
    above, below = np.asarray(upper, np.float64), np.asarray(lower, np.float64)
    if part is not None:
        above, below = np.where(part, above, 0.0), np.where(part, below, 0.0)
    return lambda weights: (weights @ above) / (weights @ below)


def spread(values: Sequence[float], part: Sequence[bool]) -> Statistic:
    """Sample standard deviation (n - 1) of the units in `part`."""
    inside = np.asarray(part, bool)
    kept = np.where(inside, np.asarray(values, np.float64), 0.0)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        counted = weights * inside
        count = counted.sum(axis=1)
        centre = (counted @ kept) / count
        squares = np.einsum("ru,ru->r", counted, (kept[None] - centre[:, None]) ** 2)
        result: NDArray[np.float64] = np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
        return result

    return statistic


def quantile(values: Sequence[float], share: float) -> Statistic:
    """Smallest value that at least `share` of the units do not exceed (inverse of the empirical distribution)."""
    array = np.asarray(values, np.float64)
    order = np.argsort(array)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        below = np.cumsum(weights[:, order], axis=1)
        # A hair less, so that 0.95 * 20 = 19.000000000000004 does not skip a unit.
        reached = below >= share * below[:, -1:] - 1e-9
        result: NDArray[np.float64] = array[order][np.argmax(reached, axis=1)]
        return result

    return statistic


def auc(scores: Sequence[float], positive: Sequence[bool]) -> Statistic:
    """Area under the ROC curve: share of (positive, negative) pairs in order, ties half (Hanley & McNeil 1982)."""
    values, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf) > 0)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        ordered = weights[:, order]
        above = np.add.reduceat(ordered * truth[order], starts, axis=1)
        below = np.add.reduceat(ordered * ~truth[order], starts, axis=1)
        lower = np.cumsum(below, axis=1) - below
        pairs = np.einsum("rl,rl->r", above, lower + below / 2)
        result: NDArray[np.float64] = pairs / (above.sum(axis=1) * below.sum(axis=1))
        return result

    return statistic


def sensitivity_at(specificity: float, scores: Sequence[float], positive: Sequence[bool]) -> Statistic:
    """Share of the positives above the least score that `specificity` of the negatives do not exceed."""
    values, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)
    level = quantile(values[~truth].tolist(), specificity)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        above = values[truth][None] > level(weights[:, ~truth])[:, None]
        counted = weights[:, truth]
        result: NDArray[np.float64] = (counted * above).sum(axis=1) / counted.sum(axis=1)
        return result

    return statistic


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> Statistic:
    """Pearson's product-moment correlation."""

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        count = weights.sum(axis=1)
        one, other = weights @ first / count, weights @ second / count
        both = weights @ (first * second) / count - one * other
        spreads = (weights @ first**2 / count - one**2) * (weights @ second**2 / count - other**2)
        result: NDArray[np.float64] = both / np.sqrt(np.where(spreads > 0, spreads, np.nan))
        return result

    return statistic


def difference(first: Statistic, second: Statistic) -> Statistic:
    """First minus second on the same resamples: a paired difference."""
    return lambda weights: first(weights) - second(weights)


def best_threshold(scores: Sequence[float], positive: Sequence[bool]) -> Statistic:
    """The Youden-optimal threshold (see `metrics.youden_threshold`)."""
    values, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)

    def of_one(weights: NDArray[np.float64]) -> float:
        there = weights > 0
        found = youden_threshold(values[there].tolist(), truth[there].tolist(), weights[there].tolist())
        return np.nan if found is None else found

    return lambda weights: np.array([of_one(row) for row in weights])
