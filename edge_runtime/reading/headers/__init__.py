"""Read a picture file's own header before any decoder sees its pixels.

A decoder trusts what it is given: it fills a cut JPEG with grey, allocates a gigabyte for a forged size,
turns a rotated photograph. So the size, depth, channels, pages and orientation are read here, from the bytes,
and whatever the pipeline cannot represent exactly is refused by name.
"""

from __future__ import annotations

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AS

from .bmp import read_bmp
from .jpeg import MAX_JPEG_SCANS, read_jpeg
from .png import read_png
from .rules import Header, check_size
from .tiff import read_tiff

__all__ = ["MAX_JPEG_SCANS", "Header", "check_size", "read_header"]


def read_header(data: bytes) -> Header:
    """Identify the container by its first bytes and read its header.

    Raises
    ------
    ScanError
        For any other format, a damaged structure, or a kind of picture that cannot be graded.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg(data)
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return read_tiff(data)
    if data.startswith(b"BM"):
        return read_bmp(data)
    raise ScanError("unsupported-format", "The file is no PNG, JPEG, TIFF, BMP or DICOM.", EXPORT_AS)
