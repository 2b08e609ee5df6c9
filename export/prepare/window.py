"""The crop window as operators: where `CropWindow` and `Look.window` lay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.window import WINDOW_MARGIN
from edge_runtime.look.look import STEP as LOOK_STEP
from edge_runtime.look.tissues import Tissue

from .pieces import largest_piece

if TYPE_CHECKING:
    from .expressions import Sheet, Value


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """One axis of a window or a box: first pixel and length, scalar int64."""

    first: Value
    length: Value

    @property
    def end(self) -> Value:
        """The pixel behind the last one."""
        return self.first + self.length


def within(span: Span, frame: Value) -> Span:
    """No longer than the frame, and moved inside it."""
    length = span.length.at_most(frame)
    return Span(span.first.at_most(frame - length), length)


def around(usual: Span, first: Value, end: Value, frame: Value, step: Value) -> Span:
    """One axis of a window about a box: of the usual length, longer where the box needs it, at a whole step."""
    needed = (end - first) + 2 * WINDOW_MARGIN + step
    longer = (needed + step - 1) / step * step
    wanted = (needed <= usual.length).where(usual.length, longer)
    length = wanted.at_most(frame)
    centre, half = (first + end).to(np.float64) / 2.0, length.to(np.float64) / 2.0
    steps = usual.first.sheet.apply("Round", (centre - half) / step.to(np.float64)).to(np.int64)
    start = (steps * step).at_least(0)
    fits = start + length <= frame
    last = (frame - length) / step * step
    return Span(fits.where(start, last), fits.where(length, frame - last))


def seen_box(sheet: Sheet, tissues: Value, frame: tuple[Value, Value]) -> tuple[Value, list[tuple[Value, Value]]]:
    """Whether a look saw natural lens, and where: (first, end) along both axes, in native pixels within the frame."""
    piece = largest_piece(sheet, tissues.equals(int(Tissue.NATURAL_LENS)))
    sides = ((piece.top, piece.bottom), (piece.left, piece.right))
    return piece.pixels > 0, [
        (first * LOOK_STEP, (end * LOOK_STEP).at_most(length))
        for (first, end), length in zip(sides, frame, strict=True)
    ]


def lies_inside(usual: Span, first: Value, end: Value, frame: Value, margin: Value) -> Value:
    """Whether a box lies in the usual window along one axis, a margin away from where the frame goes on."""
    before = (first >= usual.first + margin) | usual.first.equals(0)
    behind = (end <= usual.end - margin) | usual.end.equals(frame)
    return before & behind
