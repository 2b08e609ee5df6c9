"""Counts first, one division, no silent 0/0."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import LensNotFoundError
from edge_runtime.measure.lens import LensPixels, LensRegion, TissueLabel, largest_component
from edge_runtime.measure.measurement import lens_density


def labels_of(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.array([[int(letter) for letter in row] for row in text.split()], np.uint8)


def test_labels_are_those_of_the_contract() -> None:
    assert {label.name: int(label) for label in TissueLabel} == {"BACKGROUND": 0, "CLEAR_LENS": 1, "CATARACT": 2}


def test_cataract_fraction_is_cataract_over_lens() -> None:
    assert LensPixels(lens=61234, cataract=18980).cataract_fraction == 18980 / 61234


def test_cataract_fraction_without_lens_is_undefined_and_not_zero() -> None:
    with pytest.raises(LensNotFoundError, match="lens-not-found"):
        _ = LensPixels(0, 0).cataract_fraction


@pytest.mark.parametrize(("lens", "cataract"), [(1, 2), (5, -1), (-1, -1)])
def test_impossible_counts_cannot_be_built(lens: int, cataract: int) -> None:
    with pytest.raises(ValueError, match="0 <= cataract <= lens"):
        LensPixels(lens, cataract)


def test_pixels_are_counted_by_label() -> None:
    assert LensPixels.counted(labels_of("0112 0122 0000")) == LensPixels(lens=6, cataract=3)


def test_largest_piece_is_kept_and_the_rest_becomes_background() -> None:
    labels = labels_of("200000 000110 000120 000000 220000")
    kept, region = largest_component(labels)
    assert np.array_equal(kept, labels_of("000000 000110 000120 000000 000000"))
    assert region == LensRegion(top=1, left=3, bottom=3, right=5, pixels=4, dropped=3)
    assert labels[0, 0] == 2, "the argument is left as it was"


def test_pieces_that_touch_at_a_corner_are_one() -> None:
    kept, region = largest_component(labels_of("1000 0200 0010"))
    assert (region.pixels, region.dropped, np.count_nonzero(kept)) == (3, 0, 3)


def test_clear_lens_and_cataract_that_touch_are_one_piece() -> None:
    assert largest_component(labels_of("1122"))[1].pixels == 4


def test_without_lens_there_is_an_empty_region() -> None:
    kept, region = largest_component(labels_of("000 000"))
    assert region == LensRegion(0, 0, 0, 0, 0, 0)
    assert not kept.any()


def test_density_is_the_mean_grey_of_the_lens_pixels() -> None:
    window = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert lens_density(window, labels_of("010 000"), 2) == np.mean([2, 3, 8, 9])


def test_density_at_a_ragged_edge_takes_the_pixels_that_exist() -> None:
    window = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert lens_density(window, labels_of("000 002"), 2) == 14


def test_density_of_a_bright_frame_does_not_overflow() -> None:
    window = np.full((1100, 1100), 255, np.uint8)
    assert lens_density(window, np.ones((275, 275), np.uint8), 4) == 255


def test_density_without_lens_is_none() -> None:
    assert lens_density(np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.uint8), 2) is None
