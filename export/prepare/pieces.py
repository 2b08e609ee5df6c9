"""The largest connected piece of a map as operators.

A piece is found by its runs: stretches of a row that are marked. A run starts with its own number and takes the least
number of the runs that it touches, until none changes; the rows of a lens are some hundred runs, its pixels a hundred
thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import helper

from .expressions import Sheet, Value, value_info

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One connected piece of a map.

    Attributes
    ----------
    top, left, bottom, right
        Half-open bounding box, scalar int64; all 0 when nothing is marked.
    pixels, marked
        Pixels of the piece, and of all pieces: scalar int64.
    member
        (rows, columns) bool, where it lies.
    """

    top: Value
    left: Value
    bottom: Value
    right: Value
    pixels: Value
    marked: Value
    member: Value


def largest_piece(sheet: Sheet, mask: Value) -> Piece:
    """The largest 8-connected piece of a (rows, columns) bool map; of equal ones that whose first pixel comes first."""
    rows, columns = mask.size(0), mask.size(1)
    marked = mask.to(np.uint8).to(np.int32)
    beside = marked.padded((0, 1), (0, 1))
    starts = marked > beside.part(1, 0, columns)
    number = sheet.apply("CumSum", _ended(starts.to(np.int32)), sheet.constant(0, np.int64)) - 1
    row, start = _places(sheet, starts)
    end = _places(sheet, marked > beside.part(1, 2, columns + 2))[1]
    # One run of no pixels comes last, so that there always is one.
    length = (end - start + 1) * _all_but_last(row)
    runs = row.size(0)
    pairs = _touching(sheet, number, mask, row, start, runs)
    own = _spread(sheet, pairs, runs)
    sizes = sheet.constant(0, np.int64).filled(runs).scattered(own, length, "add")
    largest = sheet.apply("ArgMax", sizes.to(np.float64), axis=0, keepdims=0, kind=np.int64)
    chosen = own.equals(largest) & (length > 0)
    far = sheet.constant(1 << 40)
    pixels = sizes.take(largest)
    some = pixels.at_most(1)
    of_pixel = sheet.apply("GatherElements", chosen.to(np.uint8), number.at_least(0), axis=0).part(0, 0, rows * columns)
    return Piece(
        top=chosen.where(row, far).reduced("Min") * some,
        left=chosen.where(start, far).reduced("Min") * some,
        bottom=chosen.where(row + 1, 0).reduced("Max"),
        right=chosen.where(end + 1, 0).reduced("Max"),
        pixels=pixels,
        marked=length.reduced("Sum"),
        member=(of_pixel.shaped(rows, columns) > 0) & mask,
    )


def _places(sheet: Sheet, where: Value) -> tuple[Value, Value]:
    """Rows and columns of what is marked, row by row, and one place (0, 0) more."""
    places = sheet.apply("Concat", where.where_true(), sheet.constant([[0], [0]], np.int64), axis=1)
    return places.take(0), places.take(1)


def _ended(values: Value) -> Value:
    """A map as one vector with a 0 behind it, so that a map without a pixel is one, too."""
    return values.sheet.apply("Concat", values.shaped(-1), values.sheet.constant([0], values.kind), axis=0)


def _all_but_last(values: Value) -> Value:
    return (values.size(0).counting() < values.size(0) - 1).to(np.int64)


def _touching(sheet: Sheet, number: Value, mask: Value, row: Value, start: Value, runs: Value) -> tuple[Value, Value]:
    """Numbers of runs that touch: those above the first pixel of each, and below the pixel in front of it.

    Two runs touch first where one of them begins, or right before, so these are all pairs; a run without a neighbour
    there is paired with itself.
    """
    rows, columns = mask.size(0), mask.size(1)
    run = runs.counting()
    flat = _ended(mask.to(np.uint8)) > 0
    others = []
    for down, across in ((-1, -1), (-1, 0), (-1, 1), (1, -1)):
        there, column = row + down, start + across
        inside = (there >= 0) & (there < rows) & (column >= 0) & (column < columns)
        place = inside.where(there * columns + column, 0)
        touched = inside & flat.take(place) & (run < runs - 1)
        others.append(touched.where(number.take(place).to(np.int64), run))
    return sheet.apply("Concat", *[run] * len(others), axis=0), sheet.apply("Concat", *others, axis=0)


def _spread(sheet: Sheet, pairs: tuple[Value, Value], runs: Value) -> Value:
    """The least number of each run's piece, (runs,) int64."""
    one, other = pairs
    body = Sheet(prefix=f"{sheet.prefix}loop{len(sheet.nodes)}_")
    number = body.input(f"{body.prefix}number", np.int64)
    ends = [Value(body, end.name, end.kind) for end in (one, other)]
    at_ends = [number.take(end) for end in ends]
    least = at_ends[0].at_most(at_ends[1])
    found = number
    for end in (*at_ends, *ends):  # what a run's number stands for learns it, and the run itself
        found = found.scattered(end, least, "min")
    found = found.take(found)
    goes_on = (~found.equals(number)).to(np.int32).reduced("Max") > 0
    body.named(goes_on, f"{body.prefix}goes_on")
    body.named(found, f"{body.prefix}found")
    graph = _body(body)
    started = runs.counting()
    yes = sheet.constant(True)  # a tensor
    return sheet.apply("Loop", None, yes, started, kind=np.int64, body=graph)


def _body(body: Sheet) -> onnx.GraphProto:
    prefix = body.prefix
    inputs = [
        value_info(f"{prefix}turn", np.int64, []),
        value_info(f"{prefix}again", np.bool_, []),
        value_info(f"{prefix}number", np.int64, ["runs"]),
    ]
    outputs = [value_info(f"{prefix}goes_on", np.bool_, []), value_info(f"{prefix}found", np.int64, ["runs"])]
    return helper.make_graph(body.nodes, f"{prefix}body", inputs, outputs, list(body.constants.values()))
