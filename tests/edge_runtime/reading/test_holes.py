"""Blocks that a storage lost in the middle of a picture without checksums."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.errors import ScanError
from edge_runtime.reading.raster import decode_scan
from tests.edge_runtime.pictures import encoded, speckled_frame, tiff


def bmp_top_down(pixels: NDArray[np.uint8]) -> bytes:
    data = bytearray(encoded(".bmp", pixels[::-1]))
    data[22:26] = (-len(pixels)).to_bytes(4, "little", signed=True)
    return bytes(data)


CONTAINERS = {
    "tiff": tiff,
    "bmp": lambda pixels: encoded(".bmp", pixels),
    "bmp from the top down": bmp_top_down,
    "tiff in strips": lambda pixels: encoded(".tiff", pixels, cv2.IMWRITE_TIFF_COMPRESSION, 1),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("fill", [0x00, 0xFF])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_block_of_the_pixels_that_is_lost_is_seen(container: str, fill: int, share: float) -> None:
    data = CONTAINERS[container](speckled_frame())
    size = 4 * 432
    start = int(len(data) * share)
    with pytest.raises(ScanError) as refused:
        decode_scan(data[:start] + bytes([fill]) * size + data[start + size :], "scan")
    assert refused.value.word.startswith("truncated-")


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_dark_frame_with_black_above_and_specks_in_it_is_whole(container: str) -> None:
    frame = speckled_frame()
    frame[:60] = 0
    frame[20, 100] = 3
    frame[:, :40] = 0
    frame[340:, 200:] = 0
    assert np.array_equal(decode_scan(CONTAINERS[container](frame), "scan").pixels, frame)


def test_the_end_of_a_bmp_from_the_top_down_may_not_be_black() -> None:
    frame = speckled_frame()
    frame[-60:] = 0
    with pytest.raises(ScanError, match="never written"):
        decode_scan(bmp_top_down(frame), "scan")
    assert decode_scan(encoded(".bmp", frame[::-1]), "scan").pixels.shape == frame.shape
