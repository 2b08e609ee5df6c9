"""Tags of a TIFF that say nothing of its pixels do not keep it from being read, whatever libtiff says of them."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from edge_runtime.errors import ScanError
from edge_runtime.reading.decoder_messages import captured_messages, reports_damage
from edge_runtime.reading.raster import decode_scan
from tests.edge_runtime.pictures import speckled_frame

SHORT, LONG, RATIONAL, SIGNED = 3, 4, 5, 10
Entry = tuple[int, int, int, bytes]  # tag, type, count, values

HARMLESS: dict[str, list[Entry]] = {
    "orientation of no meaning": [(274, SHORT, 1, struct.pack("<H", 0))],
    "two orientations": [(274, SHORT, 2, struct.pack("<HH", 1, 1))],
    "unit of no meaning": [(296, SHORT, 1, struct.pack("<H", 9))],
    "two units": [(296, SHORT, 2, struct.pack("<HH", 2, 2))],
    "negative resolution": [(282, SIGNED, 1, struct.pack("<ii", -72, 1))],
    "two resolutions": [(282, RATIONAL, 2, struct.pack("<IIII", 72, 1, 72, 1))],
    "fill order of no meaning": [(266, SHORT, 1, struct.pack("<H", 0))],
    "software twice": [(305, 2, 4, b"abc\0"), (305, 2, 4, b"abd\0")],
    "software that is a number": [(305, SHORT, 1, struct.pack("<H", 5))],
    "software without an end": [(305, 2, 4, b"abcd")],
    "software of two texts": [(305, 2, 8, b"ab\0cd\0e\0")],
}


def written(more: list[Entry], *, backwards: bool = False) -> bytes:
    """A little-endian, unpacked TIFF of one strip with further entries."""
    frame = speckled_frame()
    rows, columns = frame.shape
    numbers = {256: columns, 257: rows, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: rows, 279: frame.size}
    entries = [(tag, LONG, 1, struct.pack("<I", value)) for tag, value in numbers.items()] + more
    entries.sort(key=lambda entry: entry[0], reverse=backwards)
    pixels = frame.tobytes() + bytes(frame.size % 2)
    start = 8 + len(pixels)
    table, beside = struct.pack("<H", len(entries)), b""
    for tag, kind, count, values in entries:
        place = start + 2 + 12 * len(entries) + 4 + len(beside)
        inside = values.ljust(4, b"\0") if len(values) <= 4 else struct.pack("<I", place)
        beside += values if len(values) > 4 else b""
        table += struct.pack("<HHI", tag, kind, count) + inside
    return b"II*\0" + struct.pack("<I", start) + pixels + table + bytes(4) + beside


@pytest.mark.parametrize("name", HARMLESS)
def test_a_tag_that_says_nothing_of_the_pixels_may_be_wrong(name: str) -> None:
    assert np.array_equal(decode_scan(written(HARMLESS[name]), "scan").pixels, speckled_frame())


def test_the_order_of_tags_does_not_matter() -> None:
    assert np.array_equal(decode_scan(written([], backwards=True), "scan").pixels, speckled_frame())


@pytest.mark.parametrize("name", HARMLESS)
def test_libtiff_complains_about_it(name: str) -> None:
    """Or it would not be known that its words are recognised."""
    with captured_messages() as messages:
        cv2.imdecode(np.frombuffer(written(HARMLESS[name]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert "TIFF_" in "".join(messages)


@pytest.mark.parametrize(
    "said",
    [
        'TIFF_Error _TIFFVSetField: : Bad value 0 for "StripByteCounts" tag',
        'TIFF_Warning TIFFReadDirectory: Incorrect count for "TileOffsets"; tag ignored',
        'TIFF_Warning TIFFFetchNormalTag: Incompatible type for "BitsPerSample"; tag ignored',
        "TIFF_Error TIFFFillStrip: Read error at scanline 5; got 10 bytes, expected 20",
        "TIFF_Warning TIFFReadDirectory: some new complaint",
    ],
)
def test_what_touches_the_pixels_is_damage(said: str) -> None:
    assert reports_damage("tiff", [f"[ WARN:0@0.1] global grfmt_tiff.cpp:123 {said}"])


def test_a_tag_of_the_pixels_that_stands_twice_is_refused() -> None:
    with pytest.raises(ScanError, match="stands twice"):
        decode_scan(written([(258, LONG, 1, struct.pack("<I", 8))]), "scan")
