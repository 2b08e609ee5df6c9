"""TIFF, and the EXIF block that is one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection
from typing import Any

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .rules import (
    Header,
    alpha_channel,
    check_orientation,
    check_size,
    checked_depth,
    colour_image,
    palette_image,
    separate_planes,
)

_UNPACK_BYTES = 1 << 20  # unpacked at a time: a small file may claim to unpack to a hundred gigabytes
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TIFF_READ = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
_NONE, _LZW, _DEFLATE, _DEFLATE_OLD, _PACKBITS = 1, 5, 8, 32946, 32773
_TIFF_WANTED = {256, 257, 258, 259, 262, 273, 274, 277, 279, 281, 284, 324, 325, 338, 339}
_ORIENTATION = 274
MAX_TIFF_VALUES = 1 << 17  # strips of a picture within the pixel limit are fewer
MAX_TIFF_UNPACKED = 256 * 1024 * 1024  # 25 million pixels of three 16-bit samples, and tiles that reach over the edge


def _tiff_directory(data: bytes, wanted: Collection[int] = _TIFF_WANTED) -> tuple[dict[int, tuple[int, ...]], int]:
    """The first directory of a TIFF as {tag: integers}, and the offset of the next one (0: there is none)."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, offset)
        tags: dict[int, tuple[int, ...]] = {}
        for index in range(count):
            entry = offset + 2 + 12 * index
            tag, kind, values = struct.unpack_from(order + "HHI", data, entry)
            if tag not in wanted or kind not in _TIFF_READ:
                continue
            if tag in tags:
                raise ScanError("damaged-tiff", f"TIFF tag {tag} stands twice.", EXPORT_AGAIN)
            if values > MAX_TIFF_VALUES:
                raise ScanError("damaged-tiff", f"TIFF tag {tag} claims {values} values.", EXPORT_AGAIN)
            where = entry + 8
            if values * _TIFF_SIZES[kind] > 4:
                (where,) = struct.unpack_from(order + "I", data, where)
            tags[tag] = struct.unpack_from(f"{order}{values}{_TIFF_READ[kind]}", data, where)
        (following,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    except struct.error as error:
        raise ScanError("truncated-tiff", "The TIFF ends before its directory does.", EXPORT_AGAIN) from error
    return tags, following


def exif_orientation(block: bytes) -> int:
    """The orientation that an EXIF block asks for; 1 where it asks for none."""
    if not block.startswith((b"II*\x00", b"MM\x00*")):
        return 1
    try:
        tags, _ = _tiff_directory(block, {_ORIENTATION})
    except ScanError:  # an unreadable EXIF block asks for nothing
        return 1
    return (tags.get(274) or (1,))[0]


def read_tiff(data: bytes) -> Header:
    """Read and check a TIFF of one page, the extent of its strips or tiles included."""
    tags, following = _tiff_directory(data)

    def one(tag: int, default: int = 0) -> int:
        return (tags.get(tag) or (default,))[0]

    rows, columns, samples, compression = one(257), one(256), one(277, 1), one(259, _NONE)
    if not rows or not columns:
        raise ScanError("truncated-tiff", "The TIFF's directory names no picture size.", EXPORT_AGAIN)
    if following:
        raise ScanError("multi-page", "The TIFF has more than one page.", "Export each scan as a file of its own.")
    if set(tags.get(339, (1,))) != {1}:
        raise ScanError("float-image", "The TIFF's samples are not unsigned integers.", EXPORT_AS)
    photometric = one(262, 1)
    if photometric == 3:
        raise palette_image()
    if 338 in tags or (samples in (2, 4) and photometric in (1, 2)):
        raise alpha_channel()
    bits = set(tags.get(258, (1,)))
    depth = checked_depth(bits.pop() if len(bits) == 1 else 0)
    if photometric == 0:
        raise ScanError("inverted-grey", "The TIFF stores white as 0.", "Export the scan with black as 0.")
    if photometric not in (1, 2) or samples not in (1, 3):
        raise colour_image(f"of photometric kind {photometric} with {samples} samples")
    check_orientation(one(274, 1))
    if one(284, 1) != 1 and samples > 1 and depth == 16:
        raise separate_planes()
    if compression not in (_NONE, _LZW, _DEFLATE, _DEFLATE_OLD, _PACKBITS):
        raise ScanError("unsupported-compression", f"The TIFF uses compression {compression}.", EXPORT_AS)
    header = Header(
        "tiff",
        rows,
        columns,
        depth,
        _declared_white(one(281, 2**depth - 1), depth),
        checksummed=compression not in (_NONE, _PACKBITS),
    )
    check_size(header)
    _check_tiff_data(data, tags, compression, rows * columns * samples * depth // 8)
    return header


def _declared_white(declared: int, depth: int) -> int:
    """The full scale that tag 281 (MaxSampleValue) declares: that of 9 to 16 bits in a 16-bit file."""
    if depth == 8 or declared == 2**depth - 1:
        return int(2**depth - 1)
    if declared + 1 not in {2**bits for bits in range(9, 16)}:
        raise ScanError("unsupported-depth", f"The TIFF declares white as {declared}, no 2**n - 1.", EXPORT_AS)
    return declared


def _unpacked_length(stream: Any, packed: bytes, limit: int) -> int:
    """How many bytes a zlib stream unpacks to, without holding them; counting ends at `limit`."""
    length = 0
    while length < limit and not stream.eof:
        part = len(stream.decompress(packed, min(_UNPACK_BYTES, limit - length)))
        length += part
        packed = stream.unconsumed_tail
        if not part and not packed:
            break
    return length


def _check_tiff_data(data: bytes, tags: dict[int, tuple[int, ...]], compression: int, expected: int) -> None:
    """Every strip or tile lies inside the file and is whole, as far as its compression lets one see."""
    offsets = tags.get(273) or tags.get(324) or ()
    counts = tags.get(279) or tags.get(325) or ()
    if not offsets or len(offsets) != len(counts):
        raise ScanError("damaged-tiff", "The TIFF's directory does not say where its pixels are.", EXPORT_AGAIN)
    cut = ScanError("truncated-tiff", "The TIFF holds fewer pixels than its directory says.", EXPORT_AGAIN)
    if any(offset + count > len(data) or not count for offset, count in zip(offsets, counts, strict=True)):
        raise cut
    if compression == _NONE and sum(counts) < expected:
        raise cut
    if sum(counts) > len(data):
        raise ScanError("damaged-tiff", "The TIFF's strips overlap.", EXPORT_AGAIN)
    unpacked = 0
    for offset, count in zip(offsets, counts, strict=True):
        strip = data[offset : offset + count]
        if compression == _LZW and strip[-1] == 0:
            raise cut  # the end code of TIFF's LZW is odd and at most 7 padding bits follow: its last byte is never 0
        if compression in (_DEFLATE, _DEFLATE_OLD):
            stream = zlib.decompressobj()
            try:
                unpacked += _unpacked_length(stream, strip, MAX_TIFF_UNPACKED)
            except zlib.error as error:
                raise cut from error
            if unpacked >= MAX_TIFF_UNPACKED:
                raise ScanError("damaged-tiff", "The TIFF unpacks to more than any scan holds.", EXPORT_AGAIN)
            if not stream.eof:
                raise cut
    if compression in (_DEFLATE, _DEFLATE_OLD) and unpacked < expected:
        raise cut
