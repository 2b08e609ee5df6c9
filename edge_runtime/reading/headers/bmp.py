"""BMP."""

from __future__ import annotations

import struct

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS

from .rules import Header, alpha_channel, check_size, checked_depth, colour_image, palette_image


def read_bmp(data: bytes) -> Header:
    """Read and check a BMP: grey stored as 8 bits with a ramp for a palette, or as three equal channels."""
    if len(data) < 54:
        raise ScanError("truncated-bmp", "The BMP ends inside its header.", EXPORT_AGAIN)
    start, header_size, columns, signed_rows, _, depth, compression = struct.unpack_from("<IIiiHHI", data, 10)
    rows = abs(signed_rows)  # negative: stored from the top down
    if header_size < 40 or columns <= 0 or rows <= 0:
        raise ScanError("damaged-bmp", "The BMP's header makes no sense.", EXPORT_AGAIN)
    if depth == 1:
        checked_depth(1)
    if depth == 32:
        raise alpha_channel()
    if depth not in (8, 24):
        raise palette_image() if depth < 8 else colour_image(f"stored in {depth} bits per pixel")
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
            raise palette_image()
    stride = (columns * depth // 8 + 3) // 4 * 4
    if start + stride * rows > len(data):
        raise ScanError("truncated-bmp", "The BMP holds fewer pixels than its header says.", EXPORT_AGAIN)
    return header
