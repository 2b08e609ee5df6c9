"""Labels from DICOM segmentations, written here with pydicom alone."""

from __future__ import annotations

import builtins
import io
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless, generate_uid

from edge_runtime.errors import CorrectionError, MissingExtraError
from edge_runtime.label_map import LabelMap
from edge_runtime.reading.corrections import read_label_map
from edge_runtime.reading.sources import sources_of
from tests.dicom_files import file_bytes, tomography

LABELS = np.zeros((41, 53), np.uint8)  # no frame of an odd number of pixels begins at a whole byte, but the first
LABELS[10:30, 10:50] = 1
LABELS[10:20, 20:40] = 2
CLEAR, CATARACT = LABELS == 1, LABELS == 2
Planes = list[tuple[int, int | None, NDArray[np.bool_]]]


def item(**values: Any) -> Dataset:
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def code(value: str) -> list[Dataset]:
    return [item(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning="a meaning")]


def segments(*names: tuple[str, str]) -> list[Dataset]:
    """Segments by label and code."""
    return [
        item(SegmentNumber=number, SegmentLabel=label, SegmentedPropertyTypeCodeSequence=code(value))
        for number, (label, value) in enumerate(names, 1)
    ]


NAMED = segments(("clear lens", "78076003"), ("cataract", "193570009"))


def frame(segment: int, source: int | None) -> Dataset:
    groups = item(SegmentIdentificationSequence=[item(ReferencedSegmentNumber=segment)])
    if source is not None:
        image = item(ReferencedSOPInstanceUID="1.2.3", ReferencedFrameNumber=source)
        groups.DerivationImageSequence = [item(SourceImageSequence=[image])]
    return groups


def dataset_of(planes: Planes, named: list[Dataset] = NAMED, syntax: str = ExplicitVRLittleEndian) -> FileDataset:
    """A segmentation of (segment, frame of the source, pixels)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.4", generate_uid()
    meta.TransferSyntaxUID = syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.SegmentationType = "BINARY"
    dataset.Rows, dataset.Columns = LABELS.shape
    dataset.NumberOfFrames = len(planes)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.SamplesPerPixel, dataset.HighBit, dataset.PixelRepresentation = 1, 0, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SegmentSequence = named
    dataset.PerFrameFunctionalGroupsSequence = [frame(segment, source) for segment, source, _ in planes]
    bits = np.concatenate([plane.ravel() for _, _, plane in planes]) if planes else np.zeros(8, np.bool_)
    packed = np.packbits(bits, bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    dataset["PixelData"].VR = "OB"
    return dataset


def bytes_of(dataset: FileDataset) -> bytes:
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


ONE_SCAN: Planes = [(1, None, CLEAR), (2, None, CATARACT)]


def word_of(data: bytes, number: int | None = None) -> str:
    with pytest.raises(CorrectionError) as caught:
        read_label_map(data, number)
    return caught.value.word


def test_the_labels_of_one_scan_are_read_back() -> None:
    assert np.array_equal(read_label_map(bytes_of(dataset_of(ONE_SCAN))).labels, LABELS)


def test_a_segment_of_the_whole_lens_lies_below_that_of_cataract() -> None:
    planes: Planes = [(2, None, CATARACT), (1, None, LABELS > 0)]
    assert np.array_equal(read_label_map(bytes_of(dataset_of(planes))).labels, LABELS)


def test_segments_without_a_telling_label_are_told_by_their_codes() -> None:
    named = segments(("Segment 1", "78076003"), ("Segment 2", "193570009"))
    assert np.array_equal(read_label_map(bytes_of(dataset_of(ONE_SCAN, named))).labels, LABELS)


@pytest.mark.parametrize("number", [1, 2])
def test_the_frames_of_one_scan_of_several_are_chosen(number: int) -> None:
    planes: Planes = [(1, 1, CLEAR), (2, 1, CATARACT), (1, 2, CATARACT), (2, 2, CLEAR)]
    expected = LABELS if number == 1 else np.where(LABELS > 0, 3 - LABELS, 0)
    assert np.array_equal(read_label_map(bytes_of(dataset_of(planes)), number).labels, expected)


def made_from(dataset: FileDataset, *sources: tuple[str, int | None], shared: bool = False) -> bytes:
    """The segmentation with the object and the frame that each of its frames, or all of them, were made from."""
    groups = [item()] if shared else dataset.PerFrameFunctionalGroupsSequence
    for place, group in enumerate(groups):
        image = item(ReferencedSOPInstanceUID=sources[place % len(sources)][0])
        if (number := sources[place % len(sources)][1]) is not None:
            image.ReferencedFrameNumber = number
        group.DerivationImageSequence = [item(SourceImageSequence=[image])]
    if shared:
        dataset.SharedFunctionalGroupsSequence = groups
    return bytes_of(dataset)


def is_of(labels: LabelMap, instance: tuple[str, int] | None) -> bool:
    try:
        labels.check_scan((41, 53), "hash", instance)
    except CorrectionError as error:
        return error.word != "labels-other-scan"
    return True


@pytest.mark.parametrize("shared", [False, True])
def test_a_segmentation_of_another_object_is_refused(shared: bool) -> None:
    labels = read_label_map(made_from(dataset_of(ONE_SCAN), ("1.2.3", None), shared=shared))
    found = [is_of(labels, scan) for scan in (("1.2.3", 1), ("1.2.3", 4), ("1.2.4", 1), None)]
    assert found == [True, True, False, True]


def test_a_segmentation_of_another_frame_is_refused() -> None:
    labels = read_label_map(made_from(dataset_of(ONE_SCAN), ("1.2.3", 2)))
    assert [is_of(labels, scan) for scan in (("1.2.3", 2), ("1.2.3", 1), ("1.2.4", 2))] == [True, False, False]


def test_a_segmentation_that_names_its_objects_as_a_whole_is_of_one_of_them() -> None:
    dataset = dataset_of(ONE_SCAN)
    assert is_of(read_label_map(bytes_of(dataset)), ("1.2.3", 1))  # it names none
    images = [item(ReferencedSOPInstanceUID=instance) for instance in ("1.2.3", "1.2.4")]
    dataset.ReferencedSeriesSequence = [item(ReferencedInstanceSequence=images)]
    labels = read_label_map(bytes_of(dataset))
    assert [is_of(labels, (instance, 1)) for instance in ("1.2.3", "1.2.4", "1.2.5")] == [True, True, False]


@pytest.mark.parametrize("other", [("1.2.4", None), ("1.2.4", 1), ("1.2.3", 2)])
def test_lens_of_one_scan_and_cataract_of_another_are_no_map(other: tuple[str, int | None]) -> None:
    assert word_of(made_from(dataset_of(ONE_SCAN), ("1.2.3", 1), other)) == "labels-frames"


@pytest.mark.parametrize("frames", [1, 2])
def test_a_scan_takes_the_segmentation_of_itself_alone(frames: int) -> None:
    picture = np.arange(LABELS.size, dtype=np.uint16).reshape(LABELS.shape)
    dataset = tomography([picture] * frames)
    scan = sources_of(file_bytes(dataset))[frames - 1].read()
    own = str(dataset.SOPInstanceUID), frames
    assert scan.instance == own
    assert scan.corrected_by(read_label_map(made_from(dataset_of(ONE_SCAN), own), frames)).corrected_labels
    with pytest.raises(CorrectionError, match="labels-other-scan"):
        scan.corrected_by(read_label_map(made_from(dataset_of(ONE_SCAN), ("1.2.4", frames)), frames))


def test_a_segmentation_of_several_scans_needs_the_number_of_the_scan() -> None:
    planes: Planes = [(1, 1, CLEAR), (1, 2, CLEAR)]
    assert word_of(bytes_of(dataset_of(planes))) == "labels-frames"
    assert word_of(bytes_of(dataset_of(planes)), 3) == "labels-frames"


def test_a_segment_of_something_else_is_refused() -> None:
    named = segments(("cornea", "1"), ("cataract", "193570009"))
    assert word_of(bytes_of(dataset_of(ONE_SCAN, named))) == "labels-segments"


def test_an_empty_segmentation_is_refused() -> None:
    nothing = np.zeros(LABELS.shape, np.bool_)
    assert word_of(bytes_of(dataset_of([(1, None, nothing)]))) == "labels-empty"


@pytest.mark.parametrize(
    ("name", "value"),
    [("SegmentationType", "FRACTIONAL"), ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"), ("Rows", 60000)],
)
def test_what_is_no_binary_segmentation_is_refused(name: str, value: Any) -> None:
    dataset = dataset_of(ONE_SCAN)
    setattr(dataset, name, value)
    expected = "labels-damaged" if name == "Rows" and value * LABELS.shape[1] <= 25_000_000 else "labels-format"
    assert word_of(bytes_of(dataset)) == expected


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, RLELossless])
def test_packed_segmentations_are_refused_before_they_are_unpacked(syntax: str) -> None:
    dataset = dataset_of(ONE_SCAN, syntax=syntax)
    if syntax == RLELossless:
        del dataset.PixelData  # which pydicom would not write as it is
    assert word_of(bytes_of(dataset)) == "labels-format"


@pytest.mark.parametrize("missing", ["SegmentSequence", "PerFrameFunctionalGroupsSequence", "PixelData", "Rows"])
def test_an_incomplete_segmentation_is_refused(missing: str) -> None:
    dataset = dataset_of(ONE_SCAN)
    delattr(dataset, missing)
    assert word_of(bytes_of(dataset)) == "labels-damaged"


def test_a_segmentation_that_was_cut_anywhere_is_refused() -> None:
    data = bytes_of(dataset_of(ONE_SCAN))
    words = {word_of(data[:length]) for length in range(200, len(data) - 1, 7)}
    assert "labels-damaged" in words
    assert words <= {"labels-damaged", "labels-format", "labels-frames", "labels-segments"}


def test_damaged_bytes_end_in_a_word_of_the_package() -> None:
    data, noise = bytes_of(dataset_of(ONE_SCAN)), np.random.default_rng(0)
    read, errors = 0, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(300):
            damaged = bytearray(data)
            for place in noise.integers(128, len(data), 4):
                damaged[place] = noise.integers(256)
            try:
                read += read_label_map(bytes(damaged)).labels.shape == LABELS.shape
            except CorrectionError as error:
                errors.append(error)
    assert 0 < read < 300
    assert all(error.word.startswith("labels-") for error in errors)
    assert {error.__context__ for error in errors} == {None}  # it would quote the file with --debug


def test_nothing_of_a_person_is_told(caplog: pytest.LogCaptureFixture) -> None:
    dataset = dataset_of(ONE_SCAN, segments(("CANARY", "1"), ("cataract", "193570009")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom, about what is written here
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "CANARY^A", "CANARY" * 20, "CANARY"
        dataset.SOPInstanceUID = "CANARY"
        data = bytes_of(dataset)
    caplog.clear()
    with caplog.at_level(0), pytest.raises(CorrectionError) as caught:
        read_label_map(data)
    assert "CANARY" not in caplog.text
    assert "CANARY" not in str(caught.value)


def test_without_pydicom_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data, real = bytes_of(dataset_of(ONE_SCAN)), builtins.__import__

    def no_pydicom(name: str, *arguments: Any) -> Any:
        if name == "pydicom":
            raise ModuleNotFoundError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", no_pydicom)
    with pytest.raises(MissingExtraError) as caught:
        read_label_map(data)
    assert (caught.value.word, caught.value.exit_code) == ("missing-extra", 69)
    assert "edge-cataract[dicom]" in caught.value.remedy
