"""Grey levels: what the header declares decides, never the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from edge_runtime.errors import ScanError
from edge_runtime.reading.raster import decode_scan
from edge_runtime.reading.sources import sources_of
from edge_runtime.scan import Scan
from tests.dicom_files import file_bytes, secondary_capture

Frames = list[NDArray[Any]]


def scan(dataset: Dataset) -> Scan:
    return decode_scan(file_bytes(dataset), "scan.dcm")


def refused(dataset: Dataset) -> str:
    with pytest.raises(ScanError) as caught:
        scan(dataset)
    return caught.value.word


def test_monochrome1_is_turned_round(frames: Frames) -> None:
    dataset = secondary_capture([255 - frames[0]])
    dataset.PhotometricInterpretation = "MONOCHROME1"
    assert np.array_equal(scan(dataset).pixels, frames[0])
    twelve = secondary_capture([4095 - frames[0].astype(np.uint16) * 16])
    twelve.PhotometricInterpretation, twelve.BitsStored, twelve.HighBit = "MONOCHROME1", 12, 11
    found = scan(twelve)
    assert (found.full_scale, np.array_equal(found.pixels, frames[0].astype(np.uint16) * 16)) == (4095, True)


def test_eight_bits_in_sixteen_are_eight(frames: Frames) -> None:
    dataset = secondary_capture([frames[0].astype(np.uint16)])
    dataset.BitsStored, dataset.HighBit = 8, 7
    found = scan(dataset)
    assert (found.full_scale, found.pixels.dtype, np.array_equal(found.pixels, frames[0])) == (255, np.uint8, True)


def test_bits_that_do_not_count_are_cleared(frames: Frames) -> None:
    """The four highest bits may hold a drawing, or the lowest ones nothing."""
    levels = frames[0].astype(np.uint16) * 16
    high = secondary_capture([levels | 0xF000])
    high.BitsStored, high.HighBit = 12, 11
    low = secondary_capture([levels << 4 | 0x7])
    low.BitsStored, low.HighBit = 12, 15
    assert all(np.array_equal(scan(dataset).pixels, levels) for dataset in (high, low))


def test_a_window_declares_black_and_white(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 60, 100, "LINEAR_EXACT"
    found = scan(dataset)
    expected = np.clip((frames[0].astype(float) - 10) / 100, 0, 1) * 65535
    assert found.full_scale == 65535
    assert np.abs(found.pixels - expected).max() <= 0.5


def test_the_windows_of_other_data_make_no_difference(frames: Frames) -> None:
    """Scaling is that of the header: twice as bright a picture is twice as bright."""
    dark, bright = secondary_capture([frames[0] // 2]), secondary_capture([frames[0] // 2 * 2])
    for dataset in (dark, bright):
        dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 200, 400, "LINEAR_EXACT"
    assert np.abs(2.0 * scan(dark).pixels - scan(bright).pixels).max() <= 1


@pytest.mark.parametrize(("centre", "width"), [(128, 256), (127.5, 255), (127, 254)])
def test_a_window_that_is_the_whole_range_changes_nothing(centre: float, width: float, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.WindowCenter, dataset.WindowWidth = centre, width
    assert np.array_equal(scan(dataset).pixels, frames[0])


def test_a_rescale_alone_changes_nothing_and_moves_a_window(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.RescaleSlope, dataset.RescaleIntercept = 2, -100
    assert np.array_equal(scan(dataset).pixels, frames[0])
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 20, 200, "LINEAR_EXACT"
    windowed = secondary_capture(frames[:1])
    windowed.WindowCenter, windowed.WindowWidth, windowed.VOILUTFunction = 60, 100, "LINEAR_EXACT"
    assert np.array_equal(scan(dataset).pixels, scan(windowed).pixels)


def test_a_falling_rescale_turns_grey_round(frames: Frames) -> None:
    dataset = secondary_capture([255 - frames[0]])
    dataset.RescaleSlope, dataset.RescaleIntercept = -1, 255
    assert np.array_equal(scan(dataset).pixels, frames[0])


def test_grey_that_only_a_table_or_a_curve_could_tell_is_refused(frames: Frames) -> None:
    curve = secondary_capture(frames[:1])
    curve.WindowCenter, curve.WindowWidth, curve.VOILUTFunction = 60, 100, "SIGMOID"
    table = secondary_capture(frames[:1])
    table.VOILUTSequence = [Dataset()]
    assert {refused(curve), refused(table)} == {"grey-table"}


def item(**values: Any) -> Dataset:
    found = Dataset()
    for name, value in values.items():
        setattr(found, name, value)
    return found


def window(low: float, high: float) -> dict[str, Any]:
    return {"WindowCenter": (low + high) / 2, "WindowWidth": high - low, "VOILUTFunction": "LINEAR_EXACT"}


def grouped(frames: Frames, shared: Dataset | None, *own: Dataset, **of_file: Any) -> list[NDArray[Any]]:
    """The frames of a file whose functional groups, shared and of each frame, are given."""
    dataset = secondary_capture(frames)
    for name, value in of_file.items():
        setattr(dataset, name, value)
    if shared is not None:
        dataset.SharedFunctionalGroupsSequence = [shared]
    if own:
        dataset.PerFrameFunctionalGroupsSequence = list(own)
    return [source.read().pixels for source in sources_of(file_bytes(dataset))]


def shown(frame: NDArray[Any], **of_file: Any) -> NDArray[Any]:
    """The frame by itself, with facts in the header of its file."""
    return grouped([frame], None, **of_file)[0]


def test_a_window_is_that_of_the_frame_else_of_all_frames_else_of_the_file(frames: Frames) -> None:
    shared, own = (item(FrameVOILUTSequence=[item(**window(*ends))]) for ends in ((10, 110), (20, 220)))
    of_file = window(30, 130)
    found = grouped(frames[:2], shared, own, Dataset(), **of_file)
    assert np.array_equal(found[0], shown(frames[0], **window(20, 220)))
    assert np.array_equal(found[1], shown(frames[1], **window(10, 110)))
    assert np.array_equal(grouped(frames[:1], shared)[0], shown(frames[0], **window(10, 110)))
    assert np.array_equal(grouped(frames[:2], None, own, Dataset(), **of_file)[1], shown(frames[1], **of_file))


def test_a_rescale_is_that_of_the_frame_else_of_all_frames_else_of_the_file(frames: Frames) -> None:
    rescales = [{"RescaleSlope": slope, "RescaleIntercept": at} for slope, at in ((2, -10), (3, -10), (-1, 255))]
    shared, own = (item(PixelValueTransformationSequence=[item(**rescale)]) for rescale in rescales[:2])
    of_file = window(20, 300)
    found = grouped(frames[:2], shared, own, Dataset(), **of_file, **rescales[2])
    assert np.array_equal(found[0], shown(frames[0], **of_file, **rescales[1]))
    assert np.array_equal(found[1], shown(frames[1], **of_file, **rescales[0]))
    found = grouped(frames[:2], None, own, Dataset(), **of_file, **rescales[2])
    assert np.array_equal(found[1], shown(frames[1], **of_file, **rescales[2]))


def test_a_falling_rescale_of_one_frame_turns_that_frame_round(frames: Frames) -> None:
    falling = item(PixelValueTransformationSequence=[item(RescaleSlope=-1, RescaleIntercept=255)])
    found = grouped([255 - frames[0], frames[1]], None, falling, Dataset())
    assert [np.array_equal(*pair) for pair in zip(found, frames, strict=False)] == [True, True]


@pytest.mark.parametrize("place", ["shared", "own"])
@pytest.mark.parametrize(
    ("group", "word"),
    [
        ({"FrameVOILUTSequence": {"WindowCenter": 60, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"}}, "grey-table"),
        ({"FrameVOILUTSequence": {"VOILUTSequence": [Dataset()]}}, "grey-table"),
        ({"PixelValueTransformationSequence": {"ModalityLUTSequence": [Dataset()]}}, "grey-table"),
        ({"PixelValueTransformationSequence": {"RescaleSlope": 0, "RescaleIntercept": 1}}, "damaged-dicom"),
        ({"FrameVOILUTSequence": {"WindowCenter": 60, "WindowWidth": 0}}, "damaged-dicom"),
    ],
)
def test_groups_of_a_frame_are_refused_as_a_file_is(
    place: str, group: dict[str, Any], word: str, frames: Frames
) -> None:
    given = item(**{name: [item(**values)] for name, values in group.items()})
    with pytest.raises(ScanError) as caught:
        grouped(frames[:2], *((given,) if place == "shared" else (None, Dataset(), given)))
    assert caught.value.word == word


@pytest.mark.parametrize(
    ("keyword", "value", "word"),
    [
        ("PixelRepresentation", 1, "float-image"),
        ("BitsAllocated", 1, "bilevel-image"),
        ("BitsAllocated", 32, "unsupported-depth"),
        ("BitsStored", 6, "unsupported-depth"),
        ("BitsStored", 9, "damaged-dicom"),
        ("HighBit", 15, "damaged-dicom"),
        ("PhotometricInterpretation", "PALETTE COLOR", "palette-image"),
        ("PhotometricInterpretation", "RGB", "damaged-dicom"),
        ("RescaleSlope", 0, "damaged-dicom"),
    ],
)
def test_what_is_no_declared_grey_is_refused(keyword: str, value: Any, word: str, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    setattr(dataset, keyword, value)
    if keyword == "BitsStored" and value == 6:
        dataset.HighBit = 5
    assert refused(dataset) == word


@pytest.mark.parametrize(("width", "slope"), [(1e300, 1e-300), (1e-300, 1e300)])
def test_a_window_beyond_all_numbers_is_refused(width: float, slope: float, frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 0, width, "LINEAR_EXACT"
    dataset.RescaleSlope, dataset.RescaleIntercept = slope, 0
    assert refused(dataset) == "damaged-dicom"


def test_a_window_without_width_is_refused(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.WindowCenter, dataset.WindowWidth = 100, 0
    assert refused(dataset) == "damaged-dicom"


def test_colour_is_refused(frames: Frames) -> None:
    colour = np.dstack([frames[0], frames[1], frames[2]])
    assert refused(secondary_capture([colour])) == "colour-image"
    other = secondary_capture([colour])
    other.PhotometricInterpretation = "YBR_FULL"
    assert refused(other) == "colour-image"


def test_text_in_the_picture_is_told(frames: Frames) -> None:
    dataset = secondary_capture(frames[:1])
    dataset.BurnedInAnnotation = "YES"
    assert scan(dataset).notices == ("burned-in-text",)
