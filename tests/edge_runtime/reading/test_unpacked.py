"""The length that a strip unpacks to, against what libtiff and zlib write."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.reading.headers.unpacked import deflate_length, lzw_length, packbits_length
from tests.edge_runtime.pictures import encoded

ROWS, COLUMNS = 120, 333
LZW, PACKBITS = 5, 32773
COUNTERS = {LZW: lzw_length, PACKBITS: packbits_length}


def noisy() -> NDArray[np.uint8]:
    rng = np.random.default_rng(5)
    return np.clip(rng.normal(60, 12, (ROWS, COLUMNS)), 0, 255).astype(np.uint8)


PICTURES = {
    "noise": noisy,
    "one level": lambda: np.full((ROWS, COLUMNS), 9, np.uint8),
    "steps": lambda: (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) // 40 % 256).astype(np.uint8),
}


def strips(pixels: NDArray[np.uint8], compression: int) -> list[tuple[bytes, int]]:
    """The strips that libtiff writes, and the bytes each should unpack to."""
    data = encoded(".tiff", pixels, cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_ROWSPERSTRIP, 50)
    (directory,) = struct.unpack_from("<I", data, 4)
    tags = {}
    for index in range(struct.unpack_from("<H", data, directory)[0]):
        tag, kind, count, value = struct.unpack_from("<HHII", data, directory + 2 + 12 * index)
        size = {3: "H", 4: "I"}.get(kind)
        if size and count > 1:
            tags[tag] = struct.unpack_from(f"<{count}{size}", data, value)
        elif size:
            tags[tag] = (value if kind == 4 else value & 0xFFFF,)
    rows = tags[278][0]
    heights = [min(rows, ROWS - first) for first in range(0, ROWS, rows)]
    return [
        (data[offset : offset + count], height * COLUMNS)
        for offset, count, height in zip(tags[273], tags[279], heights, strict=True)
    ]


@pytest.mark.parametrize("compression", COUNTERS)
@pytest.mark.parametrize("name", PICTURES)
def test_a_whole_strip_unpacks_to_its_pixels(name: str, compression: int) -> None:
    for packed, expected in strips(PICTURES[name](), compression):
        assert COUNTERS[compression](packed, expected) == expected


@pytest.mark.parametrize("compression", COUNTERS)
@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_a_strip_with_a_lost_block_unpacks_to_something_else(compression: int, fill: int) -> None:
    packed, expected = strips(noisy(), compression)[0]
    for start in range(64, len(packed) - 600, 997):
        holed = packed[:start] + bytes([fill]) * 512 + packed[start + 512 :]
        assert COUNTERS[compression](holed, expected) != expected


@pytest.mark.parametrize("compression", COUNTERS)
def test_a_cut_strip_is_short_and_one_with_much_behind_it_is_no_strip(compression: int) -> None:
    packed, expected = strips(noisy(), compression)[0]
    short = COUNTERS[compression](packed[: len(packed) // 2], expected)
    assert short is None or short < expected
    assert COUNTERS[compression](packed + bytes(100), expected) is None


def test_a_code_of_lzw_that_is_not_in_the_table_is_damage() -> None:
    codes = (256, 65, 300)  # clear, a letter, an entry that does not exist yet
    bits = "".join(f"{code:09b}" for code in codes).ljust(32, "0")
    assert lzw_length(int(bits, 2).to_bytes(4, "big"), 100) is None


def test_deflate_is_counted_without_being_held_and_up_to_a_limit() -> None:
    assert deflate_length(zlib.compress(bytes(5_000_000)), 6_000_000) == 5_000_000
    assert deflate_length(zlib.compress(bytes(5_000_000)), 1_000_000) == 1_000_000
    assert deflate_length(zlib.compress(noisy().tobytes())[:-9], 10**6) is None
    assert deflate_length(b"no zlib stream", 100) is None
