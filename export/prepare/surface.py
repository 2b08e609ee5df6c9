"""The front of the cornea as operators: what `brightness` finds in the coarse frame, to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.brightness import (
    _APART,
    _APEX_MM,
    _BETWEEN_MM,
    _EDGE_SHARE,
    _HALF_WIDTH_MM,
    _MIN_SHARE,
    _MM,
    _NEAR_MOST,
    _RADII_MM,
    _SAME_SURFACE,
)

from .order import median

if TYPE_CHECKING:
    from .expressions import Sheet, Value

_FITS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Coefficients of a parabola, scalar float64, and whether there is one."""

    found: Value
    curve: Value
    slope: Value
    height: Value

    def at(self, x: Value) -> Value:
        """Its height, as `numpy.polyval` computes it."""
        return (self.curve * x + self.slope) * x + self.height


def corneal_surface(sheet: Sheet, smooth: Value, rows: Value, columns: Value) -> Surface:
    """Parabola through the front of the cornea, in coarse pixels."""
    middle = columns.to(np.float64) / 2.0
    first = (middle - _HALF_WIDTH_MM / _MM).at_least(0.0).to(np.int64)
    last = (middle + _HALF_WIDTH_MM / _MM).at_most(columns.to(np.float64)).to(np.int64)
    upper = smooth.part(0, 0, (rows.to(np.float64) * 0.7).to(np.int64)).part(1, first, last)
    dark = median(sheet, smooth.part(0, 0, rows / 16).shaped(-1)).to(np.float64)
    bright = median(sheet, upper.reduced("Max", 0)).to(np.float64)
    over = upper > (dark + (bright - dark) * _EDGE_SHARE).to(np.float32)
    bytes_over = over.to(np.int32)
    shifted = bytes_over.padded((1, 0), (0, 0)).part(0, 0, bytes_over.size(0))
    edges = (bytes_over > shifted).where_true()
    row, column = edges.take(0).to(np.float64), (edges.take(1) + first).to(np.float64)
    width = (last - first).to(np.float64)
    surface = _most_voted(sheet, row, column, rows, middle, width)
    found = surface.found
    whole_middle = columns / 2
    for _ in range(_FITS):
        near = (surface.at(column) - row).abs() < 2.0
        counted = sheet.constant(0.0, np.float32).filled(columns)
        counted = counted.scattered(column.to(np.int64), near.to(np.float32), "add")
        found = found & ((counted > 0.0).to(np.float64).reduced("Sum") >= width * _MIN_SHARE)
        surface = _fitted(sheet, column, row, near, whole_middle.to(np.float64))
    return Surface(found & (surface.curve > 0.0), surface.curve, surface.slope, surface.height)


def _most_voted(sheet: Sheet, row: Value, column: Value, rows: Value, middle: Value, width: Value) -> Surface:
    """The highest parabola with many votes."""
    start, stop, step = middle - _APEX_MM / _MM, middle + _APEX_MM / _MM, _BETWEEN_MM / _MM
    count = sheet.apply("Ceil", (stop - start) / step)  # as of `numpy.arange`: 15, or 16 where a quotient is rounded up
    most_places = round(2 * _APEX_MM / _BETWEEN_MM) + 1
    place = np.arange(float(most_places))
    apex = start + sheet.constant(place) * ((start + step) - start)
    curves = np.array([_MM / (2 * radius) for radius in _RADII_MM])
    candidates = len(curves) * most_places
    aside = column - apex.with_axis(1)
    top = row - sheet.constant(curves.reshape(-1, 1, 1)) * (aside * aside).with_axis(0)
    top = sheet.apply("Round", top).to(np.int64)
    bins = rows + 2
    index = sheet.apply("Clip", top, sheet.constant(-1, np.int64), rows) + 1
    index = index + sheet.constant(np.arange(candidates).reshape(len(curves), most_places, 1)) * bins
    index = index.shaped(-1)
    one = sheet.constant(1.0, np.float32)
    votes = sheet.constant(0.0, np.float32).filled(bins * candidates)
    votes = votes.scattered(index, one.filled(index.size(0)), "add").shaped(candidates, bins)
    votes = votes.part(1, 1, bins - 3) + votes.part(1, 2, bins - 2) + votes.part(1, 3, bins - 1)
    most = sheet.apply("ArgMax", votes, axis=1, keepdims=1, kind=np.int64)
    height = votes.size(1).counting()
    upper = (height < most - _APART).where(votes, -1.0)
    above = sheet.apply("ArgMax", upper, axis=1, keepdims=1, kind=np.int64)
    heights = sheet.apply("Concat", most, above, axis=1)
    counts = [values.reduced("Max", 1, keep=True) for values in (votes, upper)]
    tried = sheet.constant(np.tile(place, len(curves)).reshape(-1, 1)) < count
    counted = tried.where(sheet.apply("Concat", *counts, axis=1), -1.0).shaped(-1).to(np.float64)
    heights = heights.shaped(-1) + 1
    enough = (width * _MIN_SHARE).at_least(counted.reduced("Max") * _NEAR_MOST)
    many = counted >= enough
    highest = many.where(heights, 1 << 30).reduced("Min")
    same = many & (heights <= highest + _SAME_SURFACE)
    best = sheet.apply("ArgMax", same.where(counted, -1.0).to(np.float32), axis=0, keepdims=0, kind=np.int64)
    chosen = best / 2
    curve = sheet.constant(np.repeat(curves, most_places)).take(chosen)
    at = sheet.apply("Concat", *[apex] * len(curves), axis=0).take(chosen)
    found = many.to(np.float32).reduced("Max") > 0.0
    return Surface(found, curve, (curve * -2.0) * at, curve * (at * at) + heights.take(best).to(np.float64))


def _fitted(sheet: Sheet, column: Value, row: Value, near: Value, middle: Value) -> Surface:
    """The parabola of least squares, by Cramer's rule: four determinants at once."""
    weight = near.to(np.float64)
    x = column - middle
    square = x * x
    powers = [weight, weight * x, weight * square, weight * (square * x), weight * (square * square)]
    terms = [*powers, *(power * row for power in powers[:3])]
    sums = sheet.apply("Concat", *(term.reduced("Sum", 0, keep=True) for term in terms), axis=0)
    plain, right = [[4, 3, 2], [3, 2, 1], [2, 1, 0]], [7, 6, 5]
    replaced = [[right if one == other else plain[other] for other in range(3)] for one in range(3)]
    entries = sums.take(np.array([plain, *replaced], np.int64).reshape(4, 9).T)
    parts = sheet.apply_to_many("Split", entries, sheet.constant([1] * 9, np.int64), kinds=[None] * 9, axis=0)
    a, b, c = parts[0:3], parts[3:6], parts[6:9]
    first, second, third = b[1] * c[2] - b[2] * c[1], a[1] * c[2] - a[2] * c[1], a[1] * b[2] - a[2] * b[1]
    of_four = (a[0] * first - b[0] * second + c[0] * third).shaped(4)
    whole, three = of_four.take(0), of_four.part(0, 1, 4)
    singular = whole.equals(0.0)
    solved = three / singular.where(sheet.constant(1.0, np.float64), whole)
    curve, slope, height = (solved.take(place) for place in range(3))
    zero = sheet.constant(0.0, np.float64)
    return Surface(
        ~singular,
        singular.where(zero, curve),
        singular.where(zero, slope - (curve * 2.0) * middle),
        singular.where(zero, (curve * middle - slope) * middle + height),
    )
