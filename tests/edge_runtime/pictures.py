"""Pictures for tests: frames whose Cataract Fraction is known, and files that are written, or spoilt, by hand.

cv2 writes most of them; what it cannot write (interlaced PNG, a TIFF whose directory comes first, forged headers)
is put together here from the formats' own definitions.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Grey levels far from the borders of the tiny model (40.5 and 120.5), so that no codec can move a pixel across.
BACKGROUND, CLEAR, CATARACT = 10, 80, 160

# The lens of `lens_frame`, on whole 4 x 4 blocks of the usual window of a 2150 x 1824 frame, which begins at
# (640, 525).
LENS_TOP, LENS_BOTTOM, LENS_LEFT, LENS_RIGHT = 840, 1540, 725, 1425
LENS_PX = 175 * 175
CATARACT_PX = 50 * 175
CATARACT_FRACTION = 50 / 175


def lens_frame(
    top: int = LENS_TOP,
    bottom: int = LENS_BOTTOM,
    left: int = LENS_LEFT,
    right: int = LENS_RIGHT,
    *,
    cataract_rows: int = 200,
    shape: tuple[int, int] = (1824, 2150),
) -> NDArray[np.uint8]:
    """(rows, columns) uint8: a rectangle of clear lens whose first rows are cataract, on a dark background."""
    frame = np.full(shape, BACKGROUND, np.uint8)
    frame[top:bottom, left:right] = CLEAR
    frame[top : top + cataract_rows, left:right] = CATARACT
    return frame


def empty_frame() -> NDArray[np.uint8]:
    """A frame of the usual shape without any lens, and not constant."""
    frame = np.full((1824, 2150), BACKGROUND, np.uint8)
    frame[::2] += 2
    return frame


def speckled_frame() -> NDArray[np.uint8]:
    """(365, 430) uint8, the usual aspect ratio: a lens with speckle that compresses badly, as real scans do."""
    noise = np.random.default_rng(2022)
    frame = np.clip(noise.normal(20, 6, (365, 430)), 1, 40)
    frame[150:300, 130:300] = np.clip(noise.normal(90, 8, (150, 170)), 60, 119)
    return frame.astype(np.uint8)


def encoded(suffix: str, pixels: NDArray[Any], *options: int) -> bytes:
    done, data = cv2.imencode(suffix, pixels, list(options))
    assert done
    return bytes(data.tobytes())


# --- PNG -------------------------------------------------------------------------------------------------------------

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ADAM7 = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(rows: int, columns: int, bits: int = 8, colour_type: int = 0, interlace: int = 0) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, bits, colour_type, 0, 0, interlace))


def png(pixels: NDArray[Any], *, interlaced: bool = False, extra: bytes = b"", chunk_bytes: int = 1 << 30) -> bytes:
    """A greyscale PNG; `extra` chunks come before the data, which is split into chunks of `chunk_bytes`."""
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    passes = _ADAM7 if interlaced else ((0, 1, 0, 1),)
    stream = b"".join(
        b"\x00" + row.tobytes()
        for top, down, left, across in passes
        for row in big_endian[top::down, left::across]
        if row.size
    )
    packed = zlib.compress(stream)
    parts = [packed[start : start + chunk_bytes] for start in range(0, len(packed), chunk_bytes)]
    header = png_header(*pixels.shape, bits=pixels.dtype.itemsize * 8, interlace=int(interlaced))
    return (
        PNG_SIGNATURE + header + extra + b"".join(png_chunk(b"IDAT", part) for part in parts) + png_chunk(b"IEND", b"")
    )


# --- JPEG ------------------------------------------------------------------------------------------------------------


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def exif(orientation: int, order: str = "<") -> bytes:
    """A TIFF block with nothing but an orientation, as EXIF and PNG's eXIf carry it."""
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


def jpeg_with_segment(data: bytes, segment: bytes) -> bytes:
    return data[:2] + segment + data[2:]


def jpeg_with_frame_header(data: bytes, **changes: int) -> bytes:
    """Forge ``bits``, ``rows``, ``columns`` or ``marker`` of a JPEG's frame header."""
    place = next(data.index(bytes([0xFF, marker])) for marker in (0xC0, 0xC2) if bytes([0xFF, marker]) in data)
    marker, length, bits, rows, columns = struct.unpack_from(">xBHBHH", data, place)
    forged = struct.pack(
        ">BBHBHH",
        0xFF,
        changes.get("marker", marker),
        length,
        changes.get("bits", bits),
        changes.get("rows", rows),
        changes.get("columns", columns),
    )
    return data[:place] + forged + data[place + len(forged) :]


def jpeg_with_scans(scans: int) -> bytes:
    """A small progressive JPEG whose last pass is repeated."""
    data = encoded(".jpg", speckled_frame()[:64, :64], cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


# --- TIFF ------------------------------------------------------------------------------------------------------------


def tiff(
    pixels: NDArray[Any], *, directory_first: bool = True, tags: dict[int, int] | None = None, next_page: int = 0
) -> bytes:
    """A little-endian, unpacked, one-strip TIFF; `tags` adds to or replaces entries of its directory."""
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    bits = pixels.dtype.itemsize * 8
    body = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<")).tobytes()
    entries = {
        256: pixels.shape[1],
        257: pixels.shape[0],
        258: bits,
        259: 1,
        262: 1 if samples == 1 else 2,
        273: 0,
        277: samples,
        278: pixels.shape[0],
        279: len(body),
        339: {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind],
        **(tags or {}),
    }
    size = 2 + 12 * len(entries) + 4
    strip, directory = (8 + size, 8) if directory_first else (8, 8 + len(body))
    entries[273] = strip
    table = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items())
    )
    table += struct.pack("<I", next_page)
    start = b"II*\x00" + struct.pack("<I", directory)
    return start + (table + body if directory_first else body + table)


# --- BMP -------------------------------------------------------------------------------------------------------------


def bmp_with_header(data: bytes, offset: int, kind: str, *values: int) -> bytes:
    forged = struct.pack("<" + kind, *values)
    return data[:offset] + forged + data[offset + len(forged) :]


# --- spoiling --------------------------------------------------------------------------------------------------------

END_MARKERS = {"png": png_chunk(b"IEND", b""), "jpeg": b"\xff\xd9", "tiff": b"\x00\x00\x00\x00"}


def cut_positions(data: bytes, count: int = 9) -> list[int]:
    """Positions spread over the whole file."""
    return [len(data) * k // (count + 1) for k in range(1, count + 1)]


def spoilt(data: bytes, position: int, how: str, container: str) -> bytes:
    """The file cut at a position: as it is, closed with an end marker, or filled with zeros to its old length."""
    tail = {"cut": b"", "closed": END_MARKERS[container], "zero-filled": bytes(len(data) - position)}[how]
    return data[:position] + tail
