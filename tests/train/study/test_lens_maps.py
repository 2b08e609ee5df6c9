from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from train.study.lens_maps import GreyLevels, Localisation
from train.study.rows import KINDS


def test_grey_levels_are_counted_on_the_networks_grid() -> None:
    window = np.full((8, 8), 100, np.uint8)
    window[:4] = 7
    labels = np.array([[1, 0], [2, 1]], np.uint8)
    levels = GreyLevels.of(window, labels, 4)
    assert levels.counts[0] == 1  # a block of 7
    assert levels.counts[100 // 8] == 2
    assert sum(levels.counts) == 3
    assert GreyLevels.of(window, np.zeros((2, 2), np.uint8), 4) == GreyLevels(None, (0,) * 32)


def test_localisation_counts_inside_the_true_lens_only() -> None:
    generator = np.random.default_rng(0)
    truth = np.zeros((20, 20), np.uint8)
    truth[4:16, 4:16] = 1
    truth[4:10, 4:16] = 2
    kinds = np.where(truth == 2, 4, 0).astype(np.uint8)
    probability = generator.random((20, 20)).astype(np.float32)
    labels = np.where(probability > 0.5, 2, 1).astype(np.uint8)
    found = Localisation.of(probability, labels, truth, kinds, None, 1)
    inside = truth > 0
    assert found.auc == pytest.approx(roc_auc_score(truth[inside] == 2, probability[inside]))
    assert found.opaque_px == tuple(72 if kind == 4 else 0 for kind in range(len(KINDS)))
    assert found.found_px[4] == np.count_nonzero((truth == 2) & (labels == 2))
    assert (found.clear_px, found.false_px) == (72, np.count_nonzero((truth == 1) & (labels == 2)))
    assert sum(found.reliability_px) == 144
    assert sum(found.reliability_opaque_px) == 72
    assert sum(found.reliability_sum) == pytest.approx(probability[inside].sum(), abs=0.01)
    assert found.reliability_px[3] == np.count_nonzero((probability[inside] >= 0.3) & (probability[inside] < 0.4))


def test_a_certain_pixel_falls_into_the_last_class() -> None:
    ones = np.ones((2, 2), np.float32)
    found = Localisation.of(ones, np.full((2, 2), 2, np.uint8), np.full((2, 2), 2, np.uint8), None, None, 1)
    assert found.reliability_px == (0,) * 9 + (4,)
    assert found.auc is None  # every pixel is opaque
    assert found.opaque_px[0] == 4  # of unknown kind


def test_a_border_block_takes_the_kind_of_its_opaque_part() -> None:
    truth = np.array([[1, 2], [1, 2]], np.uint8)
    kinds = np.array([[0, 3], [0, 3]], np.uint8)
    found = Localisation.of(np.ones((1, 1), np.float32), np.ones((1, 1), np.uint8), truth, kinds, None, 2)
    assert (found.opaque_px[3], found.found_px[3]) == (1, 0)
    assert (found.observable_px, found.observable_found_px) == ((), ())


def test_observable_opaque_pixels_are_counted_apart() -> None:
    truth = np.zeros((12, 8), np.uint8)
    truth[2:8] = 2  # 48 opaque pixels
    truth[8:10] = 1
    observable = np.zeros((12, 8), np.uint8)
    observable[4:10] = 1  # 32 of them, and the clear lens below
    kinds = np.where(truth == 2, 4, 0).astype(np.uint8)
    labels = np.zeros((12, 8), np.uint8)
    labels[:6] = 2
    found = Localisation.of(np.ones((12, 8), np.float32), labels, truth, kinds, observable, 1)
    assert (found.opaque_px[4], found.found_px[4]) == (48, 32)
    assert (found.observable_px[4], found.observable_found_px[4]) == (32, 16)
    assert sum(found.observable_px) == 32


def test_a_block_is_observable_when_half_of_its_opaque_pixels_are() -> None:
    truth = np.array([[2, 2, 2, 2], [1, 2, 2, 2]], np.uint8)  # two blocks of 2 x 2: three and four opaque pixels
    called = np.full((1, 2), 2, np.uint8)
    for observable, expected in (([[1, 0, 1, 0], [1, 0, 1, 0]], 1), ([[1, 1, 0, 0], [0, 0, 0, 1]], 1)):
        found = Localisation.of(
            np.ones((1, 2), np.float32), called, truth, None, np.array(observable, np.uint8), 2
        )  # fmt: skip
        assert (found.opaque_px[0], found.observable_px[0], found.observable_found_px[0]) == (2, expected, expected)
