"""PNG: chunks with checksums."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .orientation import check_exif, check_png_text
from .rules import Header, alpha_channel, check_size, checked_depth, palette_image

MAX_PNG_CHUNKS = 1 << 17  # a picture of the pixel limit in chunks of 1 KiB; millions of empty ones take seconds


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (type, body) of each chunk up to IEND, checking length and CRC."""
    position = 8
    for _ in range(MAX_PNG_CHUNKS):
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
    raise ScanError("damaged-png", f"The PNG has more than {MAX_PNG_CHUNKS} chunks.", EXPORT_AGAIN)


def read_png(data: bytes) -> Header:
    """Read and check a PNG, every checksum included."""
    chunks = _png_chunks(data)
    kind, body = next(chunks)
    if kind != b"IHDR" or len(body) != 13:
        raise ScanError("damaged-png", "The PNG does not begin with its header chunk.", EXPORT_AGAIN)
    columns, rows, bits, colour_type, *_ = struct.unpack(">IIBBBBB", body)
    if colour_type == 3:
        raise palette_image()
    if colour_type in (4, 6):
        raise alpha_channel()
    if colour_type not in (0, 2):
        raise ScanError("damaged-png", f"The PNG names an impossible colour type ({colour_type}).", EXPORT_AGAIN)
    checked_depth(bits)
    header = Header("png", rows, columns, bits, 2**bits - 1, checksummed=True, samples=3 if colour_type == 2 else 1)
    check_size(header)
    for kind, body in chunks:
        if kind == b"tRNS":
            raise alpha_channel()
        if kind == b"acTL":
            raise ScanError("multi-page", "The PNG is an animation of several pictures.", EXPORT_AS)
        if kind == b"eXIf":
            check_exif(body)
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            check_png_text(kind, body)
    return header
