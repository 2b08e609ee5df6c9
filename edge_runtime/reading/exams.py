"""Files to an exam: the radial scans of one eye."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_runtime.checked import checked_list
from edge_runtime.errors import FAULTS_OF_ONE_SCAN, UsageError
from edge_runtime.scan import Exam, ScanSource, scan_from_pixels

from .files import name_of
from .one_patient import check_one_patient
from .sources import sources_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.scan import Laterality

    from .files import ScanFile


def exam_of(
    paths: Sequence[ScanFile] | Exam,
    frames: Sequence[NDArray[Any]],
    laterality: Laterality | None,
    room: Callable[[], int | None],
) -> Exam:
    """The exam of files, or of frames in memory; one that was put together already stays as it is.

    Raises
    ------
    UsageError
        Without scans, and with both kinds.
    """
    shown = checked_list(frames, "A list of frames")
    if shown and (isinstance(paths, Exam) or paths):
        raise UsageError("usage", "Both paths and frames were given.", "Give one of them.")
    if isinstance(paths, Exam):
        return paths
    return exam_of_frames(shown, laterality) if shown else exam_of_files(paths, laterality, room)


def exam_of_files(
    paths: Sequence[ScanFile],
    laterality: Laterality | None = None,
    room: Callable[[], int | None] = lambda: None,
    named: Sequence[Laterality | None] = (),
) -> Exam:
    """The exam whose scans are these files, in this order; each is read when its turn comes.

    A DICOM file of several frames is as many scans, in the order that it says.

    Parameters
    ----------
    paths
        The files.
    laterality
        Which eye; None when it is not known.
    room
        Asked for the memory in bytes that a scan may take, just before it is read; None: any.
    named
        For each file the eye that its name says, where the files come without their names; empty: their names say it.

    Raises
    ------
    UsageError
        Without files, or for a single path where a list of them was expected; ``mixed-studies`` for DICOM files of
        several studies or patients.
    """
    if isinstance(paths, str | bytes | os.PathLike):
        raise UsageError("usage", "A list of scans was expected, got one path.", "Give [path].")
    files = checked_list(paths, "A list of scans")
    eyes = named or [None] * len(files)
    exam = Exam(
        tuple(
            source if eye is None else replace(source, named=eye)
            for path, eye in zip(files, eyes, strict=True)
            for source in _sources(path, room)
        ),
        laterality,
    )
    check_one_patient([exam.sources])
    return exam


def exam_of_frames(frames: Sequence[NDArray[Any]], laterality: Laterality | None = None) -> Exam:
    """The exam whose scans are these frames in memory: each (rows, columns) uint8 or uint16."""
    return Exam(
        tuple(
            ScanSource(f"frame {number}", partial(scan_from_pixels, frame, f"frame {number}"))
            for number, frame in enumerate(frames, start=1)
        ),
        laterality,
    )


def _sources(path: ScanFile, room: Callable[[], int | None]) -> tuple[ScanSource, ...]:
    """The scans of a file; a file that cannot be opened is one that says why when its turn comes."""
    try:
        return sources_of(path, room)
    except FAULTS_OF_ONE_SCAN as error:
        return (ScanSource.unreadable(name_of(path), error),)
