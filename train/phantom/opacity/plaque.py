"""A plaque below the capsule: the solid of subcapsular and polar cataract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape
    from train.phantom.field import WaveField


@dataclass(frozen=True, slots=True)
class Plaque:
    """A disc below the capsule: posterior or anterior subcapsular, or polar.

    Attributes
    ----------
    front
        Whether it lies below the anterior capsule instead of the posterior one.
    x_mm, y_mm, radius_mm, depth_mm
        Centre, radius and thickness.
    strength_db, grain_db
        Mean excess, and spread of its granules.
    rings
        Strength of onion rings, 0 to 1 (polar cataract).
    holes
        Share of vacuoles, 0 to 1.
    """

    front: bool
    x_mm: float
    y_mm: float
    radius_mm: float
    depth_mm: float
    strength_db: float
    grain_db: float
    rings: float
    holes: float
    texture: WaveField
    edge: WaveField
    kind: OpacityKind
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        total = np.zeros_like(points.t)
        distance = np.hypot(points.x - np.float32(self.x_mm), points.y - np.float32(self.y_mm))
        near = (
            (points.front == self.front)
            & (points.t < 1.3 * self.depth_mm)
            & (distance < 1.35 * self.radius_mm)
            & (points.t > -0.02)
        )
        if not near.any():
            return total
        x, y, t, r = points.x[near], points.y[near], points.t[near], distance[near]
        ragged = np.float32(self.radius_mm) * (1 + 0.15 * self.edge.at(x, y, np.zeros_like(x)))
        thickness = (
            np.float32(self.depth_mm)
            * (0.75 + 0.25 * np.clip(self.edge.at(y, x, np.ones_like(x)), -2, 2))
            * (1 - 0.5 * r / ragged)
        )
        amount = np.clip(3 * (1 - r / ragged), 0, 1) * np.clip(1.5 - 1.5 * t / np.maximum(thickness, 0.02), 0, 1) ** 0.5
        grain = self.texture.at(x, y, points.z[near])
        level = np.float32(self.strength_db) + np.float32(self.grain_db) * grain
        if self.rings:
            level += np.float32(4 * self.rings) * np.cos(np.float32(2 * np.pi / 0.18) * r)
        if self.holes:
            level -= np.float32(8) * (grain < np.float32(2 * self.holes - 1.6))
        total[near] = np.maximum(level, 0) * amount
        return total
