"""BMP."""

from __future__ import annotations

import struct

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .rules import Header, alpha_channel, check_size, checked_depth, colour_image, palette_image

_PLAIN, _BIT_FIELDS = 0, 3
_BLUE_GREEN_RED = (0x00FF0000, 0x0000FF00, 0x000000FF)  # masks of red, green, blue: the order of plain pixels
_MASKS, _ALPHA_MASK = 54, 66  # after the 40 bytes that every header has


def read_bmp(data: bytes) -> Header:
    """Read and check a BMP: 8 bits with a ramp of grey for a palette, or three equal channels in 24 or 32 bits."""
    if len(data) < 54:
        raise ScanError("truncated-bmp", "The BMP ends inside its header.", EXPORT_AGAIN)
    start, header_size, columns, signed_rows, _, depth, compression = struct.unpack_from("<IIiiHHI", data, 10)
    rows = abs(signed_rows)  # negative: stored from the top down
    if header_size < 40 or columns <= 0 or rows <= 0:
        raise ScanError("damaged-bmp", "The BMP's header makes no sense.", EXPORT_AGAIN)
    if depth == 1:
        checked_depth(1)
    if depth not in (8, 24, 32):
        raise palette_image() if depth < 8 else colour_image(f"stored in {depth} bits per pixel")
    if compression != _PLAIN and not (depth == 32 and compression == _BIT_FIELDS and _has_plain_order(data)):
        raise ScanError("unsupported-compression", f"The BMP uses compression {compression}.", EXPORT_AS)
    if compression == _BIT_FIELDS and header_size >= 56 and any(data[_ALPHA_MASK : _ALPHA_MASK + 4]):
        raise alpha_channel()
    header = Header(
        "bmp", rows, columns, 8, 255, checksummed=False, bottom_up=signed_rows > 0, samples=max(depth // 8, 1)
    )
    check_size(header)
    if depth == 8:
        colours = struct.unpack_from("<I", data, 46)[0] or 256
        if colours > 256:
            raise ScanError("damaged-bmp", f"The BMP's header claims {colours} colours.", EXPORT_AGAIN)
        palette = data[14 + header_size : 14 + header_size + 4 * colours]
        ramp = bytes(level for entry in range(colours) for level in (entry, entry, entry))
        if b"".join(palette[4 * k : 4 * k + 3] for k in range(colours)) != ramp:
            raise palette_image()
    stride = (columns * depth // 8 + 3) // 4 * 4
    if start + stride * rows > len(data):
        raise ScanError("truncated-bmp", "The BMP holds fewer pixels than its header says.", EXPORT_AGAIN)
    if depth == 32:
        # Windows leaves the fourth byte alone; programs that keep transparency there write more than one value.
        fourth = data[start + 3 : start + stride * rows : 4]
        if fourth.count(0) != len(fourth) and fourth.count(255) != len(fourth):
            raise alpha_channel()
    return header


def _has_plain_order(data: bytes) -> bool:
    """Whether bit fields name the order of channels that plain pixels have, too."""
    return len(data) >= _ALPHA_MASK + 4 and struct.unpack_from("<III", data, _MASKS) == _BLUE_GREEN_RED
