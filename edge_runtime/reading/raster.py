"""Bytes of a picture file to a scan: the one safe way into the program."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ScanError, out_of_memory
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS, Scan

from .decoder_messages import captured_messages
from .files import printable_name, read_file, read_standard_input
from .headers import Header, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What libjpeg says when the data ends early or makes no sense; it then fills the picture up and reports success.
_JPEG_COMPLAINT = r"(?i)Premature end|Corrupt JPEG|Invalid|Unsupported|Inconsistent|extraneous"
# Share of the rows stored last that may be exactly 0 in a container without checksums; more is a file that was cut and
# filled with zeros. A BMP is stored from the bottom up, and above the cornea a scan may well be black.
MAX_BLACK_TAIL = {"tiff": 0.05, "bmp": 0.20}


def read_scan(path: str | os.PathLike[str]) -> Scan:
    """Read one scan file (PNG, JPEG, TIFF, BMP; 8 or 16 bit; grey) or ``-``, standard input.

    Raises
    ------
    ScanMissingError
        When there is no such regular file, or it may not be read.
    ScanError
        When its content is not a scan that can be graded; the word says why.
    """
    data, source = (read_standard_input(), "-") if os.fspath(path) == "-" else (read_file(path), printable_name(path))
    return decode_scan(data, source)


def decode_scan(data: bytes, source: str) -> Scan:
    """Decode the bytes of one scan file.

    Raises
    ------
    ScanError
        When the content is not a scan that can be graded; the word says why.
    """
    header = read_header(data)
    pixels: NDArray[Any] = _decode(data, header)
    if header.container == "bmp" and pixels.ndim == 3:
        pixels = pixels[..., :3]  # the fourth byte of 32 bits carries nothing: its header was checked
    if pixels.ndim == 3:
        if pixels.shape[2] != 3 or not (
            np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
        ):
            raise ScanError("colour-image", "The picture's channels differ: it is in colour.", EXPORT_AS)
        pixels = np.ascontiguousarray(pixels[..., 0])
    if header.container in MAX_BLACK_TAIL and not header.checksummed:
        _check_tail_was_written(pixels, header)
    return Scan(pixels, header.full_scale, source, hashlib.sha256(data).hexdigest())


def _decode(data: bytes, header: Header) -> NDArray[Any]:
    import cv2

    damaged = ScanError(
        f"damaged-{header.container}", f"The {header.container.upper()} cannot be decoded.", EXPORT_AGAIN
    )
    with captured_messages() as messages:
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise out_of_memory() if error.code == cv2.Error.StsNoMem else damaged from error
    if pixels is None or pixels.shape[:2] != (header.rows, header.columns) or pixels.dtype.itemsize * 8 != header.bits:
        raise damaged
    if header.container == "jpeg" and any(re.search(_JPEG_COMPLAINT, message) for message in messages):
        raise ScanError(
            "truncated-jpeg", "The JPEG holds fewer pixels than its header says, or is damaged.", EXPORT_AGAIN
        )
    return pixels


def _check_tail_was_written(pixels: NDArray[Any], header: Header) -> None:
    """Refuse an unpacked picture whose last rows are all exactly 0: it was cut, and filled up with zeros."""
    stored = pixels[::-1] if header.bottom_up else pixels
    written = np.flatnonzero(stored.any(axis=1))
    if written.size and len(stored) - 1 - written[-1] > MAX_BLACK_TAIL[header.container] * len(stored):
        raise ScanError(
            f"truncated-{header.container}",
            f"Rows of the {header.container.upper()} were never written: they are all 0.",
            EXPORT_AGAIN,
        )
