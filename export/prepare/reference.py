"""Reference levels of a frame as operators: what `edge_runtime.frame.brightness` finds, to the bit.

Sums are of whole numbers, or of floats that are exact in any order; everything else is one operation on two numbers at
a time, in the order of the runtime. So the graph gives the same bits on every processor and in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.brightness import (
    _AIR_MM,
    _BRIGHT_COLUMNS_MM,
    _BRIGHT_MM,
    _BRIGHT_PERCENTILE,
    _GAUSSIAN,
    _HALF_WIDTH_MM,
    _MAX_CONTRAST,
    _MIN_CONTRAST,
    _MM,
    _SMALLEST,
    _STROMA_COLUMNS_MM,
    _STROMA_MM,
)
from edge_runtime.frame.resample import COARSE_STEP as STEP

from .order import chosen, median, percentile, within
from .speckle import speckle_of
from .surface import corneal_surface

if TYPE_CHECKING:
    from .expressions import Sheet, Value


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """`ReferenceLevels` as scalars, float64; where nothing was found they are numbers without meaning."""

    found: Value
    stroma: Value
    brightest: Value
    speckle: Value
    air: Value
    apex_row: Value
    radius_mm: Value


def coarse_grey(sheet: Sheet, frame: Value) -> Value:
    """Means of 8 x 8 pixels, rounded half to even: (rows // 8, columns // 8) uint8."""
    sides = [frame.size(axis) / STEP for axis in (0, 1)]
    # One block at least: engines do not agree about products of nothing. What is cut off is a padding below 0.
    rows, columns = (side.at_least(1) for side in sides)
    ends = frame.sizes(0, 0, rows * STEP - frame.size(0), columns * STEP - frame.size(1))
    blocks = sheet.apply("Pad", frame, ends).shaped(rows, STEP, columns * STEP)
    # A product with ones adds eight rows of bytes as whole numbers, four times as fast as any sum.
    added = sheet.apply("MatMulInteger", sheet.constant(np.ones((1, STEP), np.uint8)), blocks, kind=np.int32)
    added = added.shaped(rows, columns, STEP)
    mean = added.reduced("Sum", 2).to(np.float32) * (1 / STEP**2)
    some = sides[0].at_most(1) * sides[1].at_most(1)
    coarse = sheet.apply("Round", mean).to(np.uint8)
    return coarse.part(0, 0, rows * some).part(1, 0, columns * some)


def reference_levels(sheet: Sheet, frame: Value, coarse: Value, device_pixels: Value) -> Levels:
    """Grey levels of the reference tissues of a native frame."""
    large_enough = (coarse.size(0) >= _SMALLEST[0]) & (coarse.size(1) >= _SMALLEST[1])
    # Black is added to a frame that is too small, so that every step has something to work on.
    missing = [(sheet.constant(least) - coarse.size(axis)).at_least(0) for axis, least in enumerate(_SMALLEST)]
    ends = sheet.apply("Concat", sheet.constant([0, 0]), *(one.with_axis(0) for one in missing), axis=0)
    coarse = sheet.apply("Pad", coarse.to(np.int32), ends).to(np.float64)
    rows, columns = coarse.size(0), coarse.size(1)
    smooth = smoothed(sheet, coarse, rows, columns)
    surface = corneal_surface(sheet, smooth, rows, columns)
    column = columns.counting().to(np.float32).to(np.float64)
    height = surface.at(column).to(np.float32)
    below = (rows.counting().to(np.float32).with_axis(1) - height) * float(np.float32(_MM))
    beside = (column + surface.slope / (surface.curve * 2.0)).abs() * _MM
    in_stroma = within(below, _STROMA_MM)
    at_stroma, at_bright = within(beside, _STROMA_COLUMNS_MM), within(beside, _BRIGHT_COLUMNS_MM)
    deep = in_stroma.to(np.float64).reduced("Sum", 0)
    sums = in_stroma.where(smooth, 0.0).to(np.float64).reduced("Sum", 0)
    seen = at_stroma & (deep > 0.0)
    stroma = median(sheet, chosen(sheet, sums / deep.at_least(1.0), seen))
    in_bright = within(below, _BRIGHT_MM)
    # Grey is not negative, so the most of what is masked by 0 is that of the tissue, or 0 without any.
    most = in_bright.where(smooth, 0.0).reduced("Max", 0)
    brightest = percentile(sheet, chosen(sheet, most, at_bright), _BRIGHT_PERCENTILE)
    any_bright = (in_bright.to(np.float32).reduced("Max", 0) * at_bright.to(np.float32)).reduced("Max") > 0.0
    above = (below < -_AIR_MM) & (beside < _HALF_WIDTH_MM)
    grey_of_air = chosen(sheet, smooth.shaped(-1), above.shaped(-1))
    no_air = above.to(np.float32).reduced("Max").equals(0.0)
    air = no_air.where(sheet.constant(0.0, np.float64), median(sheet, grey_of_air).to(np.float64))
    speckle = device_pixels.where(speckle_of(sheet, frame, surface), -1.0)
    apex = -surface.slope / (surface.curve * 2.0)
    contrast = brightest - stroma
    found = (
        (large_enough & surface.found & any_bright & (seen.to(np.float32).reduced("Max") > 0.0))
        & (contrast > _MIN_CONTRAST)
        & (contrast < _MAX_CONTRAST)
        & (stroma > air + _MIN_CONTRAST)
    )
    return Levels(
        found,
        stroma,
        brightest,
        speckle,
        air,
        apex_row=(surface.at(apex) + 0.5) * float(STEP),
        radius_mm=_MM / (surface.curve * 2.0),
    )


def smoothed(sheet: Sheet, coarse: Value, rows: Value, columns: Value) -> Value:
    """Gaussian smoothing of whole numbers in float64, which holds all of their sums."""
    reach = len(_GAUSSIAN) // 2
    for axis, length in ((0, rows), (1, columns)):
        around = tuple(reach if axis == other else 0 for other in (0, 1))
        padded = coarse.padded(around, around, "reflect")
        taps = [padded.part(axis, k, length + k) for k in range(len(_GAUSSIAN))]
        coarse = taps[reach] * float(_GAUSSIAN[reach])
        for k in range(reach):
            coarse = coarse + (taps[k] + taps[-1 - k]) * float(_GAUSSIAN[k])
    return (coarse * (1 / sum(_GAUSSIAN) ** 2)).to(np.float32)
