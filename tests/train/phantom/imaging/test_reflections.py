"""Reflections stay inside the frame."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from train.phantom.imaging.reflections import Reflections, apply_reflections

ROW_MM = 0.1


def eye(apex_mm: float, rows: int) -> tuple[Any, Any]:
    """A flat cornea of 1 mm at a depth, and a frame of so many rows."""
    lateral = np.linspace(-5, 5, 11, dtype=np.float32)[None]
    cornea = np.full_like(lateral, apex_mm)
    surfaces = SimpleNamespace(lateral=lateral, cornea_path=cornea, back_path=cornea + np.float32(1.0))
    return surfaces, SimpleNamespace(
        row_mm=ROW_MM, rows=rows, depth_mm=np.arange(rows, dtype=np.float32) * np.float32(ROW_MM)
    )


@pytest.mark.parametrize(("ghost_mm", "lit_rows"), [(2.0, 18), (5.5, 9), (6.4, 0), (9.0, 0)])
def test_a_second_cornea_that_falls_below_the_frame_is_cut_off_there(ghost_mm: float, lit_rows: int) -> None:
    surfaces, grid = eye(4.0, 100)
    signal = np.zeros((100, 11), np.float32)
    signal[36:54] = 1.0
    before = signal.copy()
    apply_reflections(signal, surfaces, Reflections(ghost_db=-10.0, ghost_mm=ghost_mm), grid)
    assert np.count_nonzero((signal != before).any(axis=1)) == pytest.approx(lit_rows, abs=4)
    assert np.isfinite(signal).all()
