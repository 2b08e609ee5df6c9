"""TIFF of one page."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .orientation import MAX_TEXT_BYTES, check_exif, check_xmp
from .rules import Header, alpha_channel, check_size, checked_depth, colour_image, palette_image, separate_planes
from .unpacked import deflate_length, lzw_length, packbits_length

_TIFF_READ = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I"}  # unsigned; XMP is of unknown type, directories are offsets
_NONE, _LZW, _DEFLATE, _DEFLATE_OLD, _PACKBITS = 1, 5, 8, 32946, 32773
_XMP = 700
_TIFF_WANTED = {256, 257, 258, 259, 262, 273, 277, 278, 279, 281, 284, 317, 322, 323, 324, 325, 338, 339, _XMP}
MAX_TIFF_VALUES = 1 << 17  # strips of a picture within the pixel limit are fewer
_DEFLATE_MARGIN = 8  # a strip that lost its end may go on for a while; a bomb does so for longer
MAX_TILE_SIDE = 1024  # unless the picture is larger
MAX_TIFF_UNPACKED = 256 * 1024 * 1024  # 25 million pixels of three 16-bit samples, and tiles that reach over the edge


def _tiff_directory(data: bytes) -> tuple[dict[int, tuple[int, ...]], int]:
    """The first directory of a TIFF as {tag: integers}, and the offset of the next one (0: there is none)."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, offset)
        tags: dict[int, tuple[int, ...]] = {}
        for index in range(count):
            entry = offset + 2 + 12 * index
            tag, kind, values = struct.unpack_from(order + "HHI", data, entry)
            if tag not in _TIFF_WANTED:
                continue
            if kind not in _TIFF_READ:
                raise ScanError("damaged-tiff", f"TIFF tag {tag} is of type {kind}, no unsigned number.", EXPORT_AGAIN)
            if tag in tags:
                raise ScanError("damaged-tiff", f"TIFF tag {tag} stands twice.", EXPORT_AGAIN)
            if values > (MAX_TEXT_BYTES if tag == _XMP else MAX_TIFF_VALUES):
                raise ScanError("damaged-tiff", f"TIFF tag {tag} claims {values} values.", EXPORT_AGAIN)
            where = entry + 8
            if values * struct.calcsize(_TIFF_READ[kind]) > 4:
                (where,) = struct.unpack_from(order + "I", data, where)
            tags[tag] = struct.unpack_from(f"{order}{values}{_TIFF_READ[kind]}", data, where)
        (following,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    except struct.error as error:
        raise ScanError("truncated-tiff", "The TIFF ends before its directory does.", EXPORT_AGAIN) from error
    return tags, following


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
    check_exif(data)
    check_xmp(bytes(value for value in tags.get(_XMP, ()) if value < 256))
    if compression not in (_NONE, _LZW, _DEFLATE, _DEFLATE_OLD, _PACKBITS):
        raise ScanError("unsupported-compression", f"The TIFF uses compression {compression}.", EXPORT_AS)
    header = Header(
        "tiff",
        rows,
        columns,
        depth,
        _declared_white(one(281, 2**depth - 1), depth),
        checksummed=compression not in (_NONE, _PACKBITS),
        samples=samples,
    )
    check_size(header)
    if one(284, 1) != 1 and samples > 1:
        raise separate_planes()
    size = _PartSize.of(tags, header, samples)
    _check_parts(data, tags, size, compression)
    in_colour = size.whole // (samples * depth // 8) * 4  # libtiff makes four bytes of every pixel
    return replace(header, aside_bytes=size.whole + in_colour)


def _declared_white(declared: int, depth: int) -> int:
    """The full scale that tag 281 (MaxSampleValue) declares: that of 9 to 16 bits in a 16-bit file."""
    if depth == 8 or declared == 2**depth - 1:
        return int(2**depth - 1)
    if declared + 1 not in {2**bits for bits in range(9, 16)}:
        raise ScanError("unsupported-depth", f"The TIFF declares white as {declared}, no 2**n - 1.", EXPORT_AS)
    return declared


@dataclass(frozen=True, slots=True)
class _PartSize:
    """How many bytes the strips or tiles of a TIFF unpack to.

    Attributes
    ----------
    whole
        Of a full strip or tile.
    last
        Of the last strip; None for tiles, which are all whole.
    picture
        Of the pixels together.
    count
        Number of parts that the picture needs.
    """

    whole: int
    last: int | None
    picture: int
    count: int

    @classmethod
    def of(cls, tags: dict[int, tuple[int, ...]], header: Header, samples: int) -> _PartSize:
        """Read it from a directory; ScanError ``damaged-tiff`` for tiles that no writer makes."""
        rows, columns, pixel = header.rows, header.columns, samples * header.bits // 8
        picture = rows * columns * pixel
        if 324 not in tags and 322 not in tags:
            height = min((tags.get(278) or (rows,))[0], rows)
            if not height:
                raise ScanError("damaged-tiff", "The TIFF's strips have no rows.", EXPORT_AGAIN)
            count = -(-rows // height)
            return cls(height * columns * pixel, (rows - height * (count - 1)) * columns * pixel, picture, count)
        width, height = ((tags.get(tag) or (0,))[0] for tag in (322, 323))
        most = max(rows, columns, MAX_TILE_SIDE) + 16
        if not (0 < width <= most and 0 < height <= most):
            raise ScanError("damaged-tiff", f"The TIFF's tiles of {width} x {height} do not fit it.", EXPORT_AGAIN)
        return cls(width * height * pixel, None, picture, -(-rows // height) * -(-columns // width))

    def allowed(self, index: int) -> set[int]:
        """The lengths that part number `index` may have; some writers fill the last strip up."""
        return {self.whole, self.last} if self.last is not None and index == self.count - 1 else {self.whole}


def _check_parts(data: bytes, tags: dict[int, tuple[int, ...]], size: _PartSize, compression: int) -> None:
    """Every strip or tile lies inside the file and is whole, as far as its compression lets one see."""
    offsets = tags.get(273) or tags.get(324) or ()
    counts = tags.get(279) or tags.get(325) or ()
    if not offsets or len(offsets) != len(counts):
        raise ScanError("damaged-tiff", "The TIFF's directory does not say where its pixels are.", EXPORT_AGAIN)
    cut = ScanError("truncated-tiff", "The TIFF holds fewer pixels than its directory says.", EXPORT_AGAIN)
    if len(offsets) < size.count:
        raise cut
    if any(offset + count > len(data) or not count for offset, count in zip(offsets, counts, strict=True)):
        raise cut
    if sum(counts) > len(data):
        raise ScanError("damaged-tiff", "The TIFF's strips overlap.", EXPORT_AGAIN)
    if compression == _NONE:
        if sum(counts) < size.picture:
            raise cut
        return
    too_much = ScanError("damaged-tiff", "The TIFF unpacks to more than its directory says.", EXPORT_AGAIN)
    if size.whole * size.count > MAX_TIFF_UNPACKED:
        raise too_much
    for index, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
        allowed = size.allowed(index)
        length = _unpacked_length(data[offset : offset + count], allowed, compression)
        if length not in allowed:
            raise too_much if length is not None and length > max(allowed) else cut


def _unpacked_length(packed: bytes, allowed: set[int], compression: int) -> int | None:
    """How many bytes a strip or tile unpacks to; None when it is damaged."""
    if compression in (_DEFLATE, _DEFLATE_OLD):
        return deflate_length(packed, _DEFLATE_MARGIN * max(allowed))
    count = packbits_length if compression == _PACKBITS else lzw_length
    lengths = [count(packed, expected) for expected in allowed]
    return next((length for length in lengths if length in allowed), lengths[0])
