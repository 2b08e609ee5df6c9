"""Figures of a report that a paper can print."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from train.fit.curves import LOG_COLUMNS, draw_curves
from train.study.diagnosis import ScoredUnits
from train.study.figures import GRID, roc_band
from train.study.gallery import in_rows
from train.study.resampling import BootstrapSettings


def units(patients: int, seed: int = 3) -> ScoredUnits:
    generator = np.random.default_rng(seed)
    positive = [bool(number % 2) for number in range(patients)]
    scores = tuple(float(value) for value in generator.normal(0, 1, patients) + 1.2 * np.array(positive))
    return ScoredUnits(scores, tuple(f"P{number}" for number in range(patients)), tuple(positive))


def test_the_band_of_a_roc_holds_the_curve_and_narrows_with_more_eyes() -> None:
    widths = []
    for patients in (40, 640):
        band = roc_band(units(patients), BootstrapSettings(seed=1, resamples=200))
        assert band is not None
        low, high = band
        assert low.shape == high.shape == GRID.shape
        assert (low <= high).all()
        assert (np.diff(low) >= 0).all()
        middle = len(GRID) // 2
        assert low[middle] < 0.88 < high[middle]  # two normal distributions 1.2 apart
        widths.append(float((high - low).mean()))
    assert widths[1] < widths[0] / 2


def test_without_an_interval_there_is_no_band() -> None:
    """The only clear eye is that of a patient with a cataract eye too: some resamples miss it."""
    one = ScoredUnits((0.1, 0.5, 0.6, 0.7), ("P0", "P0", "P1", "P2"), (False, True, True, True))
    assert roc_band(one, BootstrapSettings(seed=1, resamples=200)) is None


@pytest.mark.parametrize(("count", "shape"), [(1, (10, 20, 3)), (3, (10, 60, 3)), (6, (20, 80, 3))])
def test_tiles_that_are_left_over_are_white(count: int, shape: tuple[int, int, int]) -> None:
    montage = in_rows([np.full((10, 20, 3), 90, np.uint8)] * count)
    assert montage.shape == shape
    assert set(np.unique(montage)) <= {90, 255}
    assert np.count_nonzero(montage == 90) == count * 10 * 20 * 3


def test_the_curves_of_a_single_measurement_show_it(tmp_path: Path) -> None:
    row = dict.fromkeys(LOG_COLUMNS, 0.5) | {"step": 16}
    draw_curves([row], tmp_path / "curves.png")
    picture = cv2.imdecode(np.fromfile(tmp_path / "curves.png", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (1200, 2700)
    panel = picture[100:1000, 1600:2650]  # inside the axes of the loss
    assert np.count_nonzero(panel.min(axis=2) < 100) > 50  # the marker
    assert (tmp_path / "curves.pdf").read_bytes().startswith(b"%PDF")
