"""A blink or a microsaccade during a scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid

Moved = TypeVar("Moved", np.float32, np.uint8)


@dataclass(frozen=True, slots=True)
class Motion:
    """A blink or a microsaccade in the middle of a scan.

    It changes what is visible, so it belongs to the pose, not to the noise.

    Attributes
    ----------
    first, last
        The columns that move, as parts of the frame.
    shift_mm
        How much deeper (optical path) they lie.
    blank
        Whether nothing is seen there at all, as in a blink.
    """

    first: float = 0.0
    last: float = 0.0
    shift_mm: float = 0.0
    blank: bool = False

    def block(self, grid: Grid) -> slice:
        """The columns of the grid that move."""
        return slice(int(self.first * grid.columns), int(self.last * grid.columns))

    def move(self, field: NDArray[Moved], grid: Grid) -> NDArray[Moved]:
        """A (rows, columns) field of the grid with the block moved or zero; the same array where there is no motion."""
        rows = round(self.shift_mm / grid.row_mm)
        if not rows and not self.blank:
            return field
        moved = field.copy()
        block = self.block(grid)
        if self.blank:
            moved[:, block] = 0
            return moved
        moved[:, block] = np.roll(field[:, block], rows, axis=0)
        if rows > 0:
            moved[:rows, block] = field[:1, block]
        else:
            moved[rows:, block] = field[-1:, block]
        return moved


def draw_motion(rng: np.random.Generator, factor: float, forced: str = "") -> Motion:
    """Draw a tear (probability 0.015) or a blink (0.008), or for certain when forced."""
    tear = rng.uniform() < 0.015 * factor or forced == "tear"
    blink = rng.uniform() < 0.008 * factor or forced == "blink"
    first, width = float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.04, 0.20))
    shift = float(rng.choice((-1, 1)) * rng.uniform(0.05, 0.4))
    if blink:
        return Motion(first=first, last=first + width, blank=True)
    return Motion(first=first, last=first + width, shift_mm=shift) if tear else Motion()
