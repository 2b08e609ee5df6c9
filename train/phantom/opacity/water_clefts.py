"""Water clefts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

from .opacity import plateau

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class Cleft:
    """One slit of fluid along a suture: azimuth, layer, half thickness, inner and outer radius in mm."""

    azimuth_rad: float
    layer_mm: float
    half_thickness_mm: float
    inner_mm: float
    outer_mm: float
    half_width_mm: float


@dataclass(frozen=True, slots=True)
class WaterClefts:
    """Slits of fluid with bright rims in the planes of the Y sutures of the anterior cortex."""

    clefts: tuple[Cleft, ...]
    rim_db: float
    fluid_db: float
    kind: OpacityKind = OpacityKind.WATER_CLEFT
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        total = np.zeros_like(points.t)
        for cleft in self.clefts:
            along = points.x * np.float32(np.cos(cleft.azimuth_rad)) + points.y * np.float32(np.sin(cleft.azimuth_rad))
            aside = points.y * np.float32(np.cos(cleft.azimuth_rad)) - points.x * np.float32(np.sin(cleft.azimuth_rad))
            inside = (
                points.front
                & (along > cleft.inner_mm)
                & (along < cleft.outer_mm)
                & (np.abs(aside) < cleft.half_width_mm)
            )
            if not inside.any():
                continue
            place = (along[inside] - cleft.inner_mm) / (cleft.outer_mm - cleft.inner_mm)
            opening = np.float32(cleft.half_thickness_mm) * np.sqrt(np.maximum(4 * place * (1 - place), 0.02))
            offset = np.abs(points.t[inside] - np.float32(cleft.layer_mm) - 0.05 * np.sin(5 * place)) / opening
            level = np.where(
                offset < 1, np.float32(self.fluid_db), np.float32(self.rim_db) * plateau(offset - 1.25, 0.5)
            )
            total[inside] = np.where(np.abs(level) > np.abs(total[inside]), level, total[inside])
        return total


def draw_water_clefts(rng: np.random.Generator) -> WaterClefts:
    """Draw three slits along the anterior Y suture."""
    turn = float(rng.normal(np.pi / 2, 0.3))
    clefts = tuple(
        Cleft(
            azimuth_rad=turn + k * 2 * np.pi / 3,
            layer_mm=float(rng.uniform(0.15, 0.5)),
            half_thickness_mm=float(rng.uniform(0.025, 0.075)),
            inner_mm=float(rng.uniform(0.1, 0.8)),
            outer_mm=float(rng.uniform(1.6, 3.2)),
            half_width_mm=float(rng.uniform(0.25, 0.7)),
        )
        for k in range(3)
    )
    return WaterClefts(clefts=clefts, rim_db=8.0, fluid_db=float(rng.uniform(-10, -6)))
