"""The DICOM objects that an exam was read from, and what a result takes from them."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import ScanError, UsageError

from .library import silenced

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Patient and General Study: what an archive files an object under. Comments, photographs, history and the like are not
# needed for that and stay where they are.
FILED_UNDER = (
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "TypeOfPatientID",
    "PatientBirthDate", "PatientBirthTime", "PatientSex", "OtherPatientIDsSequence", "QualityControlSubject",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianName",
)  # fmt: skip
ALWAYS_THERE = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
_IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a frame lies in its frame of reference.

    Attributes
    ----------
    position_mm
        The centre of its first pixel: x, y, z.
    orientation
        Direction cosines of its rows, then of its columns.
    """

    position_mm: tuple[float, ...]
    orientation: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SourceFrame:
    """Where a scan comes from.

    Attributes
    ----------
    dataset
        The DICOM object; its pixels are not needed.
    number
        Number of the frame from 1 where the object has several; None where it has one.
    """

    dataset: Dataset
    number: int | None = None

    @property
    def key(self) -> str:
        """What no other frame of any object has."""
        return f"{self.dataset.SOPInstanceUID}/{self.number or 1}"

    @property
    def plane(self) -> Plane | None:
        """Where it lies; None where the object does not say so."""
        if not _is_uid(self.dataset.get("FrameOfReferenceUID")):
            return None
        position = self._numbers("PlanePositionSequence", "ImagePositionPatient", 3)
        orientation = self._numbers("PlaneOrientationSequence", "ImageOrientationPatient", 6)
        return None if position is None or orientation is None else Plane(position, orientation)

    @property
    def pixel_spacing_mm(self) -> tuple[float, ...] | None:
        """(row, column) spacing in mm; None where it is not known."""
        spacing = self._numbers("PixelMeasuresSequence", "PixelSpacing", 2)
        return None if spacing is None or min(spacing) <= 0 else spacing

    @property
    def thickness_mm(self) -> float | None:
        """How deep a slice it shows, in mm; None where it is not known."""
        thickness = self._numbers("PixelMeasuresSequence", "SliceThickness", 1)
        return None if thickness is None else thickness[0]

    def _numbers(self, sequence: str, keyword: str, count: int) -> tuple[float, ...] | None:
        """Numbers of a functional group: the frame's own, the shared, or those of the whole object."""
        own = self.dataset.get("PerFrameFunctionalGroupsSequence") or []
        shared = self.dataset.get("SharedFunctionalGroupsSequence") or []
        places = [groups.get(sequence) for groups in (*own[(self.number or 1) - 1 :][:1], *shared[:1])]
        for place in (*(items[0] for items in places if items), self.dataset):
            try:
                found = place.get(keyword)
                values = tuple(float(value) for value in ([found] if count == 1 else found or ()))
            except (ValueError, TypeError):
                continue
            if len(values) == count and all(map(math.isfinite, values)):
                return values
        return None


def read_source(path: str, frame: int | None = None) -> tuple[SourceFrame, ...]:
    """The frames of a DICOM file, or one of them.

    Parameters
    ----------
    path
        The file.
    frame
        Number of the frame from 1; None: all, in the order in which they are stored.

    Raises
    ------
    UsageError
        ``source-not-dicom`` for a file of another kind.
    ScanError
        ``incomplete-dicom`` when it does not say what a result has to refer to.
    """
    from pydicom import dcmread

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe without a writer would be waited for
            raise _no_dicom()
        with silenced():
            dataset = dcmread(path, stop_before_pixels=True)
            count = int(dataset.get("NumberOfFrames") or 1)
            identified = all(_is_uid(dataset.get(keyword)) for keyword in _IDENTIFIERS)
            is_image = identified and dataset.SOPClassUID.name.endswith("Image Storage")
    except (UsageError, MemoryError):
        raise
    except Exception:  # noqa: BLE001  # a damaged file makes a decoder raise anything, with a patient's name in it
        raise _no_dicom() from None
    if not is_image or count < 1:
        raise ScanError(
            "incomplete-dicom",
            "The DICOM file is no image, or lacks an identifier of its study, its series or itself.",
            "Export it again, or leave out --dicom-out.",
        )
    if count == 1:
        return (SourceFrame(dataset),)
    numbers = range(1, count + 1) if frame is None else (frame,)
    return tuple(SourceFrame(dataset, number) for number in numbers)


def check_one_study(frames: Sequence[SourceFrame]) -> None:
    """Refuse sources that cannot be filed together.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    """
    with silenced():
        studies = {(str(frame.dataset.StudyInstanceUID), str(frame.dataset.get("PatientID"))) for frame in frames}
    if len(studies) > 1:
        raise UsageError(
            "mixed-studies",
            f"The scans belong to {len(studies)} studies or patients.",
            "Name the scans of one study, or leave out --dicom-out.",
        )


def file_under(result: Dataset, source: Dataset) -> None:
    """File a result where its source is filed: copy patient and study, and nothing else of the source.

    What the source has written in a way that cannot be read is left empty.
    """
    from copy import deepcopy

    from pydicom.charset import python_encoding

    letters = source.get("SpecificCharacterSet") or ()
    letters = [letters] if isinstance(letters, str) else list(letters)
    known = all(name in python_encoding for name in letters)
    for keyword in (*(("SpecificCharacterSet",) if known else ()), *FILED_UNDER):
        if keyword in result:
            del result[keyword]
        try:
            if keyword in source:
                result[keyword] = deepcopy(source[keyword])
        except Exception:  # noqa: BLE001, S112  # no value is as bad as to cost the result
            continue
    for keyword in ALWAYS_THERE:
        if keyword not in result:
            setattr(result, keyword, None)


def _is_uid(value: object) -> bool:
    from pydicom.uid import UID

    return isinstance(value, str) and bool(value) and UID(value).is_valid


def _no_dicom() -> UsageError:
    return UsageError(
        "source-not-dicom",
        "Results as DICOM are filed beside their scans, and this scan is no DICOM file.",
        "Name the DICOM files of the exam, or leave out --dicom-out.",
    )
