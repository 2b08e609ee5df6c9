"""A lens that is drawn from its own formula: every measure of it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRID = 4
PIXEL_MM = GRID * 7.675 / 1000


@dataclass(frozen=True)
class DrawnLens:
    """A lens of two parabolas behind a round pupil, in mm."""

    front_radius: float = 10.0
    back_radius: float = 6.0
    thickness: float = 4.2
    pupil: float = 3.0
    tilt: float = 0.0
    middle: float = 4.5
    pole: float = 1.0
    shape: tuple[int, int] = (260, 300)

    def coordinates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distance from the axis, and depth behind the front pole, of every pixel."""
        depth, lateral = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float64)
        lateral, depth = (lateral + 0.5) * PIXEL_MM - self.middle, (depth + 0.5) * PIXEL_MM - self.pole
        return lateral - self.tilt * depth, depth + self.tilt * lateral

    def labels(self) -> NDArray[np.uint8]:
        """1 inside the visible lens."""
        across, along = self.coordinates()
        front = across**2 / (2 * self.front_radius)
        back = self.thickness - across**2 / (2 * self.back_radius)
        lateral = (np.arange(self.shape[1]) + 0.5) * PIXEL_MM - self.middle
        seen = (along >= front) & (along <= back) & (np.abs(lateral) <= self.pupil)
        return seen.astype(np.uint8)
