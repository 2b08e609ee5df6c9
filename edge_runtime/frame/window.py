"""The crop window: the rectangle of a native frame that the network reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NATIVE_PITCH_UM = 7.675  # 16.5 mm / 2150 columns = 14.0 mm / 1824 rows (Zeboulon et al. 2022: 2150 x 1824 pixels)

WINDOW_MARGIN = 64  # native pixels around a lens that is larger than the usual window


@dataclass(frozen=True, slots=True)
class CropWindow:
    """Rectangle of a native frame: `top`, `left`, `rows`, `columns` in native pixels of 7.675 um."""

    top: int
    left: int
    rows: int
    columns: int

    def cut(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The window's part of a (rows, columns) native frame, contiguous."""
        return np.ascontiguousarray(frame[self.top : self.top + self.rows, self.left : self.left + self.columns])

    def centred_on(self, row: float, column: float, frame_shape: tuple[int, int], step: int = 1) -> CropWindow:
        """The window moved to a centre, as far as the frame allows, to a place of whole steps of native pixels.

        Where the frame ends before the next step, the window begins a step earlier and reaches to that end: the network
        samples anew with every step, so a window that begins between two would be seen in another way.
        """
        top, rows = self._placed(row, self.rows, frame_shape[0], step)
        left, columns = self._placed(column, self.columns, frame_shape[1], step)
        return CropWindow(top, left, rows, columns)

    @staticmethod
    def _placed(centre: float, length: int, frame: int, step: int) -> tuple[int, int]:
        """First pixel and length, along one axis, of a window about a centre."""
        first = max(round((centre - length / 2) / step) * step, 0)
        if first + length <= frame:
            return first, length
        first = (frame - length) // step * step
        return first, frame - first

    def around(self, box: tuple[int, int, int, int], frame_shape: tuple[int, int], step: int) -> CropWindow:
        """A window about a box (top, left, bottom, right) of native pixels: of this size, larger where it needs to be.

        Its place and an enlarged size are whole steps, so that boxes which differ by a little get the same window.
        """
        top, left, bottom, right = box
        sides = []
        for length, least in ((bottom - top, self.rows), (right - left, self.columns)):
            needed = length + 2 * WINDOW_MARGIN + step  # a step moves the centre by half of itself
            sides.append(least if needed <= least else -(-needed // step) * step)
        large_enough = CropWindow(self.top, self.left, sides[0], sides[1]).within(frame_shape)
        return large_enough.centred_on((top + bottom) / 2, (left + right) / 2, frame_shape, step)

    def holds(self, box: tuple[int, int, int, int]) -> bool:
        """Whether a box (top, left, bottom, right) of native pixels lies in it."""
        top, left, bottom, right = box
        return (
            top >= self.top
            and left >= self.left
            and bottom <= self.top + self.rows
            and right <= self.left + self.columns
        )

    def within(self, frame_shape: tuple[int, int]) -> CropWindow:
        """The same window, no larger than the frame and moved inside it."""
        rows, columns = min(self.rows, frame_shape[0]), min(self.columns, frame_shape[1])
        top, left = min(self.top, frame_shape[0] - rows), min(self.left, frame_shape[1] - columns)
        return CropWindow(top, left, rows, columns)

    def sides_of_frame(self, frame_shape: tuple[int, int]) -> tuple[str, ...]:
        """Sides of the window that are sides of the (rows, columns) frame, in the order top, bottom, left, right."""
        same = {
            "top": self.top == 0,
            "bottom": self.top + self.rows == frame_shape[0],
            "left": self.left == 0,
            "right": self.left + self.columns == frame_shape[1],
        }
        return tuple(side for side, shared in same.items() if shared)
