"""The references are found where they are, and the display drops out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge_runtime.frame import brightness
from edge_runtime.frame.brightness import (
    BLACK_OVER_NOISE_DB,
    BRIGHT_OVER_STROMA_DB,
    HIGHEST_DB,
    LOWEST_DB,
    NOMINAL_LEVELS,
    STROMA_SPECKLE_DB,
    ReferenceLevels,
    find_reference_levels,
    referenced_grey,
)
from edge_runtime.frame.profiles import profile_for
from edge_runtime.frame.resample import coarse_grey, native_frame
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCANS = ("simulated-cataract.png", "simulated-clear.png")
GREY_PER_DB = (HIGHEST_DB - LOWEST_DB) / 255


def levels_of(frame: NDArray[np.uint8], *, device_pixels: bool = True) -> ReferenceLevels | None:
    return find_reference_levels(frame, coarse_grey(frame), device_pixels=device_pixels)


@pytest.fixture(params=SCANS)
def frame(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    scan = read_scan(SAMPLES / request.param)
    return native_frame(scan, profile_for(scan.rows, scan.columns, scan.bits))


def drawn_eye(*, lashes: bool = False, mirror: bool = False, cornea: int = 90, iris: int = 170) -> NDArray[np.uint8]:
    """A cornea of 7.8 mm radius with its apex at row 300, and an iris with a pupil of 5 mm, on black."""
    row, column = np.mgrid[:1824, :2150].astype(np.float32)
    mm = 0.007675
    depth = (row - 300) * mm - ((column - 1075) * mm) ** 2 / (2 * 7.8)
    beside = np.abs(column - 1075) * mm
    grey = np.where((depth > 0) & (depth < 0.7) & (beside < 6), cornea, 0)
    grey = np.where((np.abs(row * mm - 6.2) < 0.2) & (beside > 2.5) & (beside < 6.5), iris, grey)
    if mirror:
        upside = (900 - row) * mm - ((column - 1075) * mm) ** 2 / (2 * 7.8)
        grey = np.where((upside > 0) & (upside < 0.7) & (beside < 3), cornea, grey)
    if lashes:
        grey[:, 700:760] = grey[:, 1300:1420] = 0
        grey[60:90, 700:1420] = 120
    return cv2.GaussianBlur(grey.astype(np.uint8), (0, 0), 1.5)


def test_references_are_the_levels_that_were_drawn() -> None:
    levels = levels_of(drawn_eye())
    assert levels is not None
    assert (levels.stroma, levels.brightest, levels.air) == pytest.approx((90, 170, 0), abs=2)


@pytest.mark.parametrize("disturbance", ["lashes", "mirror"])
def test_disturbances_do_not_hide_the_cornea(disturbance: str) -> None:
    levels = levels_of(drawn_eye(**{disturbance: True}))
    assert levels is not None
    assert (levels.stroma, levels.brightest) == pytest.approx((90, 170), abs=3)


@pytest.mark.parametrize(
    "nothing",
    [
        np.zeros((1824, 2150), np.uint8),
        np.full((1824, 2150), 200, np.uint8),
        np.zeros((100, 100), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (1824, 8)),
        np.random.default_rng(0).integers(0, 256, (1824, 2150)).astype(np.uint8),
        drawn_eye(iris=0),
        drawn_eye(cornea=0),
    ],
    ids=["black", "grey", "small", "ramp", "noise", "no iris", "no cornea"],
)
def test_a_frame_without_both_tissues_has_no_references(nothing: NDArray[np.uint8]) -> None:
    assert levels_of(nothing) is None


def test_the_display_drops_out(frame: NDArray[np.uint8]) -> None:
    """A wider window and another black are the same eye: what both displays show agrees within a third of a dB."""
    own = cv2.LUT(frame, referenced_grey(levels_of(frame)))
    # 0.75 of the grey per decibel, as a window of 48 instead of 36 dB with the same black.
    other = np.rint(frame * 0.75).astype(np.uint8)
    assert np.abs(frame.astype(int) - other).mean() > 2
    again = cv2.LUT(other, referenced_grey(levels_of(other)))
    both = (own > 20) & (own < 235)
    difference = (again.astype(float) - own)[both] * GREY_PER_DB
    assert abs(float(np.median(difference))) < 0.05
    assert float(np.percentile(np.abs(difference), 95)) < 0.35


def test_without_the_references_the_display_would_stay(frame: NDArray[np.uint8]) -> None:
    """The control of the test above: through the nominal levels the two displays differ by decibels."""
    other = np.rint(frame * 0.75).astype(np.uint8)
    own, again = (cv2.LUT(one, referenced_grey(None)) for one in (frame, other))
    both = (own > 20) & (own < 235)
    assert abs(float(np.median((again.astype(float) - own)[both] * GREY_PER_DB))) > 1


@pytest.mark.parametrize("levels", [NOMINAL_LEVELS, ReferenceLevels(90, 120, 3), ReferenceLevels(140, 200, 6, air=60)])
def test_the_table_rises_and_keeps_black_black(levels: ReferenceLevels) -> None:
    table = referenced_grey(levels).astype(int)
    assert table[0] == 0
    assert (np.diff(table) >= 0).all()
    stroma = round(-LOWEST_DB / (HIGHEST_DB - LOWEST_DB) * 255)
    assert table[round(levels.stroma)] == pytest.approx(stroma, abs=6)
    assert table[255] > stroma


def test_a_shown_noise_floor_is_taken_from_the_air() -> None:
    """The same eye with visible noise: what stands at the floor is no signal, the tissues keep their places."""
    per_db = 80 / 12.6
    hidden, shown = ReferenceLevels(90, 170, 1.27 * per_db), ReferenceLevels(130, 210, 1.27 * per_db, air=45)
    noise = -BLACK_OVER_NOISE_DB * per_db
    assert referenced_grey(shown)[45] == 0
    assert 45 - noise == pytest.approx(45 + BLACK_OVER_NOISE_DB * per_db)
    assert abs(int(referenced_grey(shown)[130]) - int(referenced_grey(hidden)[90])) <= 3


@pytest.mark.parametrize(("speckle_share", "scale_share"), [(1.0, 1.0), (1.21, 1.1), (0.1, 0.75**0.5), (9.0, 2.0**0.5)])
def test_the_scale_is_the_mean_of_contrast_and_speckle_within_limits(speckle_share: float, scale_share: float) -> None:
    by_contrast = 80 / BRIGHT_OVER_STROMA_DB
    levels = ReferenceLevels(90, 170, speckle_share * by_contrast * STROMA_SPECKLE_DB)
    assert levels.grey_per_db == pytest.approx(scale_share * by_contrast)


def test_speckle_is_measured_in_the_stroma() -> None:
    noise = np.random.default_rng(1).normal(0, 6, (1824, 2150))
    frame = drawn_eye()
    speckled = np.where(frame > 20, np.clip(frame + noise, 0, 255), frame).astype(np.uint8)
    quiet, loud = levels_of(frame), levels_of(speckled)
    assert quiet is not None
    assert loud is not None
    assert quiet.speckle is not None
    assert quiet.speckle < 1
    assert loud.speckle == pytest.approx(6, abs=0.4)


def test_speckle_tells_the_scale_of_device_pixels_only() -> None:
    by_contrast = 80 / BRIGHT_OVER_STROMA_DB
    assert ReferenceLevels(90, 170, None).grey_per_db == pytest.approx(by_contrast)
    levels = levels_of(drawn_eye(), device_pixels=False)
    assert levels is not None
    assert levels.speckle is None
    assert (levels.stroma, levels.brightest) == pytest.approx((90, 170), abs=2)


def test_median_and_percentile_are_those_of_numpy_bit_for_bit() -> None:
    generator = np.random.default_rng(2)
    for size in range(1, 400):
        values = (generator.random(size) * 255).astype(np.float32)
        assert brightness._median(values) == float(np.median(values))
        assert brightness._percentile(values, 80.0) == float(np.percentile(values, 80.0))
