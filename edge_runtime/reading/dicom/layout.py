"""How the pixels of a DICOM file are laid out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError
from edge_runtime.reading.headers.rules import Header, check_size, checked_depth, colour_image, palette_image
from edge_runtime.scan import EXPORT_AS, MIN_BITS

from .library import damaged, truncated
from .syntaxes import Packing

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .opening import Opened

# What is read: pictures of eyes, and pictures of anything.
CLASSES = {
    "1.2.840.10008.5.1.4.1.1.77.1.5.1",  # Ophthalmic Photography 8 Bit
    "1.2.840.10008.5.1.4.1.1.77.1.5.2",  # Ophthalmic Photography 16 Bit
    "1.2.840.10008.5.1.4.1.1.77.1.5.4",  # Ophthalmic Tomography
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.1",  # its multi-frame kinds: single bit (which is refused), 8 bits, 16 bits, colour
    "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3",
    "1.2.840.10008.5.1.4.1.1.7.4",
}
MAX_FRAMES = 1000
_PIXEL_DATA = 0x7FE00010
_GREY = {"MONOCHROME1", "MONOCHROME2"}
_EQUAL_CHANNELS = {"RGB", "YBR_ICT", "YBR_RCT"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels are laid out.

    Attributes
    ----------
    rows, columns, samples
        Of one frame.
    allocated
        Bits that a number takes, 8 or 16.
    stored, shift
        Bits of a number that count, and bits below them that do not.
    planar
        Whether the channels of a frame follow each other.
    photometric
        The word of the standard for what the numbers mean.
    frames
        How many frames the file claims.
    """

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    shift: int
    planar: bool
    photometric: str
    frames: int

    @property
    def white(self) -> int:
        """The largest number that is stored."""
        return int(2**self.stored - 1)

    @property
    def frame_bytes(self) -> int:
        """What one frame takes when it is unpacked."""
        return self.rows * self.columns * self.samples * self.allocated // 8


def layout_of(opened: Opened) -> Layout:
    """Read and check the layout.

    Raises
    ------
    ScanError
        For a file that holds no picture that can be read; the word says why.
    """
    _check_class(opened.sop_class)
    ds = opened.elements
    if not opened.pixel_tag:
        raise truncated()
    if opened.pixel_tag != _PIXEL_DATA or whole_number(ds, "PixelRepresentation", 0):
        raise ScanError("float-image", "The numbers of the pixels are floating-point or signed.", EXPORT_AS)
    rows, columns, samples, allocated = (
        whole_number(ds, name) for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    )
    if min(rows, columns, samples) < 0:
        raise damaged("It has a negative size.")
    checked_depth(allocated)
    stored = whole_number(ds, "BitsStored", allocated)
    high = whole_number(ds, "HighBit", stored - 1)
    if not 1 <= stored <= allocated or not stored - 1 <= high < allocated:
        raise damaged("Its bits stored, bits allocated and high bit contradict each other.")
    if stored < MIN_BITS:
        raise ScanError(
            "unsupported-depth", f"The picture has {stored} bits per sample; 8 to 16 were expected.", EXPORT_AS
        )
    photometric = word(ds, "PhotometricInterpretation")
    _check_colour(photometric, samples, opened.syntax.packing)
    check_size(Header("dicom", rows, columns, allocated, 2**allocated - 1, checksummed=False, samples=samples))
    frames = whole_number(ds, "NumberOfFrames", 1)
    if not 1 <= frames <= MAX_FRAMES:
        raise ScanError(
            "frame-count",
            f"The DICOM file claims {frames} frames; 1 to {MAX_FRAMES} were expected.",
            "Export the scans of one eye alone.",
        )
    planar = samples > 1 and whole_number(ds, "PlanarConfiguration", 0) == 1
    return Layout(rows, columns, samples, allocated, stored, high + 1 - stored, planar, photometric, frames)


def _check_class(number: str) -> None:
    if number in CLASSES:
        return
    from pydicom.uid import UID

    known = UID(number).name  # of one that the standard does not know: the number itself, which may be any text
    name = f"of the class {known!r}" if known != number else "of a class that the standard does not know"
    raise ScanError(
        "dicom-class",
        f"The DICOM file is {name}.",
        "Export scans as Ophthalmic Tomography, Ophthalmic Photography or Secondary Capture.",
    )


def _check_colour(photometric: str, samples: int, packing: Packing) -> None:
    """What cannot be grey is refused before anything is unpacked."""
    if photometric == "PALETTE COLOR":
        raise palette_image()
    if samples == 1 and photometric in _GREY:
        return
    # OpenCV makes red, green and blue of what a lossy JPEG holds.
    if samples == 3 and (photometric in _EQUAL_CHANNELS or packing is Packing.JPEG):
        return
    if samples == 3 and photometric not in _GREY:
        raise colour_image("stored as brightness and colour")
    raise damaged("Its channels and its photometric interpretation contradict each other.")


def whole_number(ds: Dataset, keyword: str, default: int | None = None) -> int:
    """A whole number of the header.

    Raises
    ------
    ScanError
        ``damaged-dicom`` when it is missing and has no default, or is no single whole number.
    """
    value = ds.get(keyword)
    if value is None or value == "":
        if default is None:
            raise damaged(f"It lacks {keyword}.")
        return default
    if not isinstance(value, int):
        raise damaged(f"Its {keyword} is no whole number.")
    return int(value)


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """Numbers of the header; none when there are none.

    Raises
    ------
    ScanError
        ``damaged-dicom`` when one is not finite.
    """
    value = ds.get(keyword)
    if value is None or value == "":
        return ()
    several = value if hasattr(value, "__iter__") and not isinstance(value, str) else (value,)
    found = tuple(float(one) for one in several)
    if not all(map(math.isfinite, found)):
        raise damaged(f"Its {keyword} is no number.")
    return found


def word(ds: Dataset, keyword: str) -> str:
    """A word of the standard that the header gives, or ""."""
    value = ds.get(keyword)
    return value.strip() if isinstance(value, str) else ""


def first_item(ds: Dataset | None, keyword: str) -> Dataset | None:
    """The only item of a sequence, or None."""
    items = None if ds is None else ds.get(keyword)
    return items[0] if items else None
