"""What is measured of a scan, on a picture whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evidence.phantom_measure import PROFILE_BINS, axial_profile, find_apex, measure

ROWS, COLUMNS, APEX = 600, 800, 420
LENS = (slice(300, 500), slice(250, 600))  # rows and columns
CORNEA_PX = 40


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Return a dark frame with a parabolic cornea of 100 grey and a lens whose grey grows with depth, 50 to 150."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    depth = rows - (60 + 0.0008 * (columns - APEX) ** 2)
    grey = np.where((depth >= 0) & (depth < CORNEA_PX), 100.0, 5.0)
    grey[LENS] = np.linspace(50, 150, 200)[:, None]
    return grey.astype(np.uint8)


@pytest.fixture(scope="module")
def mask() -> np.ndarray:
    found = np.zeros((ROWS, COLUMNS), bool)
    found[LENS] = True
    return found


def test_the_apex_is_the_middle_of_the_cornea(picture: np.ndarray) -> None:
    assert find_apex(picture.astype(np.float32)) == pytest.approx(APEX, abs=10)


def test_the_lens_is_measured_on_its_own_pixels(picture: np.ndarray, mask: np.ndarray) -> None:
    numbers, profile = measure(picture, mask)
    assert (numbers.lens_width_px, numbers.lens_axial_px) == (350, 200)
    assert numbers.lens_mean == pytest.approx(99.5, abs=1)
    assert numbers.cornea_mean == pytest.approx(100, abs=2)
    assert numbers.cornea_axial_px == pytest.approx(CORNEA_PX, abs=6)
    assert numbers.front_over_nucleus < 1 < numbers.back_over_nucleus
    assert profile.shape == (PROFILE_BINS,)


def test_the_profile_follows_grey_through_the_depth(picture: np.ndarray, mask: np.ndarray) -> None:
    profile = axial_profile(picture.astype(np.float32), mask, np.ones(COLUMNS, bool))
    np.testing.assert_allclose(profile, np.linspace(50, 150, PROFILE_BINS), atol=2)
