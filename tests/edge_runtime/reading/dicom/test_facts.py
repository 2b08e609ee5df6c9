"""Spacing, eye, meridian and order: each from where its class keeps it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from edge_runtime.errors import ScanError
from edge_runtime.frame.profiles import profile_of_scan
from edge_runtime.reading.raster import decode_scan
from edge_runtime.reading.sources import sources_of
from edge_runtime.scan import Known, Laterality, Origin, Scan, ScanSource
from tests.dicom_files import file_bytes, photograph, secondary_capture, tomography
from tests.edge_runtime.pictures import lens_frame

Frames = list[NDArray[Any]]


def sources(dataset: Dataset) -> tuple[ScanSource, ...]:
    return sources_of(file_bytes(dataset))


def scan(dataset: Dataset) -> Scan:
    return decode_scan(file_bytes(dataset), "scan.dcm")


def groups(dataset: Dataset, frame: int) -> Dataset:
    found: Dataset = dataset.PerFrameFunctionalGroupsSequence[frame]
    return found


def test_tomography_keeps_spacing_for_all_frames_or_for_each(frames: Frames) -> None:
    dataset = tomography(frames, pitch_um=(10.0, 20.0))
    own = Dataset()
    own.PixelSpacing = ["0.011", "0.021"]
    groups(dataset, 1).PixelMeasuresSequence = [own]
    found = [source.read().pitch_um for source in sources(dataset)]
    assert [known.value for known in found if known] == [(10.0, 20.0), (11.0, 21.0), (10.0, 20.0)]
    assert {known.origin for known in found if known} == {Origin.FILE}


def test_photographs_and_captures_keep_spacing_at_the_top_or_have_none(frames: Frames) -> None:
    assert scan(photograph(frames[0], pitch_um=(10.0, 20.0))).pitch_um == Known((10.0, 20.0), Origin.FILE)
    assert scan(photograph(frames[0], spaced=False)).pitch_um is None
    assert scan(secondary_capture(frames[:1], pitch_um=(10.0, 20.0))).pitch_um == Known((10.0, 20.0), Origin.FILE)
    assert scan(secondary_capture(frames[:1])).pitch_um is None


@pytest.mark.parametrize(("letter", "eye"), [("R", Laterality.OD), ("L", Laterality.OS), ("B", None)])
def test_the_eye_is_that_of_the_image(letter: str, eye: Laterality | None, frames: Frames) -> None:
    for dataset in (tomography(frames[:1], laterality=letter), photograph(frames[0], laterality=letter)):
        known = sources(dataset)[0].laterality
        assert (known and known.value) == eye
        assert scan(dataset).laterality == known


def test_the_eye_of_a_capture_is_that_of_its_series(frames: Frames) -> None:
    assert scan(secondary_capture(frames[:1], laterality="L")).laterality == Known(Laterality.OS, Origin.FILE)
    assert scan(secondary_capture(frames[:1])).laterality is None


def test_a_file_of_both_eyes_says_the_eye_frame_by_frame(frames: Frames) -> None:
    dataset = tomography(frames, laterality="B")
    for place, letter in enumerate("RLR"):
        anatomy = Dataset()
        anatomy.FrameLaterality = letter
        groups(dataset, place).FrameAnatomySequence = [anatomy]
    found = [source.laterality.value for source in sources(dataset) if source.laterality]
    assert found == [Laterality.OD, Laterality.OS, Laterality.OD]


def test_a_frame_of_both_eyes_is_refused(frames: Frames) -> None:
    dataset = tomography(frames[:1])
    dataset.ImageLaterality = "L"
    with pytest.raises(ScanError) as caught:
        sources(dataset)
    assert caught.value.word == "other-laterality"


def test_the_meridian_is_the_angle_of_the_plane_as_the_examiner_sees_it(frames: Frames) -> None:
    found = sources(tomography(frames, meridians_deg=[0, 30, 135]))
    assert [source.meridian_deg for source in found] == [Known(angle, Origin.FILE) for angle in (0.0, 30.0, 135.0)]
    turned = sources(tomography(frames, meridians_deg=[180, 210, 315]))
    assert [source.meridian_deg and source.meridian_deg.value for source in turned] == [0.0, 30.0, 135.0]


def test_the_meridian_may_be_a_line_in_a_localiser(frames: Frames) -> None:
    dataset = tomography(frames)
    for place, degrees in enumerate((0, 45, 90)):
        group, angle = groups(dataset, place), math.radians(degrees)
        del group.PlaneOrientationSequence
        location = Dataset()
        # Row, column of both ends; rows go down, so that up is a smaller row.
        up, right = 50 * math.sin(angle), 50 * math.cos(angle)
        location.ReferenceCoordinates = [100 + up, 100 - right, 100 - up, 100 + right]
        group.OphthalmicFrameLocationSequence = [location]
    found = [source.meridian_deg.value for source in sources(dataset) if source.meridian_deg]
    assert found == [0.0, 45.0, 90.0]


def test_one_orientation_of_all_frames_is_no_meridian(frames: Frames) -> None:
    assert [source.meridian_deg for source in sources(tomography(frames, meridians_deg=[0, 0, 0]))] == [None] * 3


def test_a_plane_that_does_not_lead_into_the_eye_has_no_meridian(frames: Frames) -> None:
    dataset = tomography(frames)
    for place in range(3):
        groups(dataset, place).PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 0, 1]
    assert [source.meridian_deg for source in sources(dataset)] == [None] * 3


def test_frames_come_in_the_order_of_their_place_in_the_stack(frames: Frames) -> None:
    found = sources_of(file_bytes(tomography(frames, order=[3, 1, 2])))
    assert [source.frame for source in found] == [2, 3, 1]
    assert [
        np.array_equal(source.read().pixels, frames[number]) for source, number in zip(found, (1, 2, 0), strict=True)
    ]
    assert [source.read().source for source in found] == ["#2", "#3", "#1"]


def test_without_places_the_indices_of_dimensions_order_frames(frames: Frames) -> None:
    dataset = tomography(frames)
    for place, index in enumerate((2, 3, 1)):
        content = groups(dataset, place).FrameContentSequence[0]
        del content.InStackPositionNumber
        content.DimensionIndexValues = [1, index]
    assert [source.frame for source in sources(dataset)] == [3, 1, 2]
    for place in range(3):
        del groups(dataset, place).FrameContentSequence[0].DimensionIndexValues
    assert [source.frame for source in sources(dataset)] == [1, 2, 3]


def test_a_frame_with_the_pitch_of_a_known_device_is_a_frame_of_it() -> None:
    """Its window and display are those of the profile, as for a picture of the same shape."""
    dataset = tomography([lens_frame()])
    assert profile_of_scan(scan(dataset), None).name == "anterion"
    other = tomography([lens_frame()], pitch_um=(7.675, 8.0))
    profile = profile_of_scan(scan(other), None)
    assert (profile.name, profile.pitch_um(1824, 2150)) == ("pixel-um", pytest.approx((7.675, 8.0)))


def test_a_pitch_that_no_scan_has_is_refused_unless_the_user_knows_better() -> None:
    wrong = scan(tomography([lens_frame()], pitch_um=(7675.0, 7675.0)))
    with pytest.raises(ScanError) as caught:
        profile_of_scan(wrong, None)
    assert caught.value.word == "bad-pixel-spacing"


@pytest.mark.parametrize("spacing", [["0", "0.01"], ["-0.01", "0.01"], ["0.01"]])
def test_a_spacing_that_is_none_is_refused(spacing: list[str], frames: Frames) -> None:
    dataset = photograph(frames[0])
    dataset.PixelSpacing = spacing
    with pytest.raises(ScanError) as caught:
        sources(dataset)
    assert caught.value.word == "damaged-dicom"
