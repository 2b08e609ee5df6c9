"""What a packed frame says of itself, read before a decoder sees it: a decoder trusts the size that it is given."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NoReturn

from edge_runtime.errors import ScanError
from edge_runtime.reading.headers.unpacked import packbits_length
from edge_runtime.scan import EXPORT_AGAIN

from .library import damaged
from .syntaxes import Packing

if TYPE_CHECKING:
    from .layout import Layout

MAX_TILES, MAX_LAYERS = 4096, 64
MAX_RLE_BYTES = 16_000_000  # of a frame: pydicom unpacks the worst of them at some 7 MB a second
_JP2, _CODESTREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"jp2c"
_JPEG_START, _JPEG_2000_START = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"
_CODING, _TILE_PART, _END = b"\xff\x52", b"\xff\x90", b"\xff\xd9"
_SEGMENTS, _PARTS = 64, 65536


def checked_codestream(data: bytes, packing: Packing, layout: Layout) -> bytes:
    """The bytes that a decoder may see.

    Raises
    ------
    ScanError
        ``scrambled-pixels`` when they do not begin as their format does; ``damaged-dicom`` when they say another size
        than the file, or unpack to another.
    """
    match packing:
        case Packing.RLE:
            _check_rle(data, layout)
        case Packing.JPEG_2000:
            if data.startswith(_JP2):
                data = data[data.find(_CODESTREAM) + len(_CODESTREAM) :]
            _check_jpeg_2000(data, layout)
        case Packing.JPEG_LS:
            _check_jpeg_ls(data, layout)
        case _:
            if not data.startswith(_JPEG_START):
                _scrambled()
    return data


def _check_rle(data: bytes, layout: Layout) -> None:
    """Each segment must unpack to one byte of every pixel: a bomb would unpack to 64 times its size."""
    planes = layout.samples * layout.allocated // 8
    if len(data) < 64:
        raise damaged("A frame of RLE has no header.")
    count, *offsets = struct.unpack("<16L", data[:64])
    ends = [*offsets[1:count], len(data)] if 1 <= count <= 15 else []
    in_order = all(64 <= start < end <= len(data) for start, end in zip(offsets, ends, strict=False))
    if count != planes or offsets[0] != 64 or not in_order:
        raise damaged("The header of a frame of RLE makes no sense.")
    each = layout.rows * layout.columns
    if planes * each > MAX_RLE_BYTES:
        raise ScanError(
            "too-many-pixels",
            f"A frame of RLE unpacks to {planes * each // 1_000_000} MB, more than any device writes.",
            "Export the scan without compression, or as JPEG-LS.",
        )
    for start, end in zip(offsets, ends, strict=False):
        if packbits_length(data[start:end], each) != each:
            raise damaged("A frame of RLE unpacks to another size.")


def _check_jpeg_2000(data: bytes, layout: Layout) -> None:
    if not data.startswith(_JPEG_2000_START):
        _scrambled()
    if len(data) < 45:
        raise damaged("A frame of JPEG 2000 has no header.")
    width, height, left, top, tile_width, tile_height, tile_left, tile_top, samples = struct.unpack(">8LH", data[8:42])
    if (height - top, width - left, samples) != (layout.rows, layout.columns, layout.samples):
        _other_size()
    if not tile_width or not tile_height or (left, top, tile_left, tile_top) != (0, 0, 0, 0):
        raise damaged("A frame of JPEG 2000 has no tiles.")
    if -(-width // tile_width) * -(-height // tile_height) > MAX_TILES:
        raise damaged("A frame of JPEG 2000 has more tiles than any device writes.")
    for channel in range(samples):
        depth, across, down = data[42 + 3 * channel : 45 + 3 * channel]
        if depth >= 128 or depth + 1 > layout.allocated or (across, down) != (1, 1):
            raise damaged("The samples of a frame of JPEG 2000 are not those of the file.")
    _check_tile_parts(data, _after_main_header(data))


def _after_main_header(data: bytes) -> int:
    """Where the first tile-part begins."""
    place = 2
    for _ in range(_SEGMENTS):
        marker, length = data[place : place + 2], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _TILE_PART:
            return place
        if len(data) < place + 4 or marker[0] != 0xFF or length < 2:
            break
        if marker == _CODING and int.from_bytes(data[place + 6 : place + 8], "big") > MAX_LAYERS:
            break
        place += 2 + length
    raise damaged("The header of a frame of JPEG 2000 makes no sense.")


def _check_tile_parts(data: bytes, place: int) -> None:
    """Tile-parts must follow each other to the end marker: OpenJPEG fills in what a cut frame lacks."""
    for _ in range(_PARTS):
        if data[place : place + 2] == _END:
            return
        length = int.from_bytes(data[place + 6 : place + 10], "big")
        if data[place : place + 2] != _TILE_PART:
            break
        if not length:  # the last: up to the end marker
            if data.rstrip(b"\0").endswith(_END):
                return
            break
        if length < 14:
            break
        place += length
    raise ScanError("truncated-dicom", "A frame of JPEG 2000 ends early, or is damaged.", EXPORT_AGAIN)


def _check_jpeg_ls(data: bytes, layout: Layout) -> None:
    if not data.startswith(_JPEG_START):
        _scrambled()
    place = 2
    for _ in range(_SEGMENTS):
        if len(data) < place + 4 or data[place] != 0xFF:
            break
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xF7:  # SOF55
            bits, rows, columns, samples = struct.unpack(">BHHB", data[place + 4 : place + 10].ljust(6, b"\0"))
            if (rows, columns, samples) != (layout.rows, layout.columns, layout.samples) or bits > layout.allocated:
                _other_size()
            return
        if marker == 0xDA or length < 2:
            break
        place += 2 + length
    raise damaged("A frame of JPEG-LS has no header.")


def _scrambled() -> NoReturn:
    raise ScanError(
        "scrambled-pixels",
        "The packed pixels do not begin as their format does: their device hides them, or they are damaged.",
        "Export the scans in another way: uncompressed DICOM, or PNG.",
    )


def _other_size() -> NoReturn:
    raise damaged("A packed frame has another size than the file says.")
