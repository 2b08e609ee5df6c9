"""Values of a DICOM header, which is decoded when it is asked for and may be damaged anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edge_runtime.reading.dicom.library import value_of

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
# And what results refer to.
IDENTIFYING = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SpecificCharacterSet",
    "TimezoneOffsetFromUTC", "Rows", "Columns", "NumberOfFrames", "LossyImageCompression", "PixelSpacing",
    "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
ALWAYS_THERE = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip


def numbers_of(
    dataset: Dataset, groups: Iterable[Dataset], sequence: str, keyword: str, count: int
) -> tuple[float, ...] | None:
    """Numbers of a functional group: those of the first groups that have them, else those of the whole object."""
    firsts = [found[0] for group in groups if (found := items_of(group, sequence))]
    for place in (*firsts, dataset):
        found = value_of(place, keyword)
        try:
            values = tuple(float(value) for value in ([found] if count == 1 else found or ()))
        except (ValueError, TypeError):
            continue
        if len(values) == count and all(map(math.isfinite, values)):
            return values
    return None


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where there is none that can be read."""
    from pydicom.sequence import Sequence

    found = value_of(dataset, keyword)
    return list(found) if isinstance(found, Sequence) else []


def count_of(dataset: Dataset, keyword: str) -> int | None:
    """A whole number above zero; None where there is none, or another one."""
    found = value_of(dataset, keyword)
    return int(found) if isinstance(found, int) and found > 0 else None


def uid_of(dataset: Dataset, keyword: str) -> str | None:
    """A UID; None where there is none that is valid."""
    from pydicom.uid import UID

    found = value_of(dataset, keyword)
    return str(found) if isinstance(found, str) and found and UID(found).is_valid else None


def is_image(kind: str) -> bool:
    """Whether a SOP class of the standard, given by its UID, is one of images."""
    from pydicom.uid import UID

    return UID(kind).name.endswith("Image Storage")


def patient_and_study_of(dataset: Dataset) -> Dataset:
    """Copies of what an object is filed under; what cannot be read is left empty."""
    from copy import deepcopy

    from pydicom.charset import python_encoding
    from pydicom.datadict import dictionary_VR
    from pydicom.dataset import Dataset
    from pydicom.multival import MultiValue

    copied = Dataset()
    letters = value_of(dataset, "SpecificCharacterSet")
    names = letters if isinstance(letters, MultiValue) else [letters]
    known = all(name in python_encoding for name in names)
    for keyword in (*(("SpecificCharacterSet",) if known else ()), *FILED_UNDER):
        if value_of(dataset, keyword) is not None and dictionary_VR(keyword) == dataset[keyword].VR:
            copied[keyword] = deepcopy(dataset[keyword])
    for keyword in ALWAYS_THERE:
        if keyword not in copied:
            setattr(copied, keyword, None)
    return copied
