"""White (mature) cataract: the lens is opaque as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class White:
    """A mature lens: all of the cortex is opaque; fluid gathers in crescents below the anterior capsule."""

    strength_db: float
    cleft_mm: float
    texture: WaveField
    kind: OpacityKind = OpacityKind.WHITE
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        inner = 1 - points.s
        front = inner * np.float32(shape.front_depth_mm) - np.float32(1.1 * shape.front_cortex_mm)
        back = inner * np.float32(shape.back_depth_mm) - np.float32(1.1 * shape.back_cortex_mm)
        share = 1 / (1 + np.exp(np.clip(6 * points.blend(front, back), -30, 30)))
        uneven = self.texture.at_stride(points.x, points.y, points.z, 4)
        level = np.float32(self.strength_db) * (0.55 + 0.45 * share) + 2.5 * uneven
        if self.cleft_mm:
            lacuna = points.front & (np.abs(points.t - 0.28) < self.cleft_mm * np.clip(uneven, 0, 1.5))
            level = np.where(lacuna, np.float32(-8), level)
        excess: NDArray[np.float32] = level.astype(np.float32)
        return excess


def draw_white(rng: np.random.Generator) -> White:
    """Draw a mature, swollen lens."""
    return White(
        strength_db=float(rng.uniform(14, 20)),
        cleft_mm=float(rng.choice([0.0, 0.06, 0.12])),
        texture=WaveField.draw(rng, (0.8, 0.8, 0.25)),
    )
