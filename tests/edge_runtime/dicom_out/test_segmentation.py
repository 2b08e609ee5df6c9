"""A Segmentation holds the label maps to the pixel, on the frames that they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import highdicom
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from edge_runtime.dicom_out.filing import FiledEye
from edge_runtime.dicom_out.segmentation import segmentations
from edge_runtime.dicom_out.source import SourceFrame, frames_of
from edge_runtime.errors import InternalError
from edge_runtime.results import EyeResult

from .conftest import CREATED
from .source_files import multi_frame, only_frame, single_frames


def made(eye: EyeResult, sources: Sequence[SourceFrame]) -> list[Any]:
    """The Segmentations as highdicom reads them back."""
    back = []
    for _, dataset in segmentations(FiledEye.of(eye, sources, CREATED)):
        buffer = BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        buffer.seek(0)
        back.append(highdicom.seg.Segmentation.from_dataset(dcmread(buffer)))
    return back


def labels_of(segmentation: Any, source: Dataset, numbers: list[int]) -> Any:
    """(frames, rows, columns) of the labels that a Segmentation gives to frames of its source."""
    return segmentation.get_pixels_by_source_frame(
        source.SOPInstanceUID, numbers, combine_segments=True, ignore_spatial_locations=True
    )


def planes(dataset: Dataset) -> dict[int, tuple[list[float], list[float]]]:
    """The plane of every frame of a Segmentation by the number of its source frame."""
    return {
        int(groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber): (
            [float(value) for value in groups.PlanePositionSequence[0].ImagePositionPatient],
            [float(value) for value in groups.PlaneOrientationSequence[0].ImageOrientationPatient],
        )
        for groups in dataset.PerFrameFunctionalGroupsSequence
    }


def test_radial_frames_have_one_segmentation_with_the_pixels_of_the_labels(eye: EyeResult, source: Dataset) -> None:
    (segmentation,) = made(eye, frames_of(source))
    found = labels_of(segmentation, source, [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(found, [scan.labels for scan in eye.scans[:5]])
    assert segmentation.SegmentationType == "BINARY"
    assert [int(segment.SegmentNumber) for segment in segmentation.SegmentSequence] == [1, 2]


def test_radial_frames_keep_their_own_planes(eye: EyeResult, source: Dataset) -> None:
    (segmentation,) = made(eye, frames_of(source))
    assert segmentation.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert "PlaneOrientationSequence" not in segmentation.SharedFunctionalGroupsSequence[0]
    for groups in segmentation.PerFrameFunctionalGroupsSequence:
        assert list(groups.PixelMeasuresSequence[0].PixelSpacing) == [0.007675, 0.007675]
    expected = {
        number: (
            list(source.PerFrameFunctionalGroupsSequence[number - 1].PlanePositionSequence[0].ImagePositionPatient),
            list(
                source.PerFrameFunctionalGroupsSequence[number - 1].PlaneOrientationSequence[0].ImageOrientationPatient
            ),
        )
        for number in range(1, 6)
    }
    assert planes(segmentation) == expected


def test_a_scan_that_was_not_graded_has_no_segment(eye: EyeResult, source: Dataset) -> None:
    (segmentation,) = made(eye, frames_of(source))
    assert int(segmentation.NumberOfFrames) == 2 * 5
    assert set(planes(segmentation)) == {1, 2, 3, 4, 5}


def test_the_same_frames_in_another_order_get_the_same_labels(eye: EyeResult, frames: list[Any]) -> None:
    """The number of a frame is that in its object, not that in the exam."""
    source = multi_frame(frames[::-1])
    (segmentation,) = made(eye, frames_of(source)[::-1])
    found = labels_of(segmentation, source, [6, 5, 4, 3, 2])
    np.testing.assert_array_equal(found, [scan.labels for scan in eye.scans[:5]])


def test_frames_that_lie_nowhere_have_a_segmentation_each(eye: EyeResult, frames: list[Any]) -> None:
    source = multi_frame(frames, placed=False)
    found = made(eye, frames_of(source))
    assert [int(one.InstanceNumber) for one in found] == [1, 2, 3, 4, 5]
    assert len({one.SOPInstanceUID for one in found}) == 5
    assert len({one.SeriesInstanceUID for one in found}) == 1
    for number, (one, scan) in enumerate(zip(found, eye.scans[:5], strict=True), start=1):
        np.testing.assert_array_equal(labels_of(one, source, [number])[0], scan.labels)
        item = one.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
        assert int(item.ReferencedFrameNumber) == number
        assert "FrameOfReferenceUID" not in one


def test_single_frames_have_a_segmentation_each(eye: EyeResult, frames: list[Any]) -> None:
    sources = single_frames(frames)
    found = made(eye, [*map(only_frame, sources)])
    for one, source, scan in zip(found, sources, eye.scans[:5], strict=False):
        pixels = one.get_pixels_by_source_instance(
            [source.SOPInstanceUID], combine_segments=True, ignore_spatial_locations=True
        )
        np.testing.assert_array_equal(pixels[0], scan.labels)
    assert len(found) == 5


@pytest.mark.parametrize("kind", ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.5.1"])
def test_photographs_and_captured_pictures_can_be_sources(eye: EyeResult, frames: list[Any], kind: str) -> None:
    (source,) = single_frames(frames[:1], SOPClassUID=kind)
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "NumberOfFrames"):
        del source[keyword]
    (one,) = made(_first_of(eye), frames_of(source))
    pixels = one.get_pixels_by_source_instance(
        [source.SOPInstanceUID], combine_segments=True, ignore_spatial_locations=True
    )
    np.testing.assert_array_equal(pixels[0], eye.scans[0].labels)
    assert "PixelMeasuresSequence" not in one.PerFrameFunctionalGroupsSequence[0]


def test_an_eye_without_a_graded_scan_has_no_segmentation(ungradable: EyeResult, source: Dataset) -> None:
    assert made(ungradable, frames_of(source)[5:]) == []


def test_segments_say_what_they_are(eye: EyeResult, source: Dataset) -> None:
    (segmentation,) = made(eye, frames_of(source))
    clear, cataract = segmentation.SegmentSequence
    assert (clear.SegmentLabel, cataract.SegmentLabel) == ("Clear lens", "Cataract")
    assert clear.SegmentedPropertyTypeCodeSequence[0].CodeValue == "78076003"
    assert cataract.SegmentedPropertyTypeCodeSequence[0].CodeValue == "193570009"
    for segment in (clear, cataract):
        region = segment.AnatomicRegionSequence[0]
        assert region.CodeValue == "78076003"
        assert region.AnatomicRegionModifierSequence[0].CodeMeaning == "Right"
        assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_no_mark_is_burnt_in_and_loss_of_the_source_is_told(eye: EyeResult, frames: list[Any]) -> None:
    (plain,) = made(eye, frames_of(multi_frame(frames)))
    (lossy,) = made(eye, frames_of(multi_frame(frames, LossyImageCompression="01")))
    assert (plain.BurnedInAnnotation, plain.LossyImageCompression) == ("NO", "00")
    assert lossy.LossyImageCompression == "01"


def test_labels_that_do_not_lie_on_the_frame_are_no_segmentation(eye: EyeResult, source: Dataset) -> None:
    source.Rows = 364
    with pytest.raises(InternalError):
        made(eye, frames_of(source))


def _first_of(eye: EyeResult) -> EyeResult:
    from dataclasses import replace

    return replace(eye, entries=eye.entries[:1])
