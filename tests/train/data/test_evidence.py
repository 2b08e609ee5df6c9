"""Strength, kind and the paper's label reach the coarser grid, and what is not known stays unknown."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.measure.evidence import KIND_CHANNELS
from edge_runtime.measure.kinds import OpacityKind
from train.data.evidence import ANTERIOR, NO_KIND, POSTERIOR, SPOKE, UNKNOWN, evidence_on_grid

SHAPE, GRID = (64, 80), 8


def maps() -> tuple[np.ndarray, ...]:
    labels = np.zeros(SHAPE, np.uint8)
    labels[16:48, 16:64] = 1
    labels[16:32, 16:40] = 2
    excess = np.full(SHAPE, 72, np.uint8)  # 0 dB
    excess[16:32, 16:40] = 72 + 6 * 5
    kinds = np.zeros(SHAPE, np.uint8)
    kinds[16:32, 16:40] = 3
    return labels, np.where(labels > 0, 2, 0).astype(np.uint8), excess, kinds


def test_every_layer_is_known_inside_of_the_lens_alone() -> None:
    labels, mask, excess, kinds = maps()
    found = evidence_on_grid(labels, mask, excess, kinds, SHAPE, GRID)
    assert found.shape == (3, 8, 10)
    lens = np.zeros((8, 10), bool)
    lens[2:6, 2:8] = True
    assert ((found != UNKNOWN) == lens).all()
    assert (found[0, 2:4, 2:5] == 102).all()
    assert (found[0, 4:6, 2:8] == 72).all()
    assert (found[1, 2:4, 2:5] == SPOKE).all()
    assert (found[1, 4:6, 2:8] == NO_KIND).all()
    assert (found[2][lens] == 1).all()  # the paper calls the whole lens of a cataract eye cataract


def test_layers_without_a_map_are_unknown() -> None:
    labels, mask, _, _ = maps()
    found = evidence_on_grid(labels, mask, None, None, SHAPE, GRID)
    assert (found[:2] == UNKNOWN).all()
    assert (found[2] != UNKNOWN).any()


def test_kinds_that_are_none_of_the_classes_are_not_learnt() -> None:
    labels, mask, excess, kinds = maps()
    for code, expected in ((7, UNKNOWN), (8, UNKNOWN), (4, POSTERIOR), (5, POSTERIOR), (6, ANTERIOR), (2, NO_KIND)):
        kinds[16:32, 16:40] = code
        assert (evidence_on_grid(labels, mask, excess, kinds, SHAPE, GRID)[1, 2:4, 2:5] == expected).all()


@pytest.mark.parametrize("kind", OpacityKind)
def test_every_kind_is_learnt_as_the_runtime_names_its_channel(kind: OpacityKind) -> None:
    learnt = {
        OpacityKind.NONE: "no opacity",
        OpacityKind.NUCLEAR: "nuclear",
        OpacityKind.CORTICAL_HAZE: "no opacity",
        OpacityKind.CORTICAL_SPOKES: "spoke",
        OpacityKind.POSTERIOR_SUBCAPSULAR: "posterior",
        OpacityKind.POSTERIOR_POLAR: "posterior",
        OpacityKind.ANTERIOR_SUBCAPSULAR: "anterior",
    }
    labels, mask, excess, kinds = maps()
    kinds[16:32, 16:40] = kind
    place = KIND_CHANNELS.index(learnt[kind]) if kind in learnt else UNKNOWN
    assert (evidence_on_grid(labels, mask, excess, kinds, SHAPE, GRID)[1, 2:4, 2:5] == place).all()


def test_frame_that_ends_within_a_block_has_a_pixel_for_it() -> None:
    labels = np.ones((20, 13), np.uint8)
    assert evidence_on_grid(labels, labels, None, labels * 0, (20, 13), GRID).shape == (3, 3, 2)
