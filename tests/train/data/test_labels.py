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


def painted(*boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Boxes of clear lens: top, left, rows, columns."""
    labels = lens(0)
    for top, left, rows, columns in boxes:
        labels[top : top + rows, left : left + columns] = 1
    return labels


def cut_lens() -> NDArray[np.uint8]:
    """The upper part of a lens whose rest the frame does not show: 1 mm deep, and round."""
    labels = lens(0)
    row, column = np.ogrid[:456, :538]
    labels[(row - 500) ** 2 / 80**2 + (column - 250) ** 2 / 100**2 < 1] = 1
    return labels


@pytest.mark.parametrize(
    ("labels", "group"),
    [
        (lens(1), "clear"),
        (lens(2), "cataract"),
        (lens(1), "cataract"),
        (lens(0), ""),
        (lens(1, 66), "clear"),
        (cut_lens(), "clear"),
    ],
)
def test_a_mask_that_can_be_meant_has_no_fault(labels: NDArray[np.uint8], group: str) -> None:
    assert contradictions(labels, group, GRID) == []


@pytest.mark.parametrize(
    ("labels", "group", "said"),
    [
        (lens(0), "clear", "is empty"),
        (lens(0), "cataract", "is empty"),
        (lens(2), "clear", "labels 1 and 2 swapped"),
        (lens(1, 5), "clear", "at least 2 mm and 1 mm were expected"),
        (painted((200, 100, 3, 200)), "clear", "0.09 mm deep and 6.14 mm wide"),
        (painted((100, 100, 200, 20)), "clear", "0.61 mm wide"),
        (painted(*((row, 100, 10, 200) for row in range(100, 260, 20))), "clear", "0.31 mm deep"),
        (painted((100, 100, 150, 10), (240, 100, 10, 150)), "clear", "not solid"),
        (painted(*((100, column, 100, 60) for column in range(100, 400, 70))), "clear", "in pieces"),
        (painted((100, 50, 70, 420)), "clear", "lens and background swapped"),
        (painted((455, 100, 1, 300)), "clear", "square mm; at least 1 was expected"),
        (1 - lens(1), "clear", "lens and background swapped"),
        (np.ones((456, 538), np.uint8), "clear", "lens and background swapped"),
        (lens(1), "", "its group is empty"),
    ],
)
def test_a_mask_that_contradicts_its_eye_is_a_fault(labels: NDArray[np.uint8], group: str, said: str) -> None:
    faults = contradictions(labels, group, GRID)
    assert len(faults) == 1
    assert said in faults[0]


def test_the_shape_is_asked_of_masks_that_were_painted_only() -> None:
    line = painted((200, 100, 3, 200))
    assert contradictions(line, "clear", GRID, by_hand=False) == []
    assert contradictions(lens(0), "clear", GRID, by_hand=False) == ["is empty, but its group is clear"]
