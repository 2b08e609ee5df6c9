"""Morgagnian (hypermature) cataract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class Morgagnian:
    """A hypermature lens: milky liquid cortex in which a brown nucleus has sunk downwards."""

    milk_db: float
    nucleus_db: float
    sink_mm: float
    nucleus_radius_mm: float
    kind: OpacityKind = OpacityKind.MORGAGNIAN
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        height = points.y + np.float32(self.sink_mm)
        depth = (points.z - np.float32(0.52 * shape.thickness_mm)) * np.float32(1.35)
        distance = np.sqrt(points.x**2 + height**2 + depth**2) - np.float32(self.nucleus_radius_mm)
        inside = 1 / (1 + np.exp(np.clip(distance * 12, -30, 30)))
        rim = 4 * np.exp(-((distance / 0.08) ** 2))
        excess: NDArray[np.float32] = (
            np.float32(self.milk_db) * (1 - inside) + np.float32(self.nucleus_db) * inside + rim
        )
        return excess


def draw_morgagnian(rng: np.random.Generator) -> Morgagnian:
    """Draw a hypermature lens."""
    return Morgagnian(
        milk_db=float(rng.uniform(10, 16)),
        nucleus_db=float(rng.uniform(6, 14)),
        sink_mm=float(rng.uniform(0.5, 1.4)),
        nucleus_radius_mm=float(rng.uniform(1.7, 2.4)),
    )
