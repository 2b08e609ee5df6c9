"""The first steps into a DICOM file: its meta information, its deflated rest, its elements up to the pixels."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from edge_runtime.errors import ResourceError, ScanError
from edge_runtime.reading.files import DICOM_AT, DICOM_MARK
from edge_runtime.reading.inflating import PART_BYTES, inflated_parts

from .library import BoundedFile, damaged, truncated
from .syntaxes import BIG_ENDIAN, DEFLATED, IMPLICIT, Syntax, syntax_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

MAX_DICOM_BYTES = 256 << 20  # of a file, and of one that is inflated: six 16-bit frames of 25 million pixels fit
_MAX_META_BYTES = 1 << 16
_LONG = {b"OB", b"OW", b"UN", b"SQ", b"UT", b"UC", b"UR", b"OF", b"OD", b"OL", b"OV", b"SV", b"UV"}
_SYNTAX_TAG, _CLASS_TAG = 0x00020010, 0x00020002
_PIXEL_TAGS = {0x7FE00008, 0x7FE00009, 0x7FE00010}  # of floats, of doubles, of whole numbers
UNDEFINED = 0xFFFFFFFF

# All that is read; whatever names a person is skipped, and never in memory.
ELEMENTS_OF_SCANS = (
    "SOPClassUID", "SOPInstanceUID", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames",
    "PixelSpacing", "ImageLaterality", "Laterality", "LossyImageCompression", "BurnedInAnnotation", "RescaleSlope",
    "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence", "VOILUTFunction", "WindowCenter", "WindowWidth",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ExtendedOffsetTable",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A DICOM file up to its pixels.

    Attributes
    ----------
    elements
        What was asked for of its header.
    sop_class
        Number of the class of the file.
    syntax
        How its pixels are packed.
    content
        Where the pixels are: the file itself, or what it inflates to.
    size
        Bytes of `content`.
    pixel_tag, pixel_at, pixel_length
        Element that holds the pixels, where its value begins, and its length (`UNDEFINED` for fragments); 0 for none.
    pixel_kind
        Value representation of the pixels, or "".
    """

    elements: Dataset
    sop_class: str
    syntax: Syntax
    content: BinaryIO
    size: int
    pixel_tag: int
    pixel_at: int
    pixel_length: int
    pixel_kind: str

    @property
    def little_endian(self) -> bool:
        """Whether numbers have their lowest byte first."""
        return self.syntax.uid != BIG_ENDIAN


def open_dicom(
    file: BinaryIO, size: int, room_bytes: int | None, wanted: tuple[str, ...] = ELEMENTS_OF_SCANS
) -> Opened:
    """Read a DICOM file up to its pixels.

    Parameters
    ----------
    file, size
        The file and its bytes.
    room_bytes
        Memory that may be used; None: any.
    wanted
        Keywords of the elements that are kept; all others are skipped.

    Raises
    ------
    ScanError
        ``damaged-dicom``, ``truncated-dicom``, ``dicom-header``, ``file-too-large``, ``unsupported-compression``.
    ResourceError
        ``memory-cap`` when an inflated file does not fit into `room_bytes`.
    """
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset

    syntax, sop_class = _read_meta(file)
    if syntax.uid == DEFLATED:
        file, size = _inflated(file, room_bytes)
    found: list[tuple[int, str, int, int]] = []

    def at_pixels(tag: int, kind: str | None, length: int) -> bool:
        if int(tag) in _PIXEL_TAGS:
            found[:] = [(int(tag), kind or "", length, file.tell())]
            return True
        return False

    bounded: Any = BoundedFile(file, size)
    elements = read_dataset(
        bounded,
        syntax.uid == IMPLICIT,
        syntax.uid != BIG_ENDIAN,
        stop_when=at_pixels,
        specific_tags=[tag for tag in map(tag_for_keyword, wanted) if tag is not None],
    )
    tag, kind, length, place = found[0] if found else (0, "", 0, 0)
    own_class = elements.get("SOPClassUID")
    return Opened(elements, str(own_class or sop_class), syntax, file, size, tag, place, length, kind)


def go_to_data_set(file: BinaryIO) -> None:
    """Leave a DICOM file where its data set begins, behind the header that who wrote the file has put before it.

    Raises
    ------
    ScanError
        ``damaged-dicom``, ``truncated-dicom``, ``unsupported-compression``.
    """
    _read_meta(file)


def _read_meta(file: BinaryIO) -> tuple[Syntax, str]:
    """The transfer syntax and the class that group 2 names; the file is left where the dataset begins."""
    file.seek(DICOM_AT + len(DICOM_MARK))
    syntax = sop_class = ""
    while True:
        place = file.tell()
        head = file.read(8)
        if len(head) < 8:
            raise truncated()
        group, element, kind, length = struct.unpack("<HH2sH", head)
        if group != 2:
            file.seek(place)
            break
        if kind in _LONG:
            more = file.read(4)
            length = struct.unpack("<L", more)[0] if len(more) == 4 else UNDEFINED
        if length > _MAX_META_BYTES or file.tell() > _MAX_META_BYTES:
            raise damaged("Its meta information is too long.")
        value = file.read(length)
        if len(value) < length:
            raise truncated()
        if (group << 16 | element) == _SYNTAX_TAG:
            syntax = value.rstrip(b"\0 ").decode("ascii", "replace")
        elif (group << 16 | element) == _CLASS_TAG:
            sop_class = value.rstrip(b"\0 ").decode("ascii", "replace")
    if not syntax:
        raise damaged("It does not say how it is written (Transfer Syntax UID).")
    return syntax_of(syntax), sop_class


def _inflated(file: BinaryIO, room_bytes: int | None) -> tuple[BinaryIO, int]:
    """The rest of a deflated file, unpacked; what it unpacks to is counted before any of it is held."""
    most = MAX_DICOM_BYTES if room_bytes is None else min(MAX_DICOM_BYTES, room_bytes)
    start, size = file.tell(), 0
    for part in _inflating(file):
        size += len(part)
        if size > most:
            raise _too_large(room_bytes)
    if not size:
        raise truncated()
    file.seek(start)
    whole = io.BytesIO()
    whole.seek(size - 1)
    whole.write(b"\0")  # all of it at once: growing would hold it twice
    whole.seek(0)
    for part in _inflating(file):
        whole.write(part)
    whole.seek(0)
    return whole, size


def _inflating(file: BinaryIO) -> Iterator[bytes]:
    try:
        yield from inflated_parts(iter(partial(file.read, PART_BYTES), b""), -zlib.MAX_WBITS)
    except EOFError:
        raise truncated() from None
    except zlib.error:
        raise damaged("What was deflated does not inflate.") from None


def _too_large(room_bytes: int | None) -> ScanError | ResourceError:
    if room_bytes is not None and room_bytes < MAX_DICOM_BYTES:
        return ResourceError("memory-cap", "The file inflates to more than the cap leaves.", "Raise --max-memory.")
    return too_large()


def too_large() -> ScanError:
    """The error for a DICOM file over the limit."""
    return ScanError(
        "file-too-large",
        f"The DICOM file is larger than {MAX_DICOM_BYTES >> 20} MiB, packed or inflated.",
        "Export fewer frames into one file.",
    )
