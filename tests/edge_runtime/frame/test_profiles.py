"""Frames of known devices are known by their shape, and the size of a pixel is never guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.errors import ScanError, UsageError
from edge_runtime.frame.profiles import (
    PROFILES,
    DeviceProfile,
    load_profile,
    profile_for,
    profile_of_pitch,
    profile_of_scan,
)
from edge_runtime.frame.window import CropWindow
from edge_runtime.scan import Known, Origin, scan_from_pixels
from tests.conftest import ROOT
from tests.edge_runtime.pictures import lens_frame

ANTERION, RAW = PROFILES["anterion"], PROFILES["anterion-raw"]


@pytest.mark.parametrize(
    ("rows", "columns", "bits", "name"),
    [
        (1824, 2150, 8, "anterion"),
        (1824, 2150, 16, "anterion"),
        (1459, 1713, 8, "anterion"),
        (912, 1075, 8, "anterion"),
        (1519, 768, 16, "anterion-raw"),
    ],
)
def test_frame_is_known_by_its_aspect_ratio_and_depth(rows: int, columns: int, bits: int, name: str) -> None:
    assert profile_for(rows, columns, bits).name == name


@pytest.mark.parametrize(
    ("rows", "columns", "bits"), [(1519, 768, 8), (2150, 1824, 8), (1000, 1000, 8), (768, 1519, 16)]
)
def test_frame_that_fits_no_device_is_refused(rows: int, columns: int, bits: int) -> None:
    with pytest.raises(ScanError, match=f"{columns} x {rows} pixels of {bits} bits fit no known device") as caught:
        profile_for(rows, columns, bits)
    assert (caught.value.word, caught.value.exit_code) == ("unknown-frame", 65)
    assert "--pixel-um" in caught.value.remedy


@pytest.mark.parametrize(("columns", "fits"), [(1009, True), (1011, False), (991, True), (989, False)])
def test_aspect_ratio_may_deviate_by_one_percent(columns: int, fits: bool) -> None:
    assert replace(ANTERION, columns=1000, rows=1000).fits(1000, columns, 8) is fits


def test_profile_is_found_by_name() -> None:
    assert load_profile("anterion-raw") is RAW
    with pytest.raises(UsageError, match="Known profiles: anterion, anterion-raw") as caught:
        load_profile("anterior")
    assert (caught.value.word, caught.value.exit_code) == ("unknown-profile", 2)


def test_profile_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\ncolumns = 1000\nrows = 800\nwidth_mm = 10.0\nheight_mm = 8\ndepths = [16]\ndisplay_high = 0.5\n'
        "export_shapes = [[800, 1000], [400, 500]]\n"
    )
    assert load_profile(str(path)) == DeviceProfile(
        "mine", 1000, 800, 10.0, 8, (16,), display_high=0.5, export_shapes=((800, 1000), (400, 500))
    )


COMPLETE = 'name = "mine"\ncolumns = 10\nrows = 10\nwidth_mm = 1.0\nheight_mm = 1.0\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 'mine'",
        "[[[",
        COMPLETE + "colour = 1",
        COMPLETE.replace("columns = 10", "columns = 0"),
        COMPLETE.replace("columns = 10", "columns = '10'"),
        COMPLETE.replace("width_mm = 1.0", "width_mm = -1.0"),
        COMPLETE.replace("width_mm = 1.0", "width_mm = nan"),
        COMPLETE.replace('"mine"', "5"),
        COMPLETE.replace("columns = 10", "columns = 10.5"),
        COMPLETE + "window_rows = 1.5",
        COMPLETE + "window_left = true",
        COMPLETE + "depths = []",
        COMPLETE + "depths = [12]",
        COMPLETE + "depths = 8",
        COMPLETE + "window_top = -1",
        COMPLETE + "display_low = 1.0",
        COMPLETE + "display_high = nan",
        COMPLETE + "export_shapes = 5",
        COMPLETE + "export_shapes = [10, 10]",
        COMPLETE + "export_shapes = [[10]]",
        COMPLETE + "export_shapes = [[10, 10, 1]]",
        COMPLETE + "export_shapes = [[0, 10]]",
        COMPLETE + "export_shapes = [[10.0, 10.0]]",
        COMPLETE + "export_shapes = ['ab']",
        COMPLETE + "export_shapes = [[10, 20]]",
    ],
)
def test_file_that_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_profile(str(tmp_path / "mine.toml"))
    assert (caught.value.word, caught.value.exit_code) == ("bad-profile", 2)


def test_profile_that_is_a_folder_or_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"name = '\xff'")
    for path in (tmp_path, tmp_path / "bad.toml"):
        with pytest.raises(UsageError, match="bad-profile"):
            load_profile(str(path))


@pytest.mark.parametrize("pitch", [(0.99, 7.675), (7.675, 40.1), (0.0, 5.0), (-7.0, 7.0), (float("nan"), 7.0)])
def test_pixel_pitch_out_of_range_is_refused(pitch: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="out of range") as caught:
        profile_of_pitch(*pitch, 100, 100)
    assert caught.value.word == "bad-pixel-pitch"


@pytest.mark.parametrize("pitch", [(1.0, 40.0), (40.0, 1.0)])
def test_pixel_pitch_in_range_is_what_the_profile_has(pitch: tuple[float, float]) -> None:
    profile = profile_of_pitch(*pitch, 300, 500)
    assert profile.pitch_um(300, 500) == pytest.approx(pitch)
    assert profile.window((300, 500)) == CropWindow(0, 0, 300, 500)


@pytest.mark.parametrize(
    ("shape", "profile", "expected"),
    [
        ((1824, 2150), ANTERION, True),
        ((1459, 1713), ANTERION, True),
        ((1519, 768), RAW, True),
        ((912, 1075), ANTERION, False),
        ((3648, 4300), ANTERION, False),
        ((1459, 1713), profile_of_pitch(9.6, 9.63, 1459, 1713), False),
        ((1824, 2150), replace(ANTERION, width_mm=16.0), False),
    ],
)
def test_pixels_are_the_device_s_where_a_known_device_exports_this_size(
    shape: tuple[int, int], profile: DeviceProfile, expected: bool
) -> None:
    assert profile.has_device_pixels(shape) is expected


def test_a_pitch_that_a_scan_states_comes_before_its_shape() -> None:
    scan = replace(scan_from_pixels(lens_frame()), pitch_um=Known((9.0, 8.0), Origin.FILE))
    stated = profile_of_scan(scan, None)
    assert stated.pitch_um(scan.rows, scan.columns) == pytest.approx((9.0, 8.0))
    assert profile_of_scan(scan, ANTERION) is ANTERION


OF_A_DEVICE = "columns = 2150\nrows = 1824\nwidth_mm = 16.5\nheight_mm = 14.0\n"


def test_file_that_bears_the_name_of_another_bundled_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "anterion"\n' + OF_A_DEVICE)
    with pytest.raises(UsageError, match="'anterion' is the name of a bundled profile") as caught:
        load_profile(str(path))
    assert caught.value.word == "bad-profile"


def test_file_that_repeats_a_bundled_device_is_that_device(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    window = "window_top = 640\nwindow_left = 525\nwindow_rows = 1100\nwindow_columns = 1100\n"
    path.write_text('name = "anterion"\nexport_shapes = [[1824, 2150], [1459, 1713]]\n' + OF_A_DEVICE + window)
    assert load_profile(str(path)).is_bundled


def test_the_example_of_the_documentation_is_a_profile(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "inputs.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "example.toml"
    path.write_text(example, "utf-8")
    profile = load_profile(str(path))
    assert (profile.name, round(profile.display_high * 65535)) == ("mydevice", 4095)
    assert profile.fits(1000, 1200, 16)
