"""Several patients must never become one answer: the DICOM files of an exam are of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.errors import MissingExtraError, ScanError, ScanMissingError
from edge_runtime.reading.files import begins_as_dicom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.reading.files import ScanFile

    from .source import SourceFrame


def check_patients(eyes: Sequence[Sequence[ScanFile]]) -> None:
    """Refuse DICOM files of several studies in one eye, and of several patients in one exam.

    Parameters
    ----------
    eyes
        The files of each eye, or their bytes; pictures among them say nothing.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    """
    dicom = [[path for path in dict.fromkeys(paths) if begins_as_dicom(path)] for paths in eyes]
    if sum(map(len, dicom)) < 2:
        return
    from .source import check_one_patient, check_one_study

    of_eyes = [[frame for path in paths for frame in _frames(path)] for paths in dicom]
    for frames in of_eyes:
        check_one_study(frames)
    check_one_patient([frame for frames in of_eyes for frame in frames])


def _frames(path: ScanFile) -> Sequence[SourceFrame]:
    """The frames of a file; what is wrong with it, its reading says."""
    from .source import read_source

    try:
        return read_source(path)
    except (ScanError, ScanMissingError, MissingExtraError):
        return ()
