"""The DICOM objects that an exam was read from, and what a result takes from them: nothing else is kept."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
_MOST_FRAMES = 1024  # an exam has a dozen; a number that was damaged may be anything
_OPTION = "Export it again, or leave out --dicom-out."


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
class SourceObject:
    """A DICOM object with one frame or several.

    Attributes
    ----------
    kind, instance, series, study
        UIDs of its SOP class, of itself, of its series and of its study.
    shape
        (rows, columns) of a frame.
    frames
        Number of its frames.
    lossy
        Whether it was compressed with loss.
    reference
        UID of the frame of reference in which it places its frames; None where it places them nowhere.
    time_zone
        ``+hhmm`` where it names its time zone, else "".
    patient_and_study
        The elements of `FILED_UNDER` that it has.
    """

    kind: str
    instance: str
    series: str
    study: str
    shape: tuple[int, int]
    frames: int
    lossy: bool
    reference: str | None
    time_zone: str
    patient_and_study: Dataset

    @classmethod
    def of(cls, dataset: Dataset) -> SourceObject:
        """What a result takes from an object.

        Raises
        ------
        ScanError
            ``incomplete-dicom`` when it does not say what a result has to refer to.
        """
        uids = [_uid(dataset, f"{name}UID") for name in ("SOPClass", "SOPInstance", "SeriesInstance", "StudyInstance")]
        kind, instance, series, study = uids
        rows, columns, frames = (_number(dataset, name) for name in ("Rows", "Columns", "NumberOfFrames"))
        if not (kind and rows and columns and _is_image(kind) and instance and series and study):
            raise ScanError(
                "incomplete-dicom",
                "The DICOM file is no image, or lacks an identifier of its study, its series or itself.",
                _OPTION,
            )
        if (frames or 1) > _MOST_FRAMES:
            raise ScanError("incomplete-dicom", f"The DICOM file announces {frames} frames.", _OPTION)
        return cls(
            kind=kind,
            instance=instance,
            series=series,
            study=study,
            shape=(rows, columns),
            frames=frames or 1,
            lossy=_value(dataset, "LossyImageCompression") == "01",
            reference=_uid(dataset, "FrameOfReferenceUID"),
            time_zone=str(_value(dataset, "TimezoneOffsetFromUTC") or ""),
            patient_and_study=_patient_and_study(dataset),
        )


@dataclass(frozen=True, slots=True, eq=False)
class SourceFrame:
    """Where a scan comes from.

    Attributes
    ----------
    source
        The DICOM object.
    number
        Number of the frame from 1 where the object has several; None where it has one.
    plane
        Where the frame lies; None where the object does not say so.
    spacing_mm
        (row, column) spacing of its pixels; None where it is not known.
    thickness_mm
        How deep a slice it shows; None where it is not known.
    """

    source: SourceObject
    number: int | None
    plane: Plane | None
    spacing_mm: tuple[float, ...] | None
    thickness_mm: float | None

    @property
    def key(self) -> str:
        """What no other frame of any object has."""
        return f"{self.source.instance}/{self.number or 1}"


def frames_of(dataset: Dataset) -> tuple[SourceFrame, ...]:
    """The frames of a DICOM object, in the order in which it stores them; its pixels are not needed.

    Raises
    ------
    ScanError
        ``incomplete-dicom`` when it does not say what a result has to refer to.
    """
    with silenced():
        source = SourceObject.of(dataset)
        return tuple(_frame(dataset, source, number) for number in range(1, source.frames + 1))


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
        ``incomplete-dicom`` when it does not say what a result has to refer to, or has no such frame.
    """
    from pydicom import dcmread

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe without a writer would be waited for
            raise _no_dicom()
        with silenced():
            dataset = dcmread(path, stop_before_pixels=True)
    except (UsageError, MemoryError):
        raise
    except Exception:  # noqa: BLE001  # a damaged file makes a decoder raise anything, with a patient's name in it
        raise _no_dicom() from None
    frames = frames_of(dataset)
    if frame is None:
        return frames
    if not 1 <= frame <= len(frames):
        raise ScanError("incomplete-dicom", f"The DICOM file has {len(frames)} frames, and no frame {frame}.", _OPTION)
    return (frames[frame - 1],)


def check_one_study(frames: Sequence[SourceFrame]) -> None:
    """Refuse sources that cannot be filed together.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    """
    studies = {(frame.source.study, str(frame.source.patient_and_study.get("PatientID") or "")) for frame in frames}
    if len(studies) > 1:
        raise UsageError(
            "mixed-studies",
            f"The scans belong to {len(studies)} studies or patients.",
            "Name the scans of one study, or leave out --dicom-out.",
        )


def _frame(dataset: Dataset, source: SourceObject, number: int) -> SourceFrame:
    own = list(_value(dataset, "PerFrameFunctionalGroupsSequence") or ())[number - 1 : number]
    groups = [*own, *list(_value(dataset, "SharedFunctionalGroupsSequence") or ())[:1]]
    position = _numbers(dataset, groups, "PlanePositionSequence", "ImagePositionPatient", 3)
    orientation = _numbers(dataset, groups, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    placed = source.reference is not None and position is not None and orientation is not None
    spacing = _numbers(dataset, groups, "PixelMeasuresSequence", "PixelSpacing", 2)
    thickness = _numbers(dataset, groups, "PixelMeasuresSequence", "SliceThickness", 1)
    return SourceFrame(
        source=source,
        number=number if source.frames > 1 else None,
        plane=Plane(position, orientation) if placed and position and orientation else None,
        spacing_mm=spacing if spacing is not None and min(spacing) > 0 else None,
        thickness_mm=None if thickness is None else thickness[0],
    )


def _numbers(
    dataset: Dataset, groups: Iterable[Dataset], sequence: str, keyword: str, count: int
) -> tuple[float, ...] | None:
    """Numbers of a functional group: those of the first groups that have them, else those of the whole object."""
    items = [found[0] for group in groups if (found := _value(group, sequence))]
    for place in (*items, dataset):
        found = _value(place, keyword)
        try:
            values = tuple(float(value) for value in ([found] if count == 1 else found or ()))
        except (ValueError, TypeError):
            continue
        if len(values) == count and all(map(math.isfinite, values)):
            return values
    return None


def _value(dataset: Dataset, keyword: str) -> Any:
    """The value of an element; None where there is none that can be read."""
    try:
        return dataset.get(keyword)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # elements are decoded when they are asked for, and raise anything
        return None


def _number(dataset: Dataset, keyword: str) -> int | None:
    found = _value(dataset, keyword)
    return int(found) if isinstance(found, int) and found > 0 else None


def _uid(dataset: Dataset, keyword: str) -> str | None:
    from pydicom.uid import UID

    found = _value(dataset, keyword)
    return str(found) if isinstance(found, str) and found and UID(found).is_valid else None


def _is_image(kind: str) -> bool:
    from pydicom.uid import UID

    return UID(kind).name.endswith("Image Storage")


def _patient_and_study(dataset: Dataset) -> Dataset:
    """Copies of what an object is filed under; what cannot be read is left empty."""
    from copy import deepcopy

    from pydicom.charset import python_encoding
    from pydicom.dataset import Dataset

    copied = Dataset()
    letters = _value(dataset, "SpecificCharacterSet") or ()
    names = [letters] if isinstance(letters, str) else list(letters)
    known = all(name in python_encoding for name in names)
    for keyword in (*(("SpecificCharacterSet",) if known else ()), *FILED_UNDER):
        if _value(dataset, keyword) is not None:
            copied[keyword] = deepcopy(dataset[keyword])
    for keyword in ALWAYS_THERE:
        if keyword not in copied:
            setattr(copied, keyword, None)
    return copied


def _no_dicom() -> UsageError:
    return UsageError(
        "source-not-dicom",
        "Results as DICOM are filed beside their scans, and this scan is no DICOM file.",
        "Name the DICOM files of the exam, or leave out --dicom-out.",
    )
