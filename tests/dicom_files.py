"""DICOM files for tests: the classes that ophthalmic devices write, in every transfer syntax, and spoilt ones.

`tomography`, `photograph` and `secondary_capture` make datasets from frames; `file_bytes` makes a file of one, in a
transfer syntax; `put_canaries` puts a word that nobody may see into every text element. Nothing here is of a person.
"""

from __future__ import annotations

import io
import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
from pydicom.sequence import Sequence as DicomSequence

OPHTHALMIC_TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
OPHTHALMIC_PHOTOGRAPHY_8_BIT = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
OPHTHALMIC_PHOTOGRAPHY_16_BIT = "1.2.840.10008.5.1.4.1.1.77.1.5.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SECONDARY_CAPTURE_FRAMES_8_BIT = "1.2.840.10008.5.1.4.1.1.7.2"
SECONDARY_CAPTURE_FRAMES_16_BIT = "1.2.840.10008.5.1.4.1.1.7.3"

# Everything that loses nothing; the two of JPEG lossless are written by dcmtk, the others by pydicom's encoders.
LOSSLESS = {
    "implicit": uid.ImplicitVRLittleEndian,
    "explicit": uid.ExplicitVRLittleEndian,
    "deflated": uid.DeflatedExplicitVRLittleEndian,
    "big-endian": uid.ExplicitVRBigEndian,
    "rle": uid.RLELossless,
    "jpeg-ls": uid.JPEGLSLossless,
    "jpeg-2000": uid.JPEG2000Lossless,
    "jpeg-lossless": uid.JPEGLossless,
    "jpeg-lossless-sv1": uid.JPEGLosslessSV1,
}
LOSSY = {
    "jpeg-baseline": uid.JPEGBaseline8Bit,
    "jpeg-extended": uid.JPEGExtended12Bit,
    "jpeg-ls-near": uid.JPEGLSNearLossless,
    "jpeg-2000-lossy": uid.JPEG2000,
}
_DCMTK = {
    uid.JPEGLossless: "+el",
    uid.JPEGLosslessSV1: "+e1",
    uid.JPEGBaseline8Bit: "+eb",
    uid.JPEGExtended12Bit: "+ee",
}
# The errors that dciodvfy finds in every Ophthalmic Tomography file: one module demands what another forbids.
KNOWN_ERRORS = ("InConcatenationNumber", "InConcatenationTotalNumber", "ConcatenationFrameOffsetNumber")
_PLUGINS = {  # one for each: GDCM's encoder of RLE ends the process at sizes that it does not like
    uid.RLELossless: "pydicom",
    uid.JPEGLSLossless: "pyjpegls",
    uid.JPEGLSNearLossless: "pyjpegls",
    uid.JPEG2000Lossless: "pylibjpeg",
    uid.JPEG2000: "pylibjpeg",
}
_ROOT = "1.2.826.0.1.3680043.8.498."  # pydicom's
_TEXT_KINDS = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}


def _uid(*parts: object) -> str:
    return str(uid.generate_uid(prefix=_ROOT, entropy_srcs=[str(part) for part in parts]))


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _common(sop_class: str, modality: str, pixels: Sequence[NDArray[Any]], name: str) -> Dataset:
    """Patient, study, series, equipment and pixels, as any image has them."""
    first = pixels[0]
    bits = first.dtype.itemsize * 8
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, _uid(name, "instance")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(name, "study"), _uid(name, "series")
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Phantom^Eye", "PHANTOM", "", "O"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20260101"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "120000"
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = "1", 1, 1, 1
    ds.AccessionNumber, ds.ReferringPhysicianName = "", ""
    ds.Modality, ds.Manufacturer = modality, "edge-cataract tests"
    ds.ManufacturerModelName, ds.DeviceSerialNumber, ds.SoftwareVersions = "phantom", "1", "1"
    if sop_class != OPHTHALMIC_TOMOGRAPHY:
        ds.PatientOrientation = ["L", "P"]
    ds.Rows, ds.Columns = first.shape[:2]
    ds.SamplesPerPixel = 1 if first.ndim == 2 else first.shape[2]
    ds.PhotometricInterpretation = "MONOCHROME2" if first.ndim == 2 else "RGB"
    if first.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.BurnedInAnnotation = "NO"
    data = b"".join(frame.astype(frame.dtype.newbyteorder("<")).tobytes() for frame in pixels)
    ds.add_new(0x7FE00010, "OW" if bits > 8 else "OB", data + b"\0" * (len(data) % 2))
    return ds


def tomography(
    frames: Sequence[NDArray[Any]],
    *,
    laterality: str = "R",
    pitch_um: tuple[float, float] | None = None,
    meridians_deg: Sequence[float] | None = None,
    order: Sequence[int] | None = None,
    name: str = "tomography",
) -> Dataset:
    """An Ophthalmic Tomography file of radial B-scans.

    Parameters
    ----------
    frames
        (rows, columns) uint8 or uint16 each, in the order in which they are stored.
    laterality
        ``R``, ``L`` or ``B``.
    pitch_um
        (row, column) pixel pitch; None: that of a whole frame, 14.0 x 16.5 mm.
    meridians_deg
        Angle of each frame; None: equally spaced.
    order
        Place of each stored frame in the exam, from 1; None: as stored.
    name
        What its UIDs are derived from.
    """
    count = len(frames)
    meridians = [180 * place / count for place in range(count)] if meridians_deg is None else list(meridians_deg)
    places = list(range(1, count + 1)) if order is None else list(order)
    ds = _common(OPHTHALMIC_TOMOGRAPHY, "OPT", frames, name)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.ImageLaterality, ds.NumberOfFrames = laterality, count
    ds.InConcatenationNumber = ds.InConcatenationTotalNumber = 1
    ds.ConcatenationFrameOffsetNumber = 0
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = _uid(name, "frame of reference"), ""
    ds.SynchronizationFrameOfReferenceUID = _uid(name, "clock")
    ds.SynchronizationTrigger, ds.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    ds.LossyImageCompression, ds.PresentationLUTShape = "00", "IDENTITY"
    ds.AcquisitionDateTime, ds.AcquisitionDuration = "20260101120000", 1.0
    ds.LightPathFilterPassThroughWavelength = 1300
    ds.AcquisitionContextSequence = DicomSequence()
    ds.AcquisitionDeviceTypeCodeSequence = [_code("392012008", "SCT", "Optical Coherence Tomography Scanner")]
    ds.AnatomicRegionSequence = [_code("81745001", "SCT", "Eye")]
    ds.DimensionOrganizationSequence = [Dataset()]
    ds.DimensionOrganizationSequence[0].DimensionOrganizationUID = _uid(name, "dimensions")
    index = Dataset()
    index.DimensionOrganizationUID = _uid(name, "dimensions")
    index.DimensionIndexPointer, index.FunctionalGroupPointer = 0x00209057, 0x00209111
    ds.DimensionIndexSequence = [index]
    _depth_and_light(ds)
    ds.SharedFunctionalGroupsSequence = [_shared_groups(laterality, pitch_um or _of_whole_frame(frames[0]))]
    ds.PerFrameFunctionalGroupsSequence = [
        _frame_groups(place, meridian) for place, meridian in zip(places, meridians, strict=True)
    ]
    return ds


def _of_whole_frame(pixels: NDArray[Any]) -> tuple[float, float]:
    return 14000 / pixels.shape[0], 16500 / pixels.shape[1]


def _depth_and_light(ds: Dataset) -> None:
    """How the scan was taken: Ophthalmic Tomography Acquisition Parameters."""
    for keyword in (
        "AxialLengthOfTheEye", "HorizontalFieldOfView", "RefractiveStateSequence", "EmmetropicMagnification",
        "IntraOcularPressure", "LightPathFilterTypeStackCodeSequence",
    ):  # fmt: skip
        setattr(ds, keyword, None)
    ds.PupilDilated, ds.DetectorType = "NO", "CCD"
    ds.DepthSpatialResolution, ds.MaximumDepthDistortion = 10.0, 0.1
    ds.AlongScanSpatialResolution, ds.MaximumAlongScanDistortion = 30.0, 0.1
    ds.AcrossScanSpatialResolution, ds.MaximumAcrossScanDistortion = 30.0, 0.1
    ds.IlluminationWaveLength, ds.IlluminationPower, ds.IlluminationBandwidth = 1300.0, 1000.0, 100.0


def _shared_groups(laterality: str, pitch_um: tuple[float, float]) -> Dataset:
    shared, measures, anatomy = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [f"{pitch / 1000:.10f}" for pitch in pitch_um]
    measures.SliceThickness = "0.03"
    anatomy.FrameLaterality = laterality
    anatomy.AnatomicRegionSequence = [_code("81745001", "SCT", "Eye")]
    shared.PixelMeasuresSequence, shared.FrameAnatomySequence = [measures], [anatomy]
    return shared


def _frame_groups(place: int, meridian_deg: float) -> Dataset:
    groups, content, plane, position = Dataset(), Dataset(), Dataset(), Dataset()
    content.FrameAcquisitionNumber = place
    content.FrameReferenceDateTime = content.FrameAcquisitionDateTime = "20260101120000"
    content.FrameAcquisitionDuration = 10.0
    content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", place, [place]
    angle = math.radians(meridian_deg)
    plane.ImageOrientationPatient = [f"{value:.8f}" for value in (math.cos(angle), 0, math.sin(angle), 0, 1, 0)]
    position.ImagePositionPatient = [f"{value:.6f}" for value in (-8.25 * math.cos(angle), 0, -8.25 * math.sin(angle))]
    groups.FrameContentSequence = [content]
    groups.PlaneOrientationSequence, groups.PlanePositionSequence = [plane], [position]
    return groups


def photograph(
    pixels: NDArray[Any],
    *,
    laterality: str = "R",
    pitch_um: tuple[float, float] | None = None,
    spaced: bool = True,
    name: str = "photograph",
) -> Dataset:
    """An Ophthalmic Photography file of one (rows, columns) uint8 or uint16 picture, with or without a pixel pitch."""
    wide = pixels.dtype.itemsize == 2
    ds = _common(OPHTHALMIC_PHOTOGRAPHY_16_BIT if wide else OPHTHALMIC_PHOTOGRAPHY_8_BIT, "OP", [pixels], name)
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.ImageLaterality, ds.NumberOfFrames = laterality, 1
    ds.LossyImageCompression, ds.PresentationLUTShape = "00", "IDENTITY"
    ds.AcquisitionDateTime = "20260101120000"
    ds.SynchronizationFrameOfReferenceUID = _uid(name, "clock")
    ds.SynchronizationTrigger, ds.AcquisitionTimeSynchronized = "NO TRIGGER", "N"
    ds.AcquisitionDeviceTypeCodeSequence = [_code("409898007", "SCT", "Fundus Camera")]
    ds.AnatomicRegionSequence = [_code("81745001", "SCT", "Eye")]
    for keyword in (
        "IlluminationTypeCodeSequence", "LightPathFilterTypeStackCodeSequence", "ImagePathFilterTypeStackCodeSequence",
        "LensesCodeSequence", "ReflectedAmbientLight", "RefractiveStateSequence", "EmmetropicMagnification",
        "IntraOcularPressure", "HorizontalFieldOfView", "PatientEyeMovementCommanded",
    ):  # fmt: skip
        setattr(ds, keyword, None)
    ds.PatientEyeMovementCommanded, ds.PupilDilated = "NO", "NO"
    del ds.ReflectedAmbientLight
    ds.AcquisitionContextSequence = DicomSequence()
    ds.DetectorType = "CCD"
    ds.FrameIncrementPointer = 0x00181063  # Frame Time
    ds.FrameTime = 1
    if spaced:
        ds.PixelSpacing = [f"{pitch / 1000:.10f}" for pitch in pitch_um or _of_whole_frame(pixels)]
    return ds


def secondary_capture(
    frames: Sequence[NDArray[Any]],
    *,
    laterality: str = "",
    pitch_um: tuple[float, float] | None = None,
    name: str = "secondary capture",
) -> Dataset:
    """A Secondary Capture file: of one picture, or a multi-frame one of grey pictures."""
    wide = frames[0].dtype.itemsize == 2
    several = SECONDARY_CAPTURE_FRAMES_16_BIT if wide else SECONDARY_CAPTURE_FRAMES_8_BIT
    ds = _common(several if len(frames) > 1 else SECONDARY_CAPTURE, "OT", frames, name)
    ds.ConversionType, ds.ImageType = "WSD", ["DERIVED", "SECONDARY"]
    if len(frames) > 1:
        ds.NumberOfFrames, ds.FrameIncrementPointer = len(frames), 0x00182002  # Frame Label Vector
        ds.FrameLabelVector = [str(place) for place in range(1, len(frames) + 1)]
        ds.PresentationLUTShape, ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "IDENTITY", 1, 0, "US"
    ds.Laterality = laterality
    if pitch_um is not None:
        ds.PixelSpacing = [f"{pitch / 1000:.10f}" for pitch in pitch_um]
    return ds


def file_bytes(dataset: Dataset, syntax: str = uid.ExplicitVRLittleEndian, *, fragments: int = 1) -> bytes:
    """A DICOM file of a dataset whose pixels are not compressed, in a transfer syntax; each frame in `fragments`."""
    if syntax in _DCMTK:
        return _by_dcmtk(file_bytes(dataset), _DCMTK[uid.UID(syntax)])
    ds = Dataset()
    ds.update(dataset)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = uid.UID(dataset.get("SOPClassUID") or SECONDARY_CAPTURE)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if uid.UID(syntax).is_encapsulated:
        ds.add_new(0x7FE00010, "OB", encapsulate(list(encoded_frames(dataset, syntax)), fragments_per_frame=fragments))
        ds["PixelData"].is_undefined_length = True
        if syntax in LOSSY.values():
            ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", 10
            ds.LossyImageCompressionMethod = "ISO_14495_1" if syntax == uid.JPEGLSNearLossless else "ISO_15444_1"
    elif syntax == uid.ExplicitVRBigEndian and ds.BitsAllocated == 16:
        ds.add_new(0x7FE00010, "OW", np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes())
    data = io.BytesIO()
    ds.save_as(data, enforce_file_format=True)
    return data.getvalue()


def frame_arrays(dataset: Dataset) -> list[NDArray[Any]]:
    """The frames of a dataset whose pixels are not compressed."""
    count = int(dataset.get("NumberOfFrames") or 1)
    kind = "<u2" if dataset.BitsAllocated == 16 else "u1"
    shape = (dataset.Rows, dataset.Columns) if dataset.SamplesPerPixel == 1 else (dataset.Rows, dataset.Columns, 3)
    each = math.prod(shape)
    stored = np.frombuffer(dataset.PixelData, kind)[: each * count]
    return [stored[each * place : each * (place + 1)].reshape(shape) for place in range(count)]


def encoded_frames(dataset: Dataset, syntax: str) -> Iterator[bytes]:
    """Each frame of a dataset, compressed."""
    encoder = get_encoder(syntax)
    options: dict[str, Any] = {
        "rows": dataset.Rows, "columns": dataset.Columns, "samples_per_pixel": dataset.SamplesPerPixel,
        "photometric_interpretation": dataset.PhotometricInterpretation, "bits_allocated": dataset.BitsAllocated,
        "bits_stored": dataset.BitsStored, "pixel_representation": 0, "number_of_frames": 1,
    }  # fmt: skip
    if dataset.SamplesPerPixel == 3:
        options["planar_configuration"] = 0
    if syntax == uid.JPEGLSNearLossless:
        options["jls_error"] = 2
    if syntax == uid.JPEG2000:
        options["j2k_cr"] = [10]
    for frame in frame_arrays(dataset):
        whole = np.ascontiguousarray(frame)
        yield encoder.encode(whole.tobytes(), encoding_plugin=_PLUGINS[uid.UID(syntax)], **options)


def dcmtk_is_there() -> bool:
    """Whether dcmcjpeg, which writes JPEG lossless and lossy, is installed."""
    return shutil.which("dcmcjpeg") is not None


def _by_dcmtk(data: bytes, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        raw, packed = Path(folder, "raw.dcm"), Path(folder, "packed.dcm")
        raw.write_bytes(data)
        subprocess.run(["dcmcjpeg", "--uid-never", *options, raw, packed], check=True, capture_output=True)
        return packed.read_bytes()


def text_keywords() -> list[tuple[str, str]]:
    """Keyword and kind of every text element that may stand at the top of a file, but those that a reader needs."""
    groups = (0x0008, 0x0010, 0x0018, 0x0020, 0x0022, 0x0032, 0x0038, 0x0040)
    needed = {"SpecificCharacterSet", "StackID"}
    return [
        (keyword, kind)
        for tag, (kind, _, _, retired, keyword) in sorted(DicomDictionary.items())
        if tag >> 16 in groups and kind in _TEXT_KINDS and keyword and not retired and keyword not in needed
    ]


def put_canaries(dataset: Dataset, word: str = "Canary") -> list[str]:
    """Put a word of its own into every text element, private ones and nested ones too; returns the words."""
    used: list[str] = []

    def next_word() -> str:
        used.append(f"{word}{len(used):04d}x")
        return used[-1]

    for keyword, kind in text_keywords():
        setattr(dataset, keyword, f"{next_word()}^{next_word()}" if kind == "PN" else next_word())
    dataset.PatientBirthDate = "19010203"
    used += ["19010203", "1901-02-03"]
    block = dataset.private_block(0x0009, "edge-cataract tests", create=True)
    for element in range(8):
        block.add_new(element, "LO", next_word())
    nested = Dataset()
    nested.PatientName, nested.PatientID, nested.TextValue = next_word(), next_word(), next_word()
    dataset.ReferencedStudySequence = [nested]
    for sequence in (dataset.get("SharedFunctionalGroupsSequence"), dataset.get("PerFrameFunctionalGroupsSequence")):
        for item in sequence or ():
            item.private_block(0x0011, "edge-cataract tests", create=True).add_new(1, "LO", next_word())
            if "FrameContentSequence" in item:
                item.FrameContentSequence[0].FrameComments = next_word()
                item.FrameContentSequence[0].FrameLabel = next_word()
    return used
