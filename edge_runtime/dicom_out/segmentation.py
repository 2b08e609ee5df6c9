"""Clear lens and cataract as a Segmentation on the pixels of the source frames.

highdicom makes Segmentations of frames that lie parallel in one volume. Radial frames share an axis instead, so it is
given stand-ins that are parallel, and each frame gets its own plane back afterwards. Where a source places its frames
nowhere, every frame has a Segmentation of its own: in one of several frames a reader could not tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import InternalError
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.results import ScanResult
from edge_runtime.version import __version__

from .concepts import lens_concept, side_concept
from .filing import MAKER, bare_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.dataset import Dataset

    from .filing import FiledEye
    from .source import SourceFrame

SERIES_NUMBER = 7803
_SEGMENTS = (
    (TissueLabel.CLEAR_LENS, "Clear lens", ("91723000", "Anatomical Structure"), ("78076003", "Lens")),
    (TissueLabel.CATARACT, "Cataract", ("49755003", "Morphologically Abnormal Structure"), ("193570009", "Cataract")),
)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFrame:
    """A graded scan and where it comes from."""

    scan: ScanResult
    frame: SourceFrame


def segmentations(filed: FiledEye) -> Iterator[tuple[SourceFrame, Segmentation]]:
    """The label maps of the graded scans, each with its first frame: one for frames of one `grouped`, else one each.

    Labels of a scan that was not graded are no finding, so they are left out.
    """
    graded = [
        LabelledFrame(entry, frame)
        for entry, frame in zip(filed.eye.entries, filed.frames, strict=True)
        if isinstance(entry, ScanResult) and entry.gradable
    ]
    groups: dict[str, list[LabelledFrame]] = {}
    for labelled in graded:
        groups.setdefault(grouped(labelled.frame), []).append(labelled)
    for number, group in enumerate(groups.values(), start=1):
        yield group[0].frame, _segmentation(filed, group, number)


def grouped(frame: SourceFrame) -> str:
    """What frames of one Segmentation have in common: the object that places them in space, or themselves."""
    return frame.key if frame.plane is None else frame.source.instance


def _segmentation(filed: FiledEye, frames: Sequence[LabelledFrame], number: int) -> Segmentation:
    from highdicom.seg import Segmentation

    kind = ("seg", frames[0].frame.key)
    result = Segmentation(
        source_images=[_stand_in(frames)],
        pixel_array=np.stack([_labels(frame) for frame in frames]),
        segmentation_type="BINARY",
        segment_descriptions=[_description(filed, kind, place) for place in range(len(_SEGMENTS))],
        series_instance_uid=filed.uid("seg", "series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=filed.uid(*kind),
        instance_number=number,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=__version__,
        device_serial_number=filed.eye.model.sha256,
        content_label="LENS",
        content_description="Clear lens and cataract",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        omit_empty_frames=False,
    )
    _put_back(result, frames)
    _name_dimensions(result, filed.uid(*kind, "dimensions"))
    _describe(result, filed)
    return result


def _labels(frame: LabelledFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(rows, columns) uint8 of `TissueLabel`, on the pixels of the source."""
    labels = frame.scan.labels
    size = frame.frame.source.shape
    if labels.shape != size:
        raise InternalError(
            "internal", f"Labels of {labels.shape} do not lie on a frame of {size}.", "Report this fault."
        )
    return labels


def _stand_in(frames: Sequence[LabelledFrame]) -> Dataset:
    """An object like the source whose frames, where they are placed, lie behind each other, a millimetre apart."""
    from highdicom import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
    from pydicom.dataset import Dataset

    first = frames[0].frame
    spacing_mm = list(first.spacing_mm or (1.0, 1.0))
    stand_in = bare_source(first.source)
    stand_in.Modality, stand_in.NumberOfFrames = "OPT", len(frames)
    stand_in.Rows, stand_in.Columns = first.source.shape
    stand_in.LossyImageCompression = "01" if first.source.lossy else "00"  # a Segmentation says so of its source
    # Objects of one frame, such as photographs, have at their top what others have in groups.
    shared, groups = Dataset(), [Dataset() for _ in frames]
    stand_in.PixelSpacing, stand_in.SliceThickness = spacing_mm, 1.0
    shared.PixelMeasuresSequence = PixelMeasuresSequence(spacing_mm, 1.0)
    if first.plane is not None:
        stand_in.FrameOfReferenceUID = first.source.reference
        stand_in.ImagePositionPatient, stand_in.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
        shared.PlaneOrientationSequence = PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 1, 0])
        for place, group in enumerate(groups):
            group.PlanePositionSequence = PlanePositionSequence("PATIENT", [0, 0, -place])  # in their order
    stand_in.SharedFunctionalGroupsSequence = [shared]
    stand_in.PerFrameFunctionalGroupsSequence = groups
    return stand_in


def _put_back(result: Segmentation, frames: Sequence[LabelledFrame]) -> None:
    """Give each frame the number, the plane and the spacing of its source, in place of those of its stand-in."""
    from copy import deepcopy

    shared = result.SharedFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if keyword in shared:
            del shared[keyword]
    if "DimensionOrganizationType" in result:
        del result.DimensionOrganizationType
    for groups in result.PerFrameFunctionalGroupsSequence:
        derivation = deepcopy(groups.DerivationImageSequence)  # both segments of a frame share one
        item = derivation[0].SourceImageSequence[0]
        frame = frames[int(item.get("ReferencedFrameNumber") or 1) - 1].frame
        groups.DerivationImageSequence = derivation
        if frame.number is not None:
            item.ReferencedFrameNumber = frame.number
        if frame.spacing_mm is not None:
            thickness = {} if frame.thickness_mm is None else {"SliceThickness": (frame.thickness_mm,)}
            groups.PixelMeasuresSequence = [_decimals(PixelSpacing=frame.spacing_mm, **thickness)]
        if frame.plane is not None:
            groups.PlanePositionSequence = [_decimals(ImagePositionPatient=frame.plane.position_mm)]
            groups.PlaneOrientationSequence = [_decimals(ImageOrientationPatient=frame.plane.orientation)]


def _decimals(**values: tuple[float, ...]) -> Dataset:
    """An item of decimal strings, each in 16 letters at most."""
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DSfloat

    item = Dataset()
    for keyword, numbers in values.items():
        setattr(item, keyword, [DSfloat(number, auto_format=True) for number in numbers])
    return item


def _name_dimensions(result: Segmentation, uid: str) -> None:
    """Give the organisation of dimensions a UID that a second run gives it, too."""
    for item in (*result.DimensionIndexSequence, *result.DimensionOrganizationSequence):
        item.DimensionOrganizationUID = uid


def _description(filed: FiledEye, kind: tuple[str, ...], place: int) -> SegmentDescription:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    label, name, category, structure = _SEGMENTS[place]
    model = filed.eye.model
    description = SegmentDescription(
        segment_number=int(label),
        segment_label=name,
        segmented_property_category=CodedConcept(category[0], "SCT", category[1]),
        segmented_property_type=CodedConcept(structure[0], "SCT", structure[1]),
        algorithm_type="AUTOMATIC" if filed.eye.before is None else "SEMIAUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=f"{MAKER} {model.name}",
            family=codes.DCM.ArtificialIntelligence,
            version=f"{__version__}, model {model.version}",
            parameters={"precision": model.precision, "sha256": model.sha256},
        ),
        tracking_uid=filed.uid(*kind, name),
        tracking_id=name,
        anatomic_regions=[lens_concept()],
    )
    if filed.laterality is not None:
        description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [side_concept(filed.laterality)]
    return description


def _describe(result: Segmentation, filed: FiledEye) -> None:
    filed.stamp(result)
    result.BurnedInAnnotation = "NO"
    if "FrameOfReferenceUID" not in result:
        result.PatientOrientation = None  # has to be there, and is not known
