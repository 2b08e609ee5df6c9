"""One DICOM file: opened, indexed, and read one frame at a time."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from edge_runtime.errors import ResourceError, ScanError
from edge_runtime.reading.files import open_file, printable_name
from edge_runtime.scan import EXPORT_AGAIN, Scan

from .facts import FrameFacts, facts_of
from .layout import Layout, layout_of, word
from .library import guarded
from .opening import MAX_DICOM_BYTES, open_dicom, too_large
from .pixel_data import Part, frames_in, read_parts, read_swapped
from .syntaxes import DEFLATED, Syntax
from .unpacking import grey_levels, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from edge_runtime.reading.files import ScanFile

    from .opening import Opened

# Copies of a frame while it is unpacked: what it unpacks to, what a decoder makes of it, its grey levels.
_COPIES = 3


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A DICOM file whose header was read; its pixels are not in memory.

    Attributes
    ----------
    name
        The name it was given by; "" for bytes.
    frames
        The facts of each frame, in the order of the exam.
    """

    name: str
    frames: tuple[FrameFacts, ...]
    _open: Callable[[], BinaryIO]
    _mark: tuple[int, ...]
    _sha256: str
    _syntax: Syntax
    _layout: Layout
    _parts: tuple[tuple[Part, ...], ...]
    _notices: tuple[str, ...]
    _instance: str
    _little_endian: bool
    _swapped: bool

    def source_of(self, facts: FrameFacts) -> str:
        """What a document calls a frame: the file's name, and the frame's number where there are several."""
        name = printable_name(self.name)
        return name if len(self.frames) == 1 else f"{name}#{facts.number}"

    def read(self, facts: FrameFacts, room_bytes: int | None = None) -> Scan:
        """Read one frame.

        Raises
        ------
        ScanError
            When its pixels cannot be unpacked exactly; the word says why.
        ResourceError
            ``memory-cap`` when it does not fit into `room_bytes`.
        """
        parts = self._parts[facts.number - 1]
        needed = _COPIES * self._layout.frame_bytes + sum(part.length for part in parts)
        if room_bytes is not None and needed > room_bytes:
            raise ResourceError(
                "memory-cap",
                f"The pixels take {-(-needed // 1_000_000)} MB, more than the cap leaves.",
                "Raise --max-memory.",
            )
        with self._open() as file:
            if _mark_of(file) != self._mark:
                raise ScanError("damaged-dicom", "The DICOM file changed while it was read.", EXPORT_AGAIN)
            content = file
            if self._syntax.uid == DEFLATED:
                content = guarded(lambda: open_dicom(file, _size_of(file), room_bytes)).content
            data = read_swapped(content, parts[0], self._parts[0][0]) if self._swapped else read_parts(content, parts)
        pixels = unpack(data, self._syntax, self._layout, little_endian=self._little_endian)
        del data
        levels, white = grey_levels(pixels, self._layout, facts.grey)
        return Scan(
            levels,
            white,
            self.source_of(facts),
            self._sha256,
            facts.pitch_um,
            facts.laterality,
            facts.meridian_deg,
            self._notices,
            (self._instance, facts.number) if self._instance else None,
        )


def index_dicom(name: str, opener: Callable[[], BinaryIO], room_bytes: int | None = None) -> DicomFile:
    """Read the header of a DICOM file and find its frames.

    Parameters
    ----------
    name
        The name it was given by; "" for bytes.
    opener
        Opens its content, each time anew.
    room_bytes
        Memory that may be used; None: any.

    Raises
    ------
    ScanError
        When it is damaged, or of a kind that is not read.
    MissingExtraError
        ``dicom-not-installed``.
    """
    with opener() as file:
        mark, size = _mark_of(file), _size_of(file)
        if size > MAX_DICOM_BYTES:
            raise too_large()
        opened = guarded(lambda: open_dicom(file, size, room_bytes))
        layout = guarded(lambda: layout_of(opened))
        facts = guarded(lambda: facts_of(opened.elements, layout))
        notices = guarded(lambda: _notices(opened))
        instance = guarded(lambda: word(opened.elements, "SOPInstanceUID"))
        parts = frames_in(opened, layout)
        file.seek(0)
        digest = _sha256_of(file)
    swapped = not opened.little_endian and opened.pixel_kind == "OW" and layout.allocated == 8
    little = opened.little_endian
    return DicomFile(
        name, facts, opener, mark, digest, opened.syntax, layout, parts, notices, instance, little, swapped
    )


def read_header(path: ScanFile, wanted: tuple[str, ...], room_bytes: int | None = None) -> Dataset:
    """Elements of a DICOM file before its pixels.

    Parameters
    ----------
    path
        The file, or its bytes.
    wanted
        Their keywords.
    room_bytes
        Memory that may be used; None: any.

    Raises
    ------
    ScanError
        When it is damaged, or of a kind that is not read.
    ScanMissingError
        When there is no such regular file, or it may not be read.
    ResourceError
        ``memory-cap`` when an inflated file does not fit into `room_bytes`.
    MissingExtraError
        ``dicom-not-installed``.
    """
    with opener_of(path)() as file:
        size = _size_of(file)
        if size > MAX_DICOM_BYTES:
            raise too_large()
        return guarded(lambda: open_dicom(file, size, room_bytes, wanted)).elements


def read_only_frame(file: ScanFile, name: str, room_bytes: int | None = None) -> Scan:
    """Read the frame of a file that has one; `name` is what an error calls it.

    Raises
    ------
    ScanError
        ``multi-frame`` for more; otherwise as `index_dicom` and `DicomFile.read` do.
    """
    dicom = index_dicom(name, opener_of(file), room_bytes)
    if len(dicom.frames) > 1:
        raise ScanError(
            "multi-frame",
            f"The DICOM file holds {len(dicom.frames)} frames: an exam, not one scan.",
            "Give it to 'edge-cataract exam', or to analyze_exam in Python.",
        )
    return dicom.read(dicom.frames[0], room_bytes)


def opener_of(scan: ScanFile) -> Callable[[], BinaryIO]:
    """Opens a path, safely, or bytes; each time from the beginning."""
    if isinstance(scan, str | os.PathLike):
        return partial(open_file, scan)
    return partial(io.BytesIO, scan)  # type: ignore[arg-type]  # an open file was read into bytes


def _notices(opened: Opened) -> tuple[str, ...]:
    """What a reader of the numbers should know (words of `codes.WARNINGS`)."""
    found = []
    said, lossy = word(opened.elements, "LossyImageCompression"), opened.syntax.lossy
    if said == "01" or lossy or (lossy is None and said != "00"):
        found.append("lossy-compression")
    if word(opened.elements, "BurnedInAnnotation") == "YES":
        found.append("burned-in-text")
    return tuple(found)


def _sha256_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _mark_of(file: BinaryIO) -> tuple[int, ...]:
    """What changes when a file is another one."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):  # bytes
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _size_of(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
