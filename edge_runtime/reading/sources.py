"""One file to its scans: a picture is one, a DICOM file has one in each frame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from edge_runtime.scan import ScanSource

from .files import begins_as_dicom, name_of
from .raster import read_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_runtime.belonging import Belonging
    from edge_runtime.scan import Scan

    from .dicom.facts import FrameFacts
    from .dicom.file import DicomFile
    from .files import ScanFile


def sources_of(file: ScanFile, room: Callable[[], int | None] = lambda: None) -> tuple[ScanSource, ...]:
    """The scans of one file, in the order of the exam; pixels are read when their turn comes.

    The header of a DICOM file is read at once. An open file and standard input are one scan.

    Parameters
    ----------
    file
        Its path, its bytes, or a binary file that is open for reading.
    room
        Asked for the memory in bytes that a scan may take, just before it is read; None: any.

    Raises
    ------
    ScanError
        When the header of a DICOM file cannot be read, or is of a kind that is not; the word says why.
    MissingExtraError
        ``dicom-not-installed`` for a DICOM file without the extra ``dicom``.
    """
    name = name_of(file)
    if not begins_as_dicom(file):
        return (ScanSource(name, partial(_read_picture, file, room)),)
    from .dicom.belonging import read_belonging
    from .dicom.file import index_dicom, opener_of

    def belonging() -> Belonging:
        return read_belonging(file, room())

    dicom = index_dicom(name, opener_of(file), room())
    several = len(dicom.frames) > 1
    return tuple(
        ScanSource(
            f"{name}#{facts.number}" if several else name,
            partial(_read_frame, dicom, facts, room),
            facts.laterality,
            facts.meridian_deg,
            facts.number if several else None,
            belonging,
        )
        for facts in dicom.frames
    )


def _read_picture(file: ScanFile, room: Callable[[], int | None]) -> Scan:
    return read_scan(file, room())


def _read_frame(dicom: DicomFile, facts: FrameFacts, room: Callable[[], int | None]) -> Scan:
    return dicom.read(facts, room())
