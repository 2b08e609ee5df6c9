"""Cortical spokes and wedges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField

from .azimuth import INFERONASAL_RAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class Spoke:
    """One wedge of the cortex: azimuth and half width in radian, inner radius, layer and thickness in mm."""

    azimuth_rad: float
    half_width_rad: float
    inner_radius_mm: float
    layer_mm: float
    thickness_mm: float
    front: bool
    strength_db: float


@dataclass(frozen=True, slots=True)
class CorticalSpokes:
    """Spokes and wedges that reach from the equator towards the axis, within layers of the cortex."""

    spokes: tuple[Spoke, ...]
    texture: WaveField
    kind: OpacityKind = OpacityKind.CORTICAL_SPOKES
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        total = np.zeros_like(points.t)
        azimuth = np.arctan2(points.y, points.x)
        for spoke in self.spokes:
            turn = np.abs((azimuth - np.float32(spoke.azimuth_rad) + np.pi) % (2 * np.pi) - np.pi)
            reach = points.radius - np.float32(spoke.inner_radius_mm)
            near = (turn < 1.6 * spoke.half_width_rad) & (reach > 0) & (points.front == spoke.front)
            near &= np.abs(points.t - np.float32(spoke.layer_mm)) < 1.5 * spoke.thickness_mm
            if not near.any():
                continue
            # A spoke narrows towards the axis and wavers between the layers.
            uneven = self.texture.at(points.x[near], points.y[near], points.z[near])
            inward = np.clip(reach[near] / 1.4, 0, 1)
            width = np.float32(spoke.half_width_rad) * (0.3 + 0.7 * inward)
            half = np.float32(spoke.thickness_mm) * (0.35 + 0.65 * inward) * (1 + 0.25 * uneven)
            offset = (
                points.t[near]
                - np.float32(spoke.layer_mm)
                - np.float32(0.05) * np.sin(3 * points.radius[near] + spoke.azimuth_rad)
            )
            amount = np.exp(-((turn[near] / width) ** 4)) * np.exp(-((offset / np.maximum(0.6 * half, 0.03)) ** 2))
            level = (np.float32(spoke.strength_db) + 2.5 * uneven) * np.minimum(1, 4 * reach[near]) * amount
            total[near] = np.maximum(total[near], level)
        return np.maximum(total, 0)


def draw_cortical_spokes(rng: np.random.Generator, shape: LensShape, grade: float) -> CorticalSpokes:
    """Draw the spokes of one lens for a grade of 0.8 to 5, as in LOCS III."""
    spokes = []
    for _ in range(int(rng.poisson(4 * grade)) + 2):
        front = bool(rng.uniform() < 0.55)
        cortex = shape.front_cortex_mm if front else shape.back_cortex_mm
        spokes.append(
            Spoke(
                azimuth_rad=float(rng.vonmises(INFERONASAL_RAD, 0.8)),
                half_width_rad=float(np.deg2rad(rng.uniform(5, 20))),
                inner_radius_mm=float(np.clip(rng.normal(2.6 - 0.35 * grade, 0.6), 0.45, 3.8)),
                layer_mm=float(rng.uniform(0.15, 0.75) * cortex),
                thickness_mm=float(rng.uniform(0.10, 0.40)),
                front=front,
                strength_db=float(rng.uniform(8, 18)),
            )
        )
    return CorticalSpokes(tuple(spokes), WaveField.draw(rng, (0.15, 0.15, 0.06)))
