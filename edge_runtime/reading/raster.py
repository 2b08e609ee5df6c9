"""Bytes of one scan file to a scan: the one safe way into the program."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ResourceError
from edge_runtime.scan import Scan

from .decoding import decode_picture, only_channel
from .files import is_dicom, name_of, printable_name, read_content
from .headers import read_header
from .holes import check_all_was_written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .files import ScanFile


def read_scan(file: ScanFile, room_bytes: int | None = None) -> Scan:
    """Read one scan file (PNG, JPEG, TIFF, BMP, DICOM; 8 or 16 bit; grey) or ``-``, standard input.

    Parameters
    ----------
    file
        Its path, its bytes, or a binary file that is open for reading.
    room_bytes
        Memory that may be used; None: any.

    Raises
    ------
    ScanMissingError
        When there is no such regular file, or it may not be read.
    ScanError
        When its content is not a scan that can be graded; the word says why. A DICOM file of several frames is an
        exam (``multi-frame``).
    MissingExtraError
        ``dicom-not-installed`` for a DICOM file without the extra ``dicom``.
    UsageError
        For a value of another kind.
    ResourceError
        ``memory-cap`` when its pixels do not fit into `room_bytes`.
    """
    return decode_scan(read_content(file), printable_name(name_of(file)), room_bytes)


def decode_scan(data: bytes, source: str, room_bytes: int | None = None) -> Scan:
    """Decode the bytes of one scan file, when its pixels fit into `room_bytes`.

    Raises
    ------
    ScanError
        When the content is not a scan that can be graded; the word says why.
    """
    if is_dicom(data):
        # An optional room, which is looked up only when such a file comes.
        scan: Scan = import_module("edge_runtime.reading.dicom.file").read_only_frame(data, source, room_bytes)
        return scan
    header = read_header(data)
    if room_bytes is not None and header.decoding_bytes > room_bytes:
        needed = -(-header.decoding_bytes // 1_000_000)
        raise ResourceError(
            "memory-cap", f"Decoding the pixels takes {needed} MB, more than the cap leaves.", "Raise --max-memory."
        )
    pixels: NDArray[Any] = decode_picture(data, header)
    if header.container == "bmp" and pixels.ndim == 3:
        pixels = pixels[..., :3]  # the fourth byte of 32 bits carries nothing: its header was checked
    pixels = only_channel(pixels)
    if header.container != "png":  # whose checksums leave no doubt
        check_all_was_written(pixels, header)
    return Scan(pixels, header.full_scale, source, hashlib.sha256(data).hexdigest())
