"""JPEG: segments, then scans that must carry every coefficient to its lowest bit."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .orientation import check_jpeg_segment
from .rules import Header, check_size, checked_depth, colour_image

MAX_JPEG_SCANS = 64  # a progressive JPEG has about ten; a thousand decode 120 times slower
MAX_JPEG_SEGMENTS = 4096

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


def read_jpeg(data: bytes) -> Header:
    """Read and check a JPEG; its entropy-coded data are only walked past."""
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
        elif marker == 0xE1:
            check_jpeg_segment(segment)
        position += length
    else:
        raise ScanError("damaged-jpeg", f"The JPEG has more than {MAX_JPEG_SEGMENTS} segments.", EXPORT_AGAIN)
    if data.find(b"\xff\xd8\xff", position) >= 0:
        raise ScanError("multi-page", "Another picture follows the first in the JPEG.", EXPORT_AS)
    if walk.header is None or walk.bits_left is None or not walk.scans:
        raise ScanError("truncated-jpeg", "The JPEG holds no picture.", EXPORT_AGAIN)
    if any(walk.bits_left.values()):
        raise ScanError("truncated-jpeg", "The JPEG ends before its last scan: detail is missing.", EXPORT_AGAIN)
    several_passes = walk.progressive or walk.scans > 1
    return replace(walk.header, aside_bytes=2 * walk.header.unpacked_bytes if several_passes else 0)


def _jpeg_frame(walk: _JpegWalk, segment: bytes, *, progressive: bool) -> None:
    if walk.header is not None:
        raise ScanError("multi-page", "The JPEG holds more than one picture.", EXPORT_AS)
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        raise ScanError("damaged-jpeg", "The JPEG's frame header is cut short.", EXPORT_AGAIN)
    bits, rows, columns, count = struct.unpack(">BHHB", segment[:6])
    checked_depth(bits)
    if count not in (1, 3):
        raise colour_image(f"stored in {count} colour components")
    walk.components = tuple(segment[6 + 3 * index] for index in range(count))
    walk.progressive = progressive
    walk.header = Header("jpeg", rows, columns, bits, 2**bits - 1, checksummed=False, samples=count)
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
