"""A scan reaches the native pitch without a look at its data, and its maps find the way back to its pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ScanError
from edge_runtime.frame.profiles import (
    PROFILES,
    DeviceProfile,
    profile_for,
    profile_of_pitch,
)
from edge_runtime.frame.resample import native_frame, native_shape, on_scan_pixels
from edge_runtime.frame.window import NATIVE_PITCH_UM, CropWindow
from edge_runtime.scan import Scan, scan_from_pixels

ANTERION, RAW = PROFILES["anterion"], PROFILES["anterion-raw"]


def ramp_scan(rows: int, columns: int, dtype: type = np.uint8) -> Scan:
    levels = np.iinfo(dtype).max
    return scan_from_pixels((np.arange(rows * columns).reshape(rows, columns) % levels).astype(dtype))


def test_frame_of_the_paper_stays_untouched_bit_for_bit() -> None:
    scan = ramp_scan(1824, 2150)
    assert native_shape((scan.rows, scan.columns), ANTERION) == (1824, 2150)
    assert np.array_equal(native_frame(scan, ANTERION), scan.pixels)


@pytest.mark.parametrize(
    ("rows", "columns", "dtype", "native"),
    [
        (1459, 1713, np.uint8, (1824, 2150)),
        (1519, 768, np.uint16, (1762, 2150)),  # 13.52 mm / 7.675 um
        (3648, 4300, np.uint8, (1824, 2150)),
    ],
)
def test_other_sizes_of_a_frame_come_to_the_native_pitch(
    rows: int, columns: int, dtype: type, native: tuple[int, int]
) -> None:
    scan = ramp_scan(rows, columns, dtype)
    profile = profile_for(rows, columns, scan.bits)
    assert native_shape((scan.rows, scan.columns), profile) == native
    frame = native_frame(scan, profile)
    assert (frame.shape, frame.dtype) == (native, np.uint8)


def test_shrinking_takes_the_mean_of_the_pixels_that_become_one() -> None:
    pixels = np.zeros((3648, 4300), np.uint8)
    pixels[::2, ::2], pixels[1::2, 1::2] = 100, 60
    assert np.unique(native_frame(scan_from_pixels(pixels), ANTERION)).tolist() == [40]


def test_pixels_larger_than_40_um_are_too_coarse() -> None:
    with pytest.raises(ScanError, match="too-coarse"):
        native_shape((182, 215), ANTERION)


def test_frame_that_would_have_too_many_native_pixels_is_refused() -> None:
    scan = ramp_scan(2000, 2000)
    with pytest.raises(ScanError, match="too-many-pixels"):
        native_shape((scan.rows, scan.columns), profile_of_pitch(39, 39, 2000, 2000))


def test_frame_thinner_than_a_native_pixel_is_refused() -> None:
    scan = ramp_scan(3, 4000)
    with pytest.raises(ScanError, match="too-many-pixels"):
        native_shape((scan.rows, scan.columns), profile_of_pitch(1.0, 1.0, 3, 4000))


# --- the display window ----------------------------------------------------------------------------------------------


def shown(level: int, profile: DeviceProfile, full_scale: int, dtype: type = np.uint16) -> int:
    pixels = np.array([[level, 0], [0, level or 1]], dtype)
    wide = replace(
        profile, columns=2, rows=2, width_mm=2 * NATIVE_PITCH_UM / 1000, height_mm=2 * NATIVE_PITCH_UM / 1000
    )
    return int(native_frame(Scan(pixels, full_scale, "", ""), wide)[0, 0])


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_16_bit_scan_at_257_times_the_level_shows_the_8_bit_level(level: int) -> None:
    assert shown(257 * level, ANTERION, 65535) == level


@pytest.mark.parametrize(("level", "grey"), [(0, 0), (2048, 128), (4095, 255)])
def test_declared_full_scale_decides_what_is_white(level: int, grey: int) -> None:
    assert shown(level, ANTERION, 4095) == grey


@pytest.mark.parametrize(
    ("fraction", "grey"),
    [(0.0, 0), (0.2, 0), (0.655, 127.5), (0.51, (0.51 - 0.2) / 0.91 * 255), (1.0, 0.8 / 0.91 * 255)],
)
def test_raw_frame_is_shown_through_its_display_window(fraction: float, grey: float) -> None:
    assert shown(round(fraction * 65535), RAW, 65535) == pytest.approx(grey, abs=0.51)


def test_display_never_depends_on_the_data() -> None:
    dark, bright = np.full((1824, 2150), 20, np.uint16), np.full((1824, 2150), 20, np.uint16)
    dark[0, 0], bright[0, 0] = 21, 65535
    assert (
        native_frame(scan_from_pixels(dark), ANTERION)[5, 5] == native_frame(scan_from_pixels(bright), ANTERION)[5, 5]
    )


def test_display_window_of_an_8_bit_scan_can_be_changed_too() -> None:
    assert shown(64, replace(ANTERION, display_low=0.0, display_high=0.5), 255, np.uint8) == 128


# --- and back --------------------------------------------------------------------------------------------------------

ROUND_TRIPS = [
    ("anterion", ANTERION, (1824, 2150), np.uint8),
    ("anterion small", ANTERION, (1459, 1713), np.uint8),
    ("anterion large", ANTERION, (2736, 3225), np.uint8),
    ("anterion-raw", RAW, (1519, 768), np.uint16),
    ("pixel-um", None, (900, 700), np.uint8),
    ("pixel-um narrow", None, (400, 1200), np.uint8),
]


@pytest.mark.parametrize(("name", "profile", "shape", "dtype"), ROUND_TRIPS, ids=[row[0] for row in ROUND_TRIPS])
@pytest.mark.parametrize("grid", [2, 4])
@pytest.mark.parametrize("place", [(0.45, 0.3), (0.6, 0.5), (0.8, 0.65)])
def test_block_marked_on_the_scan_is_found_again_within_a_pixel(
    name: str, profile: DeviceProfile | None, shape: tuple[int, int], dtype: type, grid: int, place: tuple[float, float]
) -> None:
    pitch = (10.0, 12.0) if name == "pixel-um" else (9.0, 6.0)
    profile = profile or profile_of_pitch(*pitch, *shape)
    pixels = np.zeros(shape, dtype)
    top, left = (int(part * side) for part, side in zip(place, shape, strict=True))
    pixels[top : top + 60, left : left + 40] = np.iinfo(dtype).max
    scan = scan_from_pixels(pixels)
    frame = native_frame(scan, profile)
    window = profile.window(frame.shape)
    cut = window.cut(frame)
    padded = np.pad(cut, [(0, -side % grid) for side in cut.shape], mode="edge").astype(np.float32)
    blocks = padded.reshape(padded.shape[0] // grid, grid, padded.shape[1] // grid, grid).mean(axis=(1, 3))

    back = on_scan_pixels(blocks, grid, window, frame.shape, shape)

    assert (back.shape, back.dtype) == (shape, np.float32)
    weights = back / back.sum()
    assert (weights.sum(axis=1) * np.arange(shape[0])).sum() == pytest.approx(top + 29.5, abs=0.5)
    assert (weights.sum(axis=0) * np.arange(shape[1])).sum() == pytest.approx(left + 19.5, abs=0.5)


def test_labels_take_the_nearest_and_never_mix() -> None:
    labels = np.array([[0, 2], [2, 0]], np.uint8)
    back: np.ndarray[Any, Any] = on_scan_pixels(labels, 4, CropWindow(4, 8, 8, 8), (20, 20), (20, 20))
    expected = np.zeros((20, 20), np.uint8)
    expected[4:8, 12:16] = expected[8:12, 8:12] = 2
    assert np.array_equal(back, expected)


def test_outside_the_window_there_is_nothing() -> None:
    back = on_scan_pixels(np.ones((10, 10), np.float32), 2, CropWindow(30, 40, 20, 20), (100, 100), (100, 100))
    inside = np.zeros((100, 100), bool)
    inside[29:51, 39:61] = True
    assert back[~inside].max() == 0
    assert np.allclose(back[32:48, 42:58], 1)


def test_frame_wider_than_opencv_s_short_integers_comes_back_too() -> None:
    back = on_scan_pixels(
        np.ones((50, 20_000), np.uint8), 2, CropWindow(0, 0, 100, 40_000), (100, 40_000), (100, 40_000)
    )
    assert back.shape == (100, 40_000)
    assert back.min() == 1


@pytest.mark.parametrize("shape", [(1459, 1713), (1824, 2150), (1519, 768)])
def test_constant_map_stays_constant_to_the_border_of_the_window(shape: tuple[int, int]) -> None:
    whole = CropWindow(0, 0, 1824, 2150)
    grid_map = np.ones((456, 538), np.float32)
    assert (on_scan_pixels(grid_map, 4, whole, (1824, 2150), shape) == 1).all()


def test_map_is_0_outside_its_window() -> None:
    window = CropWindow(640, 525, 1100, 1100)
    enlarged = on_scan_pixels(np.ones((275, 275), np.float32), 4, window, (1824, 2150), (1824, 2150))
    expected = np.zeros((1824, 2150), np.float32)
    expected[640:1740, 525:1625] = 1
    assert np.array_equal(enlarged, expected)
