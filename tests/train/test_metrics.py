from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from train.metrics import ConfusionMatrix, MeanDice, Overlap, TissueOverlap, area_under_curve, overlap, youden_threshold


def test_dice_is_twice_the_overlap_over_the_sum() -> None:
    predicted = np.array([[True, True, False, False]])
    true = np.array([[False, True, True, True]])
    assert overlap(predicted, true) == Overlap(2, 3, 1)
    assert overlap(predicted, true).dice == 2 / 5


def test_dice_of_two_empty_masks_is_undefined_and_counted_apart() -> None:
    empty, half = Overlap(0, 0, 0), Overlap(1, 1, 1)
    assert empty.dice is None
    assert MeanDice.of([empty, half, Overlap(1, 1, 0)]) == MeanDice(0.5, 2, 1)
    assert MeanDice.of([empty]) == MeanDice(None, 0, 1)


def test_the_lens_is_clear_lens_and_cataract_together() -> None:
    predicted, true = np.array([[0, 1, 2, 2]], np.uint8), np.array([[0, 1, 1, 2]], np.uint8)
    counted = TissueOverlap.of(predicted, true)
    assert counted.lens.dice == 1
    assert counted.clear_lens == Overlap(1, 2, 1)
    assert counted.cataract == Overlap(2, 1, 1)
    assert counted.background == Overlap(1, 1, 1)


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 2\) predicted and \(2, 1\) true"):
        overlap(np.zeros((1, 2), bool), np.zeros((2, 1), bool))


def test_auc_counts_pairs_and_half_ties() -> None:
    # Pairs by hand: 0.9 beats three, 0.4 beats two and ties with one: 5.5 of 6.
    assert area_under_curve([0.9, 0.4, 0.1, 0.4, 0.2], [True, True, False, False, False]) == pytest.approx(5.5 / 6)


def test_auc_equals_counting_every_pair() -> None:
    generator = np.random.default_rng(0)
    scores, positive = generator.integers(0, 20, 200) / 20, generator.random(200) < 0.3
    difference = scores[positive][:, None] - scores[~positive][None]
    assert area_under_curve(scores, positive) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_that_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores, positive = generator.integers(0, 50, 500) / 50, generator.random(500) < 0.3
    assert area_under_curve(scores, positive) == pytest.approx(roc_auc_score(positive, scores), abs=1e-15)


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_auc_and_threshold_are_undefined_for_one_group(positive: list[bool]) -> None:
    assert area_under_curve([0.1, 0.2], positive) is None
    assert youden_threshold([0.1, 0.2], positive) is None


def test_where_the_groups_separate_the_threshold_is_the_middle_of_the_gap() -> None:
    assert youden_threshold([0.0, 0.02, 0.1, 0.5, 0.9], [False, False, False, True, True]) == pytest.approx(0.3)


def test_the_threshold_maximises_sensitivity_plus_specificity() -> None:
    scores = [0.0, 0.1, 0.6, 0.2, 0.5, 0.7, 0.8]
    positive = [False, False, False, True, True, True, True]
    threshold = youden_threshold(scores, positive)
    assert threshold is not None
    best = max(
        s.sensitivity + s.specificity
        for s in (ConfusionMatrix.at(t, scores, positive) for t in np.linspace(0, 1, 1001))
    )
    found = ConfusionMatrix.at(threshold, scores, positive)
    assert found.sensitivity + found.specificity == pytest.approx(best)


def test_of_equally_good_intervals_the_widest_is_taken() -> None:
    # Thresholds in (0.1, 0.2] and in (0.3, 0.8] both make one error.
    assert youden_threshold([0.1, 0.3, 0.2, 0.8], [False, False, True, True]) == pytest.approx(0.55)


def test_an_eye_at_the_threshold_counts_as_cataract() -> None:
    matrix = ConfusionMatrix.at(0.5, [0.5, 0.5, 0.4], [True, False, False])
    assert (matrix.sensitivity, matrix.specificity) == (1, 0.5)
    assert ConfusionMatrix.at(0.5, [0.1], [False]).sensitivity is None
