"""Read a picture file's own header before any decoder sees its pixels.

A decoder trusts what it is given: it fills a cut JPEG with grey, allocates a gigabyte for a forged size,
turns a rotated photograph. So the size, depth, channels, pages and orientation are read here, from the bytes,
and whatever the pipeline cannot represent exactly is refused by name.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ScanError

EXPORT_AS = "Export the scan as an 8- or 16-bit greyscale PNG, without alpha channel, palette, annotation or rotation."
EXPORT_AGAIN = "Copy or export the scan again."

MAX_JPEG_SCANS = 64  # a progressive JPEG has about ten; a thousand decode 120 times slower
MAX_JPEG_SEGMENTS = 4096
_UNPACK_BYTES = 1 << 20  # unpacked at a time: a small file may claim to unpack to a hundred gigabytes


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says about its pixels.

    Attributes
    ----------
    container
        ``png``, ``jpeg``, ``tiff`` or ``bmp``.
    rows, columns
        Size in pixels.
    bits
        Bits per sample as stored, 8 or 16.
    full_scale
        The value that the file declares to be white: ``2**bits - 1`` unless a TIFF tag says less.
    checksummed
        Whether the container would betray zeroed pixel data by itself.
    bottom_up
        Whether the last row is stored first.
    """

    container: str
    rows: int
    columns: int
    bits: int
    full_scale: int
    checksummed: bool
    bottom_up: bool = False


def read_header(data: bytes) -> Header:
    """Identify the container by its first bytes and read its header.

    Raises
    ------
    ScanError
        For any other format, a damaged structure, or a kind of picture that cannot be graded.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return _tiff(data)
    if data.startswith(b"BM"):
        return _bmp(data)
    if data[128:132] == b"DICM":
        raise ScanError(
            "unsupported-format", "A DICOM file was found; this release reads PNG, JPEG, TIFF and BMP.", EXPORT_AS
        )
    raise ScanError("unsupported-format", "The file is no PNG, JPEG, TIFF or BMP.", EXPORT_AS)


def _checked_depth(bits: int) -> int:
    if bits == 1:
        raise ScanError("bilevel-image", "The picture has one bit per pixel.", EXPORT_AS)
    if bits not in (8, 16):
        raise ScanError(
            "unsupported-depth", f"The picture has {bits} bits per sample; 8 or 16 were expected.", EXPORT_AS
        )
    return bits


def _alpha() -> ScanError:
    return ScanError("alpha-channel", "The picture has an alpha channel.", EXPORT_AS)


def _colour(what: str) -> ScanError:
    return ScanError("colour-image", f"The picture is {what}, not grey.", EXPORT_AS)


def _palette() -> ScanError:
    return ScanError("palette-image", "The picture's pixels are indices into a palette, not grey levels.", EXPORT_AS)


def _check_orientation(orientation: int) -> None:
    if orientation != 1:
        raise ScanError(
            "rotated-image", f"The file asks to be shown rotated or mirrored (orientation {orientation}).", EXPORT_AS
        )


# --- PNG ---------------------------------------------------------------------------------------------------------


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (type, body) of each chunk up to IEND, checking length and CRC."""
    position = 8
    while True:
        head = data[position : position + 8]
        if len(head) < 8:
            raise ScanError("truncated-png", "The PNG ends before its end chunk.", EXPORT_AGAIN)
        length, kind = struct.unpack(">I4s", head)
        end = position + 12 + length
        if end > len(data):
            raise ScanError("truncated-png", "The PNG ends inside a chunk.", EXPORT_AGAIN)
        body = data[position + 8 : end - 4]
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
            raise ScanError("damaged-png", "A checksum inside the PNG does not match its data.", EXPORT_AGAIN)
        yield kind, body
        if kind == b"IEND":
            return
        position = end


def _png(data: bytes) -> Header:
    chunks = _png_chunks(data)
    kind, body = next(chunks)
    if kind != b"IHDR" or len(body) != 13:
        raise ScanError("damaged-png", "The PNG does not begin with its header chunk.", EXPORT_AGAIN)
    columns, rows, bits, colour_type, *_ = struct.unpack(">IIBBBBB", body)
    if colour_type == 3:
        raise _palette()
    if colour_type in (4, 6):
        raise _alpha()
    if colour_type not in (0, 2):
        raise ScanError("damaged-png", f"The PNG names an impossible colour type ({colour_type}).", EXPORT_AGAIN)
    _checked_depth(bits)
    header = Header("png", rows, columns, bits, 2**bits - 1, checksummed=True)
    check_size(header)
    for kind, body in chunks:
        if kind == b"tRNS":
            raise _alpha()
        if kind == b"acTL":
            raise ScanError("multi-page", "The PNG is an animation of several pictures.", EXPORT_AS)
        if kind == b"eXIf":
            _check_orientation(_exif_orientation(body))
    return header


# --- JPEG --------------------------------------------------------------------------------------------------------

# The next marker, past stuffed bytes (FF 00), fill bytes (FF FF) and restarts (FF D0 to FF D7) of entropy-coded data.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_JPEG_PLAIN = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive; Huffman coded
_JPEG_OTHER = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


@dataclass(slots=True)
class _JpegWalk:
    """What has been seen of a JPEG so far."""

    header: Header | None = None
    components: tuple[int, ...] = ()
    progressive: bool = False
    scans: int = 0
    bits_left: dict[tuple[int, int], int] | None = None  # (component, coefficient) -> bits still to come


def _jpeg(data: bytes) -> Header:
    walk = _JpegWalk()
    position = 2
    for _ in range(MAX_JPEG_SEGMENTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            raise ScanError("truncated-jpeg", "The JPEG has no end marker.", EXPORT_AGAIN)
        marker = found[1][0]
        position = found.end()
        if marker == 0xD9:
            break
        length = int.from_bytes(data[position : position + 2], "big")
        segment = data[position + 2 : position + length]
        if length < 2 or position + length > len(data):
            raise ScanError("truncated-jpeg", "The JPEG ends inside a segment.", EXPORT_AGAIN)
        if marker in _JPEG_OTHER:
            raise ScanError(
                "unsupported-compression", "The JPEG is lossless, hierarchical or arithmetic-coded.", EXPORT_AS
            )
        if marker in _JPEG_PLAIN:
            _jpeg_frame(walk, segment, progressive=marker == 0xC2)
        elif marker == 0xDA:
            _jpeg_scan(walk, segment)
        elif marker == 0xE1 and segment.startswith(b"Exif\x00\x00"):
            _check_orientation(_exif_orientation(segment[6:]))
        position += length
    else:
        raise ScanError("damaged-jpeg", f"The JPEG has more than {MAX_JPEG_SEGMENTS} segments.", EXPORT_AGAIN)
    if data.find(b"\xff\xd8\xff", position) >= 0:
        raise ScanError("multi-page", "Another picture follows the first in the JPEG.", EXPORT_AS)
    if walk.header is None or walk.bits_left is None or not walk.scans:
        raise ScanError("truncated-jpeg", "The JPEG holds no picture.", EXPORT_AGAIN)
    if any(walk.bits_left.values()):
        raise ScanError("truncated-jpeg", "The JPEG ends before its last scan: detail is missing.", EXPORT_AGAIN)
    return walk.header


def _jpeg_frame(walk: _JpegWalk, segment: bytes, *, progressive: bool) -> None:
    if walk.header is not None:
        raise ScanError("multi-page", "The JPEG holds more than one picture.", EXPORT_AS)
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        raise ScanError("damaged-jpeg", "The JPEG's frame header is cut short.", EXPORT_AGAIN)
    bits, rows, columns, count = struct.unpack(">BHHB", segment[:6])
    _checked_depth(bits)
    if count not in (1, 3):
        raise _colour(f"stored in {count} colour components")
    walk.components = tuple(segment[6 + 3 * index] for index in range(count))
    walk.progressive = progressive
    walk.header = Header("jpeg", rows, columns, bits, 2**bits - 1, checksummed=False)
    check_size(walk.header)
    # A coefficient is complete when a scan has carried its lowest bit; -1 stands for "not even begun".
    walk.bits_left = {(component, k): 99 for component in walk.components for k in range(64)}


def _jpeg_scan(walk: _JpegWalk, segment: bytes) -> None:
    count = segment[0] if segment else 0
    if walk.bits_left is None or len(segment) < 4 + 2 * count:
        raise ScanError("damaged-jpeg", "The JPEG's scan header is misplaced or cut short.", EXPORT_AGAIN)
    walk.scans += 1
    if walk.scans > MAX_JPEG_SCANS:
        raise ScanError(
            "too-many-jpeg-scans",
            f"The JPEG is built of more than {MAX_JPEG_SCANS} passes, which no device writes.",
            EXPORT_AS,
        )
    first, last, approximation = segment[1 + 2 * count : 4 + 2 * count]
    if not walk.progressive:
        first, last, approximation = 0, 63, 0
    for index in range(count):
        for k in range(first, min(last, 63) + 1):
            walk.bits_left[(segment[1 + 2 * index], k)] = approximation & 0x0F


# --- TIFF, and the EXIF block that is one --------------------------------------------------------------------------

_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TIFF_READ = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
_NONE, _LZW, _DEFLATE, _DEFLATE_OLD, _PACKBITS = 1, 5, 8, 32946, 32773
_TIFF_WANTED = {256, 257, 258, 259, 262, 273, 274, 277, 279, 281, 324, 325, 338, 339}
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


def _exif_orientation(block: bytes) -> int:
    if not block.startswith((b"II*\x00", b"MM\x00*")):
        return 1
    try:
        tags, _ = _tiff_directory(block, {_ORIENTATION})
    except ScanError:  # an unreadable EXIF block asks for nothing
        return 1
    return (tags.get(274) or (1,))[0]


def _tiff(data: bytes) -> Header:
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
        raise _palette()
    if 338 in tags or (samples in (2, 4) and photometric in (1, 2)):
        raise _alpha()
    bits = set(tags.get(258, (1,)))
    depth = _checked_depth(bits.pop() if len(bits) == 1 else 0)
    if photometric == 0:
        raise ScanError("inverted-grey", "The TIFF stores white as 0.", "Export the scan with black as 0.")
    if photometric not in (1, 2) or samples not in (1, 3):
        raise _colour(f"of photometric kind {photometric} with {samples} samples")
    _check_orientation(one(274, 1))
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


# --- BMP ---------------------------------------------------------------------------------------------------------


def _bmp(data: bytes) -> Header:
    if len(data) < 54:
        raise ScanError("truncated-bmp", "The BMP ends inside its header.", EXPORT_AGAIN)
    start, header_size, columns, signed_rows, _, depth, compression = struct.unpack_from("<IIiiHHI", data, 10)
    rows = abs(signed_rows)  # negative: stored from the top down
    if header_size < 40 or columns <= 0 or rows <= 0:
        raise ScanError("damaged-bmp", "The BMP's header makes no sense.", EXPORT_AGAIN)
    if depth == 1:
        _checked_depth(1)
    if depth == 32:
        raise _alpha()
    if depth not in (8, 24):
        raise _palette() if depth < 8 else _colour(f"stored in {depth} bits per pixel")
    if compression != 0:
        raise ScanError("unsupported-compression", f"The BMP uses compression {compression}.", EXPORT_AS)
    header = Header("bmp", rows, columns, 8, 255, checksummed=False, bottom_up=signed_rows > 0)
    check_size(header)
    if depth == 8:
        colours = struct.unpack_from("<I", data, 46)[0] or 256
        if colours > 256:
            raise ScanError("damaged-bmp", f"The BMP's header claims {colours} colours.", EXPORT_AGAIN)
        palette = data[14 + header_size : 14 + header_size + 4 * colours]
        ramp = bytes(level for entry in range(colours) for level in (entry, entry, entry))
        if b"".join(palette[4 * k : 4 * k + 3] for k in range(colours)) != ramp:
            raise _palette()
    stride = (columns * depth // 8 + 3) // 4 * 4
    if start + stride * rows > len(data):
        raise ScanError("truncated-bmp", "The BMP holds fewer pixels than its header says.", EXPORT_AGAIN)
    return header


# --- limits ------------------------------------------------------------------------------------------------------

MAX_PIXELS = 25_000_000
MAX_BYTES = 64 * 1024 * 1024


def check_size(header: Header) -> None:
    """Refuse a picture before its pixels are unpacked.

    Raises
    ------
    ScanError
        ``empty-image`` for a side of 0, ``too-many-pixels`` above `MAX_PIXELS`.
    """
    if not header.rows or not header.columns:
        raise ScanError("empty-image", f"The header says {header.columns} x {header.rows} pixels.", EXPORT_AGAIN)
    if header.rows * header.columns > MAX_PIXELS:
        raise ScanError(
            "too-many-pixels",
            f"The header says {header.columns} x {header.rows} pixels; the limit is {MAX_PIXELS // 1_000_000} million.",
            "Export the scan at the size of the device.",
        )
