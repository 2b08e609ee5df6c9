"""Measures of a model: counts first, ratios last, nothing undefined turned into a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from edge_runtime.measure.decision import GUARD_BAND
from edge_runtime.measure.lens import TissueLabel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

# An eye with hardly a cataract pixel (up to 0.5 % of its lens) must not lie in the guard band of the threshold.
MIN_CF_THRESHOLD = GUARD_BAND + 0.005


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixels of one label in one scan: predicted, true, and both."""

    predicted: int
    true: int
    both: int

    @property
    def dice(self) -> float | None:
        """2 both / (predicted + true); None, undefined, where both are empty."""
        total = self.predicted + self.true
        return 2 * self.both / total if total else None

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.predicted + other.predicted, self.true + other.true, self.both + other.both)


def overlap(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> Overlap:
    """Count the overlap of two masks of the same shape.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"masks of one shape were expected, got {predicted.shape} predicted and {true.shape} true")
    return Overlap(
        int(np.count_nonzero(predicted)), int(np.count_nonzero(true)), int(np.count_nonzero(predicted & true))
    )


@dataclass(frozen=True, slots=True)
class TissueOverlap:
    """Overlaps of one scan, per label and for the lens as a whole."""

    background: Overlap
    clear_lens: Overlap
    cataract: Overlap
    lens: Overlap

    @classmethod
    def of(cls, predicted: NDArray[np.uint8], true: NDArray[np.uint8]) -> Self:
        """Count over two (rows, columns) label maps."""
        background, clear_lens, cataract = (overlap(predicted == label, true == label) for label in TissueLabel)
        lens = overlap(predicted != TissueLabel.BACKGROUND, true != TissueLabel.BACKGROUND)
        return cls(background, clear_lens, cataract, lens)


@dataclass(frozen=True, slots=True)
class MeanDice:
    """Mean Dice over the scans where it is defined.

    Attributes
    ----------
    mean
        None where no scan defines it.
    defined, undefined
        Scans counted, and scans where the label is in neither map.
    """

    mean: float | None
    defined: int
    undefined: int

    @classmethod
    def of(cls, overlaps: Iterable[Overlap]) -> Self:
        """Average over scans, the undefined ones counted apart."""
        values = [one.dice for one in overlaps]
        defined = [value for value in values if value is not None]
        return cls(sum(defined) / len(defined) if defined else None, len(defined), len(values) - len(defined))


def area_under_curve(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Area under the ROC curve: how often a positive scores higher than a negative, ties half (Mann-Whitney).

    None, undefined, without a positive or without a negative. Pairs are counted in whole numbers and divided once.
    scikit-learn adds rounded areas, which differs in the last bit of one value in three; committed reports hold ours.
    """
    values, is_positive = np.asarray(scores, np.float64), np.asarray(positive, bool)
    above, below = values[is_positive], np.sort(values[~is_positive])
    if not above.size or not below.size:
        return None
    lower = np.searchsorted(below, above, side="left").sum()
    not_higher = np.searchsorted(below, above, side="right").sum()
    return float((int(lower) + int(not_higher)) / (2 * above.size * below.size))


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Confusion matrix of one threshold: the counts, and the two rates that follow from them.

    Attributes
    ----------
    true_positives, positives
        Number of cataract units at or above the threshold, and of all cataract units.
    true_negatives, negatives
        Number of clear units below the threshold, and of all clear units.
    """

    true_positives: int
    positives: int
    true_negatives: int
    negatives: int

    @classmethod
    def at(cls, threshold: float, scores: Sequence[float], positive: Sequence[bool]) -> Self:
        """Count the units whose score is at least the threshold."""
        called = np.asarray(scores, np.float64) >= threshold
        truth = np.asarray(positive, bool)
        return cls(
            int(np.count_nonzero(called & truth)),
            int(np.count_nonzero(truth)),
            int(np.count_nonzero(~called & ~truth)),
            int(np.count_nonzero(~truth)),
        )

    @property
    def sensitivity(self) -> float | None:
        """Share of the positives found; None without positives."""
        return self.true_positives / self.positives if self.positives else None

    @property
    def specificity(self) -> float | None:
        """Share of the negatives below the threshold; None without negatives."""
        return self.true_negatives / self.negatives if self.negatives else None


def youden_threshold(
    scores: Sequence[float], positive: Sequence[bool], weights: Sequence[float] | None = None
) -> float | None:
    """Threshold of the largest sensitivity + specificity - 1 (Youden 1950).

    The sum is constant between neighbouring scores, so every threshold of an interval is equally good; its middle is
    taken. Of several best intervals it is the widest, and of equally wide ones the lowest. None without a positive or
    a negative.

    Parameters
    ----------
    scores, positive
        One entry per unit.
    weights
        How often each unit counts, whole numbers of at least 1; None: once.
    """
    truth = np.asarray(positive, bool)
    if not truth.any() or truth.all():
        return None
    counts = np.ones(truth.size) if weights is None else np.asarray(weights, np.float64)
    levels, level_of = np.unique(np.asarray(scores, np.float64), return_inverse=True)
    if levels.size == 1:
        return float(levels[0])
    positives = np.bincount(level_of, weights=counts * truth)
    negatives = np.bincount(level_of, weights=counts * ~truth)
    # "score >= threshold" gives one result for every threshold in (lower, upper] of neighbouring distinct scores.
    found = positives[::-1].cumsum()[::-1][1:]
    left_alone = negatives.cumsum()[:-1]
    # J * positives * negatives: sums of whole numbers, so that equal intervals are equal.
    youden = found * negatives.sum() + left_alone * positives.sum()
    best = np.concatenate([[False], youden == youden.max(), [False]])
    lower, upper = levels[np.flatnonzero(~best[:-1] & best[1:])], levels[np.flatnonzero(best[:-1] & ~best[1:])]
    widest = int(np.argmax(upper - lower))
    return float((lower[widest] + upper[widest]) / 2)
