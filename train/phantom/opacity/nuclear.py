"""Nuclear sclerosis with diffuse cortical haze."""

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
class Nuclear:
    """A core with a soft border, and the cortex around it.

    Attributes
    ----------
    nuclear_db, cortical_db
        Mean excess of core and cortex, either sign: also the spread between clear lenses.
    border_mm
        How far the core reaches into the cortex.
    texture_db, texture
        Strength and pattern of the unevenness.
    """

    nuclear_db: float
    cortical_db: float
    border_mm: float
    texture_db: float
    texture: WaveField
    kind: OpacityKind = OpacityKind.NUCLEAR
    harmless: bool = False

    def core(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Share of nucleus at every point, 0 to 1."""
        inner = 1 - points.s
        front = inner * np.float32(shape.front_depth_mm) - np.float32(shape.front_cortex_mm)
        back = inner * np.float32(shape.back_depth_mm) - np.float32(shape.back_cortex_mm)
        depth = points.blend(front, back) + np.float32(self.border_mm)
        share: NDArray[np.float32] = 1 / (1 + np.exp(np.clip(-10 * depth, -30, 30)))
        return share

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        core = self.core(points, shape)
        uneven = self.texture.at_stride(points.x, points.y, points.z, 6)
        mean = core * np.float32(self.nuclear_db - self.cortical_db) + np.float32(self.cortical_db)
        return mean + uneven * np.float32(self.texture_db)
