"""Ophthalmic Tomography objects for tests: scans of the phantom or painted ones, and a patient who does not exist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from edge_runtime.dicom_out.source import SourceFrame, frames_of

OPT = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
STUDY, SERIES, REFERENCE = (generate_uid(entropy_srcs=[name]) for name in ("study", "series", "reference"))
PATIENT = {
    "PatientName": "Canary^Tweety", "PatientID": "PAT-4711", "PatientBirthDate": "19290215", "PatientSex": "O",
    "StudyDate": "20240131", "StudyTime": "101112", "StudyID": "S-1", "AccessionNumber": "A-99",
    "ReferringPhysicianName": "Owl^Doctor",
}  # fmt: skip
PITCH_MM = 0.007675


def multi_frame(frames: Sequence[NDArray[Any]], *, placed: bool = True, **changes: Any) -> Dataset:
    """One object with every frame: radial ones through a common axis, or frames that are placed nowhere."""
    pixels = np.stack(list(frames))
    dataset = _common(pixels, **changes)
    if placed:
        dataset.FrameOfReferenceUID = REFERENCE
        dataset.PositionReferenceIndicator = None
    dataset.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=generate_uid(entropy_srcs=["dimension"]))]
    dataset.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=generate_uid(entropy_srcs=["dimension"]),
            DimensionIndexPointer=0x00209057,
            FunctionalGroupPointer=0x00209111,
        )
    ]
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PixelMeasuresSequence=[_item(PixelSpacing=[PITCH_MM, PITCH_MM], SliceThickness=0.01)],
            FrameAnatomySequence=[
                _item(AnatomicRegionSequence=[_code("78076003", "SCT", "Lens")], FrameLaterality="R")
            ],
        )
    ]
    groups = []
    for number in range(1, len(pixels) + 1):
        group = _item(
            FrameContentSequence=[
                _item(
                    FrameAcquisitionDateTime="20240131101112",
                    FrameReferenceDateTime="20240131101112",
                    FrameAcquisitionDuration=0.1,
                    StackID="1",
                    InStackPositionNumber=number,
                    DimensionIndexValues=[number],
                )
            ]
        )
        if placed:
            angle = math.pi * (number - 1) / len(pixels)
            across = [round(math.cos(angle), 6), round(math.sin(angle), 6), 0.0]
            half = pixels.shape[2] * PITCH_MM / 2
            group.PlanePositionSequence = [
                _item(ImagePositionPatient=[round(-half * part, 6) for part in across[:2]] + [0.0])
            ]
            group.PlaneOrientationSequence = [_item(ImageOrientationPatient=[*across, 0.0, 0.0, 1.0])]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    return dataset


def single_frames(frames: Sequence[NDArray[Any]], **changes: Any) -> list[Dataset]:
    """One object for each frame, in one series."""
    datasets = []
    for number, frame in enumerate(frames, start=1):
        dataset = multi_frame([frame], placed=False, **changes)
        dataset.InstanceNumber = number
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=["instance", str(number)]
        )
        datasets.append(dataset)
    return datasets


def only_frame(dataset: Dataset) -> SourceFrame:
    """The frame of an object that has one."""
    (frame,) = frames_of(dataset)
    return frame


def _common(pixels: NDArray[Any], **changes: Any) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in {
        **PATIENT,
        "SOPClassUID": OPT,
        "SOPInstanceUID": generate_uid(entropy_srcs=["instance"]),
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "Modality": "OPT",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "Manufacturer": "Nobody",
        "ManufacturerModelName": "Phantom",
        "DeviceSerialNumber": "0",
        "SoftwareVersions": "0",
        "SynchronizationTrigger": "NO TRIGGER",
        "AcquisitionDateTime": "20240131101112",
        "AcquisitionTimeSynchronized": "N",
        "AcquisitionNumber": 1,
        "ContentDate": "20240131",
        "ContentTime": "101112",
        "ImageLaterality": "R",
        "Rows": pixels.shape[1],
        "Columns": pixels.shape[2],
        "NumberOfFrames": len(pixels),
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PresentationLUTShape": "IDENTITY",
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": 8 * pixels.dtype.itemsize,
        "HighBit": 8 * pixels.dtype.itemsize - 1,
        "PixelRepresentation": 0,
        "LossyImageCompression": "00",
        "BurnedInAnnotation": "NO",
        "ConcatenationFrameOffsetNumber": 0,
        "InConcatenationNumber": 1,
        "InConcatenationTotalNumber": 1,
        "AxialLengthOfTheEye": 24.0,
        "HorizontalFieldOfView": 45.0,
        "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2),
        **changes,
    }.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
