"""The DICOM objects that an exam was read from, and what a result takes from them: nothing else is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.belonging import Belonging, check_belonging
from edge_runtime.errors import ScanError, UsageError
from edge_runtime.reading.dicom.belonging import belonging_of
from edge_runtime.reading.dicom.file import read_header
from edge_runtime.reading.dicom.library import value_of
from edge_runtime.reading.files import begins_as_dicom

from .header import (
    FILED_UNDER,
    IDENTIFYING,
    count_of,
    is_image,
    items_of,
    numbers_of,
    patient_and_study_of,
    uid_of,
)
from .library import silenced

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from edge_runtime.reading.files import ScanFile

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
        The elements of `header.FILED_UNDER` that it has.
    belonging
        Digests of its patient and its study.
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
    belonging: Belonging

    @classmethod
    def of(cls, dataset: Dataset) -> SourceObject:
        """What a result takes from an object.

        Raises
        ------
        ScanError
            ``incomplete-dicom`` when it does not say what a result has to refer to.
        """
        uids = [
            uid_of(dataset, f"{name}UID") for name in ("SOPClass", "SOPInstance", "SeriesInstance", "StudyInstance")
        ]
        kind, instance, series, study = uids
        rows, columns, frames = (count_of(dataset, name) for name in ("Rows", "Columns", "NumberOfFrames"))
        if not (kind and rows and columns and is_image(kind) and instance and series and study):
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
            lossy=value_of(dataset, "LossyImageCompression") == "01",
            reference=uid_of(dataset, "FrameOfReferenceUID"),
            time_zone=str(value_of(dataset, "TimezoneOffsetFromUTC") or ""),
            patient_and_study=patient_and_study_of(dataset),
            belonging=belonging_of(dataset),
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


def read_source(path: ScanFile) -> tuple[SourceFrame, ...]:
    """The frames of a DICOM file, in the order in which it stores them.

    Raises
    ------
    UsageError
        ``source-not-dicom`` for a file of another kind.
    ScanError
        ``incomplete-dicom`` when it does not say what a result has to refer to; otherwise as `read_header` does.
    """
    if not begins_as_dicom(path):
        raise UsageError(
            "source-not-dicom",
            "Results as DICOM are filed beside their scans, and this scan is no DICOM file.",
            "Name the DICOM files of the exam, or leave out --dicom-out.",
        )
    return frames_of(read_header(path, (*IDENTIFYING, *FILED_UNDER)))


def check_one_study(frames: Sequence[SourceFrame]) -> None:
    """Refuse sources that cannot be filed together.

    Raises
    ------
    UsageError
        ``mixed-studies``.
    """
    check_belonging([[frame.source.belonging for frame in frames]])


def _frame(dataset: Dataset, source: SourceObject, number: int) -> SourceFrame:
    own = items_of(dataset, "PerFrameFunctionalGroupsSequence")[number - 1 : number]
    groups = [*own, *items_of(dataset, "SharedFunctionalGroupsSequence")[:1]]
    position = numbers_of(dataset, groups, "PlanePositionSequence", "ImagePositionPatient", 3)
    orientation = numbers_of(dataset, groups, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    spacing = numbers_of(dataset, groups, "PixelMeasuresSequence", "PixelSpacing", 2)
    thickness = numbers_of(dataset, groups, "PixelMeasuresSequence", "SliceThickness", 1)
    return SourceFrame(
        source=source,
        number=number if source.frames > 1 else None,
        plane=Plane(position, orientation) if source.reference and position and orientation else None,
        spacing_mm=spacing if spacing is not None and min(spacing) > 0 else None,
        thickness_mm=None if thickness is None else thickness[0],
    )
