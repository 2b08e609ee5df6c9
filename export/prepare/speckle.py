"""Speckle of the corneal stroma as operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.brightness import _AROUND, _STROMA_COLUMNS_MM, _STROMA_MM
from edge_runtime.frame.resample import COARSE_STEP as STEP
from edge_runtime.frame.window import NATIVE_PITCH_UM

from .order import chosen, median, within

if TYPE_CHECKING:
    from .expressions import Sheet, Value
    from .surface import Surface

_BLOCK = 16  # columns of a block


def speckle_of(sheet: Sheet, frame: Value, surface: Surface) -> Value:
    """Median over blocks of 16 columns of the stroma: standard deviation of the grey about its 15 x 15 mean."""
    first, last = (depth * 1000 / NATIVE_PITCH_UM for depth in _STROMA_MM)
    depth, reach = round(last - first), _AROUND // 2
    apex = (0.5 - surface.slope / (surface.curve * 2.0)) * float(STEP)
    every = frame.size(1).counting()
    beside = (every.to(np.float64) - apex).abs() * NATIVE_PITCH_UM / 1000.0
    column = chosen(sheet, every, within(beside, _STROMA_COLUMNS_MM))
    count = column.size(0)
    front = (surface.at((column.to(np.float64) + 0.5) / float(STEP) - 0.5) + 0.5) * float(STEP)
    # A surface that was not found may lie anywhere.
    start = sheet.apply("Clip", front + first, sheet.constant(-1e9), sheet.constant(1e9)).to(np.int64)
    across = _reflected(sheet, (count + 2 * reach).counting() - reach, count)
    down = np.pad(np.arange(depth), reach, mode="reflect").reshape(-1, 1)
    row = sheet.constant(down) + start.take(across)
    row = sheet.apply("Clip", row, sheet.constant(0, np.int64), frame.size(0) - 1)
    places = (row * frame.size(1) + column.take(across)).shaped(-1)
    band = sheet.apply("GatherElements", frame.shaped(-1), places, axis=0)
    band = band.to(np.float32).shaped(len(down), count + 2 * reach)
    weights = sheet.constant(np.ones((1, 1, _AROUND, 1), np.float32))
    around = sheet.apply("Conv", band.with_axis(0, 1), weights)
    weights = sheet.constant(np.ones((1, 1, 1, _AROUND), np.float32))
    around = sheet.apply("Conv", around, weights).without_axis(0, 1)  # sums of whole numbers below 2**24
    inner = band.part(0, reach, depth + reach).part(1, reach, count + reach)
    excess = (inner * float(_AROUND**2) - around).to(np.float64)
    blocks = count / _BLOCK
    # One block more, of zeros, so that there always is one; it is left out of the median.
    cut = excess.part(1, 0, blocks * _BLOCK).padded((0, 0), (0, _BLOCK)).shaped(depth, -1, _BLOCK)
    pixels = float(depth * _BLOCK)
    sums, squares = cut.reduced("Sum", 0, 2), (cut * cut).reduced("Sum", 0, 2)
    deviation = sheet.apply("Sqrt", (squares * pixels - sums * sums) / pixels**2) / float(_AROUND**2)
    return median(sheet, deviation.part(0, 0, blocks.at_least(1)))


def _reflected(sheet: Sheet, place: Value, size: Value) -> Value:
    """Places within 0 to `size` - 1, mirrored at both ends as often as needed."""
    period = ((size - 1) * 2).at_least(1)
    place = sheet.apply("Mod", place, period)  # of the sign of the period
    return place.at_most(period - place).at_most(size - 1)
