"""A BMP of 32 bits is grey when its three channels are equal and its fourth byte carries nothing."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.errors import ScanError
from edge_runtime.reading.raster import decode_scan
from tests.edge_runtime.pictures import speckled_frame

RED, GREEN, BLUE, ALPHA = 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000
# name -> (compression, what follows the 40 bytes of BITMAPINFOHEADER, bytes that the header says it has)
HEADERS: dict[str, tuple[int, bytes, int]] = {
    "BITMAPINFOHEADER": (0, b"", 40),
    "BITMAPINFOHEADER with masks after it": (3, struct.pack("<III", RED, GREEN, BLUE), 40),
    "BITMAPV3INFOHEADER": (3, struct.pack("<IIII", RED, GREEN, BLUE, 0), 56),
    "BITMAPV4HEADER": (3, struct.pack("<IIII", RED, GREEN, BLUE, 0) + bytes(52), 108),
    "BITMAPV5HEADER, plain": (0, bytes(84), 124),
}


def bmp_of_32_bits(
    fourth: NDArray[np.uint8] | int,
    header: str = "BITMAPINFOHEADER",
    *,
    channels: NDArray[np.uint8] | None = None,
    alpha_mask: int | None = None,
    top_down: bool = False,
) -> bytes:
    grey = speckled_frame()
    stored = np.dstack([grey, grey, grey, grey]) if channels is None else channels
    stored[..., 3] = fourth
    body = (stored if top_down else stored[::-1]).tobytes()
    compression, more, size = HEADERS[header]
    if alpha_mask is not None:
        more = more[:12] + struct.pack("<I", alpha_mask) + more[16:]
    rows, columns = grey.shape
    head = struct.pack(
        "<IiiHHIIiiII", size, columns, -rows if top_down else rows, 1, 32, compression, len(body), 0, 0, 0, 0
    )
    start = 14 + len(head) + len(more)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + more + body


def refused_as(data: bytes) -> str:
    with pytest.raises(ScanError) as caught:
        decode_scan(data, "scan")
    return caught.value.word


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("fourth", [0, 255])
@pytest.mark.parametrize("header", HEADERS)
def test_grey_in_32_bits_is_read(header: str, fourth: int, top_down: bool) -> None:
    scan = decode_scan(bmp_of_32_bits(fourth, header, top_down=top_down), "scan")
    assert np.array_equal(scan.pixels, speckled_frame())


@pytest.mark.parametrize("header", HEADERS)
def test_fourth_bytes_that_differ_are_an_alpha_channel(header: str) -> None:
    fourth = np.zeros(speckled_frame().shape, np.uint8)
    fourth[-1, -1] = 1
    assert refused_as(bmp_of_32_bits(fourth, header)) == "alpha-channel"
    assert refused_as(bmp_of_32_bits(128, header)) == "alpha-channel"


@pytest.mark.parametrize("header", ["BITMAPV3INFOHEADER", "BITMAPV4HEADER"])
def test_an_alpha_mask_is_an_alpha_channel(header: str) -> None:
    assert refused_as(bmp_of_32_bits(255, header, alpha_mask=ALPHA)) == "alpha-channel"


def test_colour_in_32_bits_is_refused_as_colour() -> None:
    channels = np.dstack([speckled_frame()] * 4)
    channels[100, 100, 0] ^= 64
    assert refused_as(bmp_of_32_bits(0, channels=channels)) == "colour-image"


def test_other_orders_of_the_channels_are_refused() -> None:
    data = bytearray(bmp_of_32_bits(0, "BITMAPV4HEADER"))
    struct.pack_into("<I", data, 54, ALPHA)
    assert refused_as(bytes(data)) == "unsupported-compression"


def test_32_bits_cut_short_are_refused() -> None:
    assert refused_as(bmp_of_32_bits(0)[:-1000]) == "truncated-bmp"
