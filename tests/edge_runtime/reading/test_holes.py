"""Blocks that a storage lost in the middle of a picture without checksums."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.errors import ScanError
from edge_runtime.reading.headers import Header
from edge_runtime.reading.holes import check_all_was_written, longest_run
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


def test_a_block_is_as_long_wherever_it_lies() -> None:
    """Rows are looked at in parts: a block may begin in one and end in another."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        pixels = rng.integers(1, 255, (200, 30)).astype(np.uint8)
        start, length = int(rng.integers(0, 5000)), int(rng.integers(30, 1000))
        pixels.ravel()[start : start + length] = 0
        assert longest_run(pixels, 0) == length
    assert longest_run(np.zeros((200, 30), np.uint8), 0) == 6000
    assert longest_run(np.ones((200, 30), np.uint8), 0) == 0


def test_looking_for_blocks_takes_less_than_the_picture_again() -> None:
    pixels = np.random.default_rng(6).integers(1, 255, (2000, 2000)).astype(np.uint8)
    tracemalloc.start()
    try:
        check_all_was_written(pixels, Header("tiff", 2000, 2000, 8, 255, checksummed=False))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * pixels.nbytes
