"""Mature and hypermature lenses: opaque as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .opacity import OpacityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .field import WaveField
    from .lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class White:
    """A mature lens: all of the cortex is opaque; fluid gathers in crescents below the anterior capsule."""

    strength_db: float
    cleft_mm: float
    texture: WaveField
    kind: OpacityKind = OpacityKind.WHITE
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """See `Opacity`."""
        inner = 1 - points.s
        front = inner * np.float32(shape.front_depth_mm) - np.float32(1.1 * shape.front_cortex_mm)
        back = inner * np.float32(shape.back_depth_mm) - np.float32(1.1 * shape.back_cortex_mm)
        share = 1 / (1 + np.exp(np.clip(6 * points.blend(front, back), -30, 30)))
        uneven = self.texture.at_stride(points.x, points.y, points.z, 4)
        level = np.float32(self.strength_db) * (0.55 + 0.45 * share) + 2.5 * uneven
        if self.cleft_mm:
            lacuna = points.front & (np.abs(points.t - 0.28) < self.cleft_mm * np.clip(uneven, 0, 1.5))
            level = np.where(lacuna, np.float32(-8), level)
        return level.astype(np.float32)


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
        """See `Opacity`."""
        height = points.y + np.float32(self.sink_mm)
        depth = (points.z - np.float32(0.52 * shape.thickness_mm)) * np.float32(1.35)
        distance = np.sqrt(points.x**2 + height**2 + depth**2) - np.float32(self.nucleus_radius_mm)
        inside = 1 / (1 + np.exp(np.clip(distance * 12, -30, 30)))
        rim = 4 * np.exp(-((distance / 0.08) ** 2))
        return np.float32(self.milk_db) * (1 - inside) + np.float32(self.nucleus_db) * inside + rim
