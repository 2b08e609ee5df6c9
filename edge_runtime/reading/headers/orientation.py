"""Whether a picture asks to be shown turned: EXIF, XMP, and the raw profiles that ImageMagick writes into a PNG.

A viewer obeys a tag that stands in a damaged block, too, so every place is looked at as the most lenient viewer would.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from .rules import check_orientation

if TYPE_CHECKING:
    from collections.abc import Iterator

UPRIGHT = 1
_ORIENTATION = 274
_TIFF_MARKS = {b"II*\x00": "<", b"MM\x00*": ">"}
_XMP_SEGMENTS = (b"http://ns.adobe.com/xap/1.0/\x00", b"http://ns.adobe.com/xmp/extension/\x00")
# An attribute or an element under any prefix, its number plain, signed, as a character reference, or in CDATA.
_XMP_ORIENTATION = re.compile(
    rb"(?<=:)Orientation(?:\s*=\s*[\"']|(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?)\s*\+?"
    rb"(?:&#(?:0*(?P<decimal>\d+)|x0*(?P<hex>[0-9a-fA-F]+));|(?P<plain>\d+))"
)
_PNG_RAW_PROFILES = (b"Raw profile type exif", b"Raw profile type APP1", b"Raw profile type xmp")
_MAX_ENTRIES = 512
MAX_TEXT_BYTES = 8 << 20  # of metadata that are unpacked


def check_exif(block: bytes) -> None:
    """Refuse a TIFF structure, such as an EXIF block, whose first directory asks for a turn.

    Raises
    ------
    ScanError
        ``rotated-image``.
    """
    start = min((place for mark in _TIFF_MARKS if (place := block.find(mark, 0, 16)) >= 0), default=0)
    block = block[start:]  # behind "Exif" and bytes that differ between writers
    order = _TIFF_MARKS.get(block[:4])
    if order is None or len(block) < 10:
        return
    (offset,) = struct.unpack_from(order + "I", block, 4)
    if offset + 2 > len(block):
        return
    (count,) = struct.unpack_from(order + "H", block, offset)
    for index in range(min(count, _MAX_ENTRIES)):
        entry = block[offset + 2 + 12 * index : offset + 14 + 12 * index]
        if len(entry) < 10:
            return
        if struct.unpack_from(order + "H", entry)[0] == _ORIENTATION:
            check_orientation(_value(entry.ljust(12, b"\x00"), order))


def _value(entry: bytes, order: str) -> int:
    """The orientation in a directory entry, whatever type it claims; upright when one reading of it says so."""
    (short,), (long,) = struct.unpack_from(order + "H", entry, 8), struct.unpack_from(order + "I", entry, 8)
    readings = (short, long, entry[8])
    return UPRIGHT if UPRIGHT in readings else next((one for one in readings if one), UPRIGHT)


def check_xmp(text: bytes) -> None:
    """Refuse an XMP packet whose orientation asks for a turn; ``rotated-image``."""
    for found in _XMP_ORIENTATION.finditer(text.replace(b"\x00", b"")):  # UTF-16 has a zero beside every letter
        if found["plain"]:
            check_orientation(int(found["plain"][:9]))
        else:  # the code of a digit
            code = int(found["decimal"][:9]) if found["decimal"] else int(found["hex"][:9], 16)
            check_orientation(code - ord("0"))


def check_jpeg_segment(segment: bytes) -> None:
    """Refuse an APP1 segment that asks for a turn; ``rotated-image``."""
    if segment.startswith(b"Exif"):
        check_exif(segment)
    elif segment.startswith(_XMP_SEGMENTS):
        check_xmp(segment)


def check_png_text(kind: bytes, body: bytes) -> None:
    """Refuse a text chunk of a PNG (tEXt, zTXt, iTXt) that asks for a turn; ``rotated-image``."""
    keyword, _, rest = body.partition(b"\x00")
    if keyword != b"XML:com.adobe.xmp" and keyword not in _PNG_RAW_PROFILES:
        return
    text = rest
    if kind == b"zTXt":
        text = _unpacked(rest[1:])
    elif kind == b"iTXt":
        text = rest[2:].split(b"\x00", 2)[-1]
        text = _unpacked(text) if rest[:1] == b"\x01" else text
    check_xmp(text)
    for profile in _raw_profile(text):
        check_exif(profile)
        check_xmp(profile)


def _raw_profile(text: bytes) -> Iterator[bytes]:
    """The bytes that ImageMagick writes as a name, a length, and hexadecimal digits in lines."""
    digits = b"".join(text.split(b"\n")[3:]).translate(None, b" \r\t")
    try:
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return b""
