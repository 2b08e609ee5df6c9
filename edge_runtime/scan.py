"""Bytes to pixels: the one safe way into the program."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from .decoder_messages import captured_messages
from .errors import ResourceError, ScanError, ScanMissingError, out_of_memory
from .headers import EXPORT_AGAIN, EXPORT_AS, MAX_BYTES, MAX_PIXELS, Header, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What libjpeg says when the data ends early or makes no sense; it then fills the picture up and reports success.
_JPEG_COMPLAINT = r"(?i)Premature end|Corrupt JPEG|Invalid|Unsupported|Inconsistent|extraneous"

# Share of the rows stored last that may be exactly 0 in a container without checksums; more is a file that was cut and
# filled with zeros. A BMP is stored from the bottom up, and above the cornea a scan may well be black.
MAX_BLACK_TAIL = {"tiff": 0.05, "bmp": 0.20}


class Laterality(StrEnum):
    """Which eye of the patient (DICOM Image Laterality, as OD / OS)."""

    OD = "OD"
    OS = "OS"


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One B-scan as the device exported it.

    Attributes
    ----------
    pixels
        (rows, columns) uint8 or uint16, row = depth, column = lateral; read-only.
    full_scale
        The value that the file declares to be white: 255, 65535 or a smaller 2**n - 1.
    source
        File name without its folder; ``-`` for standard input; empty for pixels from memory.
    sha256
        Of the file's bytes, or of the pixels' bytes when they came from memory.
    """

    pixels: NDArray[Any]
    full_scale: int
    source: str
    sha256: str

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
            raise ScanError(
                "not-a-scan",
                f"(rows, columns) of uint8 or uint16 were expected, got {pixels.dtype} of shape {pixels.shape}.",
                "Pass one greyscale B-scan.",
            )
        if not pixels.size or pixels.size > MAX_PIXELS:
            raise ScanError(
                "too-many-pixels" if pixels.size else "empty-image",
                f"The scan has {pixels.shape[1]} x {pixels.shape[0]} pixels.",
                "Pass a scan at the size of the device.",
            )
        if pixels.max() > self.full_scale:
            raise ScanError(
                "brighter-than-white",
                f"A pixel of {int(pixels.max())} was found; the file declares white as {self.full_scale}.",
                EXPORT_AGAIN,
            )
        if pixels.min() == pixels.max():
            raise ScanError(
                "constant-image", f"Every pixel is {int(pixels.flat[0])}: nothing was recorded.", EXPORT_AGAIN
            )
        pixels.flags.writeable = False

    @property
    def rows(self) -> int:
        """Pixels along depth."""
        return int(self.pixels.shape[0])

    @property
    def columns(self) -> int:
        """Pixels along the lateral axis."""
        return int(self.pixels.shape[1])

    @property
    def bits(self) -> int:
        """Bits per stored sample, 8 or 16."""
        return self.pixels.dtype.itemsize * 8


def scan_from_pixels(frame: NDArray[np.uint8] | NDArray[np.uint16]) -> Scan:
    """Take a (rows, columns) uint8 or uint16 frame from device software; it is copied.

    Raises
    ------
    ScanError
        For another shape or dtype, an empty, oversized or constant frame.
    """
    pixels: NDArray[Any] = np.array(frame, order="C")
    return Scan(pixels, 2 ** (pixels.dtype.itemsize * 8) - 1, "", hashlib.sha256(pixels.tobytes()).hexdigest())


def read_scan(path: str | os.PathLike[str]) -> Scan:
    """Read one scan file (PNG, JPEG, TIFF, BMP; 8 or 16 bit; grey) or ``-``, standard input.

    Raises
    ------
    ScanMissingError
        When there is no such regular file, or it may not be read.
    ScanError
        When its content is not a scan that can be graded; the word says why.
    """
    data, source = (
        (_read_standard_input(), "-") if os.fspath(path) == "-" else (_read_file(path), _printable_name(path))
    )
    return decode_scan(data, source)


def _printable_name(path: str | os.PathLike[str]) -> str:
    """The file's own name as valid Unicode without control characters, whatever bytes it is made of."""
    name = os.path.basename(os.fspath(path)).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)


def _read_file(path: str | os.PathLike[str]) -> bytes:
    try:
        # Non-blocking, so that a FIFO without a writer is refused and not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _cannot_open(error) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise ScanMissingError("not-a-file", f"This is {kind}.", "Name the scan's file.")
    with open(descriptor, "rb") as file:
        if status.st_size > MAX_BYTES:
            raise _too_many_bytes()
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise _cannot_open(error) from error
    return _sized(data)


def _read_standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise ScanMissingError("missing-file", "Standard input is closed.", "Pipe a scan into it, or name a file.")
    try:
        return _sized(sys.stdin.buffer.read(MAX_BYTES + 1))
    except OSError as error:
        raise _cannot_open(error) from error


def _sized(data: bytes) -> bytes:
    if not data:
        raise ScanError("empty-file", "The file is empty.", EXPORT_AGAIN)
    if len(data) > MAX_BYTES:
        raise _too_many_bytes()
    return data


def _too_many_bytes() -> ScanError:
    return ScanError("file-too-large", f"The file is larger than {MAX_BYTES >> 20} MiB.", EXPORT_AS)


def _cannot_open(error: OSError | ValueError) -> ScanMissingError | ResourceError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return ScanMissingError("missing-file", "There is no such file.", "Check the path.")
        case PermissionError():
            return ScanMissingError("unreadable-file", "The file may not be read.", "Check its permissions.")
        case OSError(errno=code) if code in (23, 24):  # ENFILE, EMFILE
            return ResourceError(
                "too-many-open-files", "No more files can be opened.", "Close files, or raise the limit."
            )
        case _:
            return ScanMissingError("unreadable-file", "The file cannot be read.", "Check the path and the medium.")


def decode_scan(data: bytes, source: str) -> Scan:
    """Decode the bytes of one scan file.

    Raises
    ------
    ScanError
        When the content is not a scan that can be graded; the word says why.
    """
    header = read_header(data)
    pixels: NDArray[Any] = _decode(data, header)
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
