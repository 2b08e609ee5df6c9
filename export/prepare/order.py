"""Medians and percentiles of a graph, as NumPy computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .expressions import Sheet, Value


def chosen(sheet: Sheet, values: Value, mask: Value) -> Value:
    """The elements of a vector that a mask marks, and one 0 where it marks none."""
    none = (mask.to(np.float32).reduced("Max").equals(0.0)).with_axis(0)
    values = sheet.apply("Concat", values, sheet.constant(np.zeros(1, values.kind)), axis=0)
    return sheet.apply("Compress", values, sheet.apply("Concat", mask, none, axis=0), axis=0)


def median(sheet: Sheet, values: Value) -> Value:
    """The number that `numpy.median` gives, in the type of the values."""
    size = values.size(0)
    ordered = values.sorted_first(size / 2 + 1)
    return (ordered.take((size - 1) / 2) + ordered.take(size / 2)) * 0.5


def percentile(sheet: Sheet, values: Value, percent: float) -> Value:
    """The number that `numpy.percentile` gives, interpolated in float32."""
    size = values.size(0)
    ordered = values.sorted_first(size)
    place = (size - 1).to(np.float64) * (percent / 100)
    below = place.to(np.int64)
    low, high = ordered.take(below), ordered.take((below + 1).at_most(size - 1))
    part = place - below.to(np.float64)
    lower = low + (high - low) * part.to(np.float32)
    upper = high - (high - low) * (1.0 - part).to(np.float32)
    return (part < 0.5).where(lower, upper).to(np.float64)


def within(values: Value, limits: tuple[float, float]) -> Value:
    """Where values lie between both limits."""
    return (values > limits[0]) & (values < limits[1])
