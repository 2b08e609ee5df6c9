"""What any header must keep to, whatever the container, and the errors that say so."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.errors import ScanError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS, MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says about its pixels.

    Attributes
    ----------
    container
        ``png``, ``jpeg``, ``tiff`` or ``bmp``.
    rows, columns
        Size in pixels.
    bits
        Bits per sample as stored, 8 or 16.
    full_scale
        The value that the file declares to be white: ``2**bits - 1`` unless a TIFF tag says less.
    checksummed
        Whether the container would betray zeroed pixel data by itself.
    bottom_up
        Whether the last row is stored first.
    samples
        Values per pixel, 1 or 3.
    aside_bytes
        What the decoder holds beside the pixels until it is done: coefficients of a JPEG of several passes, the largest
        strip or tile of a TIFF.
    """

    container: str
    rows: int
    columns: int
    bits: int
    full_scale: int
    checksummed: bool
    bottom_up: bool = False
    samples: int = 1
    aside_bytes: int = 0

    @property
    def unpacked_bytes(self) -> int:
        """What its pixels take when they are unpacked."""
        return self.rows * self.columns * self.samples * self.bits // 8

    @property
    def decoding_bytes(self) -> int:
        """What decoding takes at most: the pixels twice, or once beside what the decoder holds."""
        return self.unpacked_bytes + max(self.unpacked_bytes, self.aside_bytes)


def checked_depth(bits: int) -> int:
    """8 or 16; anything else is refused."""
    if bits == 1:
        raise ScanError("bilevel-image", "The picture has one bit per pixel.", EXPORT_AS)
    if bits not in (8, 16):
        raise ScanError(
            "unsupported-depth", f"The picture has {bits} bits per sample; 8 or 16 were expected.", EXPORT_AS
        )
    return bits


def alpha_channel() -> ScanError:
    """The error for it."""
    return ScanError("alpha-channel", "The picture has an alpha channel.", EXPORT_AS)


def colour_image(what: str) -> ScanError:
    """The error for it; `what` says how the colour is stored."""
    return ScanError("colour-image", f"The picture is {what}, not grey.", EXPORT_AS)


def palette_image() -> ScanError:
    """The error for it."""
    return ScanError("palette-image", "The picture's pixels are indices into a palette, not grey levels.", EXPORT_AS)


def separate_planes() -> ScanError:
    """The error for three channels that are stored one after the other."""
    return ScanError(
        "separate-planes",
        "The picture's three channels of 16 bits are stored apart, which OpenCV mixes up.",
        "Export the scan as a greyscale PNG or TIFF of one channel.",
    )


def check_orientation(orientation: int) -> None:
    """Refuse any EXIF or TIFF orientation but 1, upright."""
    if orientation != 1:
        raise ScanError(
            "rotated-image", f"The file asks to be shown rotated or mirrored (orientation {orientation}).", EXPORT_AS
        )


def check_size(header: Header) -> None:
    """Refuse a picture before its pixels are unpacked.

    Raises
    ------
    ScanError
        ``empty-image`` for a side of 0, ``too-many-pixels`` above `MAX_PIXELS`.
    """
    if not header.rows or not header.columns:
        raise ScanError("empty-image", f"The header says {header.columns} x {header.rows} pixels.", EXPORT_AGAIN)
    if header.rows * header.columns > MAX_PIXELS:
        raise ScanError(
            "too-many-pixels",
            f"The header says {header.columns} x {header.rows} pixels; the limit is {MAX_PIXELS // 1_000_000} million.",
            "Export the scan at the size of the device.",
        )
