"""Masks that cannot be meant, given the group of their eye."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from train.data.labels import contradictions

GRID = 4


def lens(label: int, side: int = 150) -> NDArray[np.uint8]:
    labels = np.zeros((456, 538), np.uint8)
    labels[100 : 100 + side, 100 : 100 + side] = label
    return labels


@pytest.mark.parametrize(
    ("labels", "group"),
    [(lens(1), "clear"), (lens(2), "cataract"), (lens(1), "cataract"), (lens(0), ""), (lens(1, 60), "clear")],
)
def test_a_mask_that_can_be_meant_has_no_fault(labels: NDArray[np.uint8], group: str) -> None:
    assert contradictions(labels, group, GRID) == []


@pytest.mark.parametrize(
    ("labels", "group", "said"),
    [
        (lens(0), "clear", "is empty"),
        (lens(0), "cataract", "is empty"),
        (lens(2), "clear", "labels 1 and 2 swapped"),
        (lens(1, 5), "clear", "square mm"),
        (1 - lens(1), "clear", "lens and background swapped"),
        (np.ones((456, 538), np.uint8), "clear", "lens and background swapped"),
        (lens(1), "", "its group is empty"),
    ],
)
def test_a_mask_that_contradicts_its_eye_is_a_fault(labels: NDArray[np.uint8], group: str, said: str) -> None:
    faults = contradictions(labels, group, GRID)
    assert len(faults) == 1
    assert said in faults[0]
