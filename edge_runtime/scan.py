"""One B-scan, and the eye that it shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import numpy as np

from .errors import ScanError, UsageError
from .plain import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .belonging import Belonging
    from .errors import EdgeCataractError
    from .label_map import LabelMap

Value = TypeVar("Value")

MAX_PIXELS = 25_000_000
MAX_BYTES = 64 * 1024 * 1024
MIN_BITS, MAX_BITS = 8, 16  # of a declared depth
EXPORT_AS = "Export the scan as an 8- or 16-bit greyscale PNG, without alpha channel, palette, annotation or rotation."
EXPORT_AGAIN = "Copy or export the scan again."


class Laterality(StrEnum):
    """Which eye of the patient (DICOM Image Laterality, as OD / OS)."""

    OD = "OD"
    OS = "OS"


class Origin(StrEnum):
    """Where a fact about a scan comes from."""

    FILE = "file"  # the file's own header
    USER = "user"  # an option or an argument
    MANIFEST = "manifest"  # a row of the table that lists the scans
    NAME = "name"  # the name of the file, or of its folder


@dataclass(frozen=True, slots=True)
class Known(Generic[Value]):
    """A fact about a scan, and where it comes from."""

    value: Value
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One B-scan as the device exported it.

    Attributes
    ----------
    pixels
        (rows, columns) uint8 or uint16, row = depth, column = lateral; read-only.
    full_scale
        The value that is declared to be white: 255, 65535 or a smaller 2**n - 1.
    source
        File name without its folder; ``-`` for standard input; empty for pixels from memory.
    sha256
        Hash of the file's bytes, or of the pixels' bytes when they came from memory.
    pitch_um
        (row, column) pixel pitch in um; None where it is not known.
    laterality
        Which eye of the patient; None where it is not known.
    meridian_deg
        Angle of the radial scan in degrees, 0 to 180; None where it is not known.
    notices
        What its file says that a reader of the result should know (words of `codes.WARNINGS`).
    instance
        UID of the DICOM object that holds it, which no document names, and its frame there, from 1; None for others.
    corrected_labels
        What a person labelled in it, which goes before what the model labels; None: nothing.
    """

    pixels: NDArray[Any]
    full_scale: int
    source: str
    sha256: str
    pitch_um: Known[tuple[float, float]] | None = None
    laterality: Known[Laterality] | None = None
    meridian_deg: Known[float] | None = None
    notices: tuple[str, ...] = ()
    instance: tuple[str, int] | None = None
    corrected_labels: LabelMap | None = None

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
            raise ScanError(
                "bad-array",
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
                f"A pixel of {int(pixels.max())} was found; white is declared as {self.full_scale}.",
                "Declare the bits that the device records, or export the scan again.",
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

    def of_bits(self, bits: int | None) -> Scan:
        """The same scan with the depth that its user declares; None: as the file says.

        Parameters
        ----------
        bits
            Bits per sample that the device records, 8 to 16: white is 2**bits - 1.

        Raises
        ------
        UsageError
            ``bad-bits`` for another number.
        ScanError
            ``unsupported-depth`` when each sample has 8 bits and more are declared; ``brighter-than-white`` when a
            pixel is above the white that was declared.
        """
        declared = checked_bits(bits)
        if declared is None:
            return self
        if declared > self.bits:
            raise ScanError(
                "unsupported-depth",
                f"{declared} bits were declared, and the scan has {self.bits} per sample.",
                "Declare bits for 16-bit scans alone.",
            )
        return replace(self, full_scale=2**declared - 1)

    def corrected_by(self, labels: LabelMap | None) -> Scan:
        """The same scan with what a person labelled in it; as it is without.

        Raises
        ------
        CorrectionError
            ``labels-size`` for a map of another size; ``labels-other-scan`` for one that says it is of another scan.
        """
        if labels is not None:
            labels.check_scan((self.rows, self.columns), self.sha256, self.instance)
        return replace(self, corrected_labels=labels)


def checked_bits(bits: int | None) -> int | None:
    """A declared depth, 8 to 16, or None.

    Raises
    ------
    UsageError
        ``bad-bits`` for anything else.
    """
    if bits is None:
        return None
    number = whole_number(bits)
    if number is None or not MIN_BITS <= number <= MAX_BITS:
        raise UsageError(
            "bad-bits",
            f"A declared depth of {MIN_BITS} to {MAX_BITS} bits was expected, got {bits!r}.",
            "Give the bits that the device records, or leave them out.",
        )
    return number


@dataclass(frozen=True, slots=True)
class ScanSource:
    """Where one scan of an exam comes from; it is read when the exam is analysed, and not before.

    Attributes
    ----------
    name
        What an error about it names: the path as it was given.
    read
        Reads the scan, or raises why it cannot be read.
    laterality, meridian_deg
        What is known of it before its pixels are read; None: nothing.
    frame
        Its number in a file of several frames, from 1; None: the file has no others.
    belonging
        Reads to which patient and study its file says that it belongs, the same for all scans of the file, and raises
        why it cannot be read; None: its file says nothing of that.
    named
        The eye that the name of its file says, where another program has seen that name; None: what `name` says.
    """

    name: str
    read: Callable[[], Scan]
    laterality: Known[Laterality] | None = None
    meridian_deg: Known[float] | None = None
    frame: int | None = None
    belonging: Callable[[], Belonging] | None = None
    named: Laterality | None = None

    @classmethod
    def unreadable(cls, name: str, error: EdgeCataractError) -> ScanSource:
        """A scan that raises this error when its turn comes."""
        return cls(name, partial(_fail, error))

    def scan(self) -> Scan:
        """Read the scan; what it does not say of itself is added where it is known. It raises as `read` does."""
        scan = self.read()
        if self.laterality is None and self.meridian_deg is None:
            return scan
        return replace(
            scan,
            laterality=scan.laterality or self.laterality,
            meridian_deg=scan.meridian_deg or self.meridian_deg,
        )


def _fail(error: EdgeCataractError) -> NoReturn:
    raise error


@dataclass(frozen=True, slots=True)
class Exam:
    """The radial scans of one eye, good and bad: a scan that cannot be read becomes an entry of the result.

    Attributes
    ----------
    sources
        The scans in the order in which they were given.
    laterality
        Which eye of the patient; None where it is not known.
    """

    sources: tuple[ScanSource, ...]
    laterality: Laterality | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise UsageError("usage", "An exam without scans was given.", "Name the radial scans of one eye.")


def scan_from_pixels(frame: NDArray[np.uint8] | NDArray[np.uint16], source: str = "") -> Scan:
    """Take a (rows, columns) uint8 or uint16 frame from device software; it is copied.

    Raises
    ------
    ScanError
        For another shape or dtype, a masked, empty, oversized or constant frame; what is refused is not copied.
    """
    if isinstance(frame, np.ma.MaskedArray):
        raise ScanError("bad-array", "A masked array was given.", "Pass frame.filled(0), or the plain array.")
    pixels: NDArray[Any] = np.asarray(frame)
    if pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16) and 0 < pixels.size <= MAX_PIXELS:
        pixels = np.array(pixels, order="C")
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    else:
        digest = ""  # `Scan` says what is wrong
    return Scan(pixels, 2 ** (8 * min(pixels.dtype.itemsize, 2)) - 1, source, digest)


def __getattr__(name: str) -> Any:
    """Reading moved to `edge_runtime.reading`; its names are still found here."""
    rooms = {"captured_messages": "decoder_messages", "decode_scan": "raster", "read_scan": "raster"}
    if name not in rooms:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"edge_runtime.reading.{rooms[name]}"), name)
