"""Lamellar separation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

from .azimuth import INFERONASAL_RAD
from .opacity import plateau

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class LamellarSeparation:
    """Parallel dark and bright layers in a sector of the anterior cortex."""

    azimuth_rad: float
    half_width_rad: float
    period_mm: float
    first_mm: float
    last_mm: float
    strength_db: float
    kind: OpacityKind = OpacityKind.LAMELLAR_SEPARATION
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        turn = np.abs((np.arctan2(points.y, points.x) - np.float32(self.azimuth_rad) + np.pi) % (2 * np.pi) - np.pi)
        sector = plateau(turn, self.half_width_rad) * np.clip(2 * points.radius - 1.2, 0, 1) * points.front
        middle, half = 0.5 * (self.first_mm + self.last_mm), 0.5 * (self.last_mm - self.first_mm)
        wave = np.sin(np.float32(2 * np.pi / self.period_mm) * points.t)
        excess: NDArray[np.float32] = (
            np.float32(self.strength_db) * wave * sector * plateau(points.t - np.float32(middle), half)
        )
        return excess


def draw_lamellar_separation(rng: np.random.Generator) -> LamellarSeparation:
    """Draw a sector of separated lamellae."""
    first = float(rng.uniform(0.12, 0.3))
    return LamellarSeparation(
        azimuth_rad=float(rng.vonmises(INFERONASAL_RAD, 0.8)),
        half_width_rad=float(rng.uniform(0.5, 1.4)),
        period_mm=float(rng.uniform(0.08, 0.20)),
        first_mm=first,
        last_mm=first + float(rng.uniform(0.3, 0.8)),
        strength_db=float(rng.uniform(3, 5)),
    )
