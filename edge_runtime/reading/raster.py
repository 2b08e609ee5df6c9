"""Bytes of a picture file to a scan: the one safe way into the program."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ResourceError, ScanError, out_of_memory
from edge_runtime.machine.libraries import load_cv2
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS, Scan

from .decoder_messages import captured_messages, reports_damage
from .files import name_of, printable_name, read_content
from .headers import Header, read_header
from .holes import check_all_was_written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .files import ScanFile


def read_scan(file: ScanFile, room_bytes: int | None = None) -> Scan:
    """Read one scan file (PNG, JPEG, TIFF, BMP; 8 or 16 bit; grey) or ``-``, standard input.

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
        When its content is not a scan that can be graded; the word says why.
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
    header = read_header(data)
    if room_bytes is not None and header.unpacked_bytes > room_bytes:
        needed = -(-header.unpacked_bytes // 1_000_000)
        raise ResourceError(
            "memory-cap", f"The pixels take {needed} MB, more than the cap leaves.", "Raise --max-memory."
        )
    pixels: NDArray[Any] = decode_pixels(data, header)
    if header.container == "bmp" and pixels.ndim == 3:
        pixels = pixels[..., :3]  # the fourth byte of 32 bits carries nothing: its header was checked
    if pixels.ndim == 3:
        if pixels.shape[2] != 3 or not (
            np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
        ):
            raise ScanError("colour-image", "The picture's channels differ: it is in colour.", EXPORT_AS)
        pixels = np.ascontiguousarray(pixels[..., 0])
    if header.container != "png":  # whose checksums leave no doubt
        check_all_was_written(pixels, header)
    return Scan(pixels, header.full_scale, source, hashlib.sha256(data).hexdigest())


def decode_pixels(data: bytes, header: Header) -> NDArray[Any]:
    """The pixels of a picture file as they are stored; (rows, columns) or (rows, columns, channels).

    Raises
    ------
    ScanError
        When they cannot be decoded, or not all of them are there.
    """
    cv2 = load_cv2()
    damaged = ScanError(
        f"damaged-{header.container}", f"The {header.container.upper()} cannot be decoded.", EXPORT_AGAIN
    )
    with captured_messages() as messages:
        try:
            pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise out_of_memory() if error.code == cv2.Error.StsNoMem else damaged from error
    if pixels is None or pixels.shape[:2] != (header.rows, header.columns) or pixels.dtype.itemsize * 8 != header.bits:
        raise damaged
    if reports_damage(header.container, messages):
        name = header.container
        raise ScanError(
            f"truncated-{name}",
            f"The {name.upper()} holds fewer pixels than its header says, or is damaged.",
            EXPORT_AGAIN,
        )
    return pixels
