"""The kinds of opacity, each a solid in the axes of the lens, so that every scan of an eye cuts the same one.

An opacity answers with its excess over the clear lens in dB (0 where it is not). Kinds carry the codes of the
specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .field import WaveField
    from .lens import LensPoints, LensShape


class Opacity(Protocol):
    """One opacity of an eye."""

    @property
    def kind(self) -> OpacityKind:
        """Its code."""

    @property
    def harmless(self) -> bool:
        """True for findings that no one calls a cataract; they are never significant."""

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point, (rows, columns) float32 dB; negative where fluid scatters less."""


def _bump(distance: NDArray[np.float32], half_width: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """A soft plateau: 1 within half the width, 0 at the width, over the last half of it."""
    return np.clip(2 - 2 * np.abs(distance) / half_width, 0, 1)


@dataclass(frozen=True, slots=True)
class Nuclear:
    """Nuclear sclerosis with diffuse cortical haze: a core with a soft border and a cortex.

    Attributes
    ----------
    nuclear_db, cortical_db
        Mean excess of core and cortex, either sign: also the spread between clear lenses.
    border_mm
        How far the core reaches into the cortex.
    texture_db, texture
        Spread and pattern of the unevenness.
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
        return 1 / (1 + np.exp(np.clip(-10 * (points.blend(front, back) + np.float32(self.border_mm)), -30, 30)))

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """See `Opacity`."""
        core = self.core(points, shape)
        uneven = self.texture.at_stride(points.x, points.y, points.z, 6)
        mean = core * np.float32(self.nuclear_db - self.cortical_db) + np.float32(self.cortical_db)
        return mean + uneven * np.float32(self.texture_db)


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
        """See `Opacity`."""
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


@dataclass(frozen=True, slots=True)
class Plaque:
    """A disc below the capsule: posterior or anterior subcapsular, or polar.

    Attributes
    ----------
    front
        Below the anterior capsule instead of the posterior one.
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
    kind: OpacityKind = OpacityKind.POSTERIOR_SUBCAPSULAR
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """See `Opacity`."""
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


@dataclass(frozen=True, slots=True)
class Dot:
    """One small ellipsoid at (x, y, z) of the lens axes; half axes along the layer and across it, in mm."""

    x_mm: float
    y_mm: float
    z_mm: float
    half_width_mm: float
    half_height_mm: float
    strength_db: float


@dataclass(frozen=True, slots=True)
class Dots:
    """Many small bodies: retrodots, vacuoles (dark inside a bright rim), focal dots and flakes."""

    dots: tuple[Dot, ...]
    hollow: bool
    kind: OpacityKind = OpacityKind.DOTS
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """See `Opacity`."""
        total = np.zeros_like(points.t)
        middle = points.t.shape[0] // 2
        line_x, line_y = points.x[middle], points.y[middle]
        for dot in self.dots:
            reach = 1.4 * dot.half_width_mm
            columns = np.flatnonzero(
                (np.abs(line_x - dot.x_mm) < reach + 0.15) & (np.abs(line_y - dot.y_mm) < reach + 0.15)
            )
            if not len(columns):
                continue
            across = slice(columns[0], columns[-1] + 1)
            centre = columns[len(columns) // 2]
            rows = np.flatnonzero(np.abs(points.z[:, centre] - dot.z_mm) < 1.4 * dot.half_height_mm + 0.08)
            if not len(rows):
                continue
            box = slice(rows[0], rows[-1] + 1), across
            wide = ((points.x[box] - dot.x_mm) ** 2 + (points.y[box] - dot.y_mm) ** 2) / dot.half_width_mm**2
            size = np.sqrt(wide + ((points.z[box] - dot.z_mm) / dot.half_height_mm) ** 2)
            if self.hollow:
                level = dot.strength_db * _bump(size - 1, 0.35) - 7 * (size < 0.8)
                total[box] = np.where(np.abs(level) > np.abs(total[box]), level, total[box])
            else:
                total[box] = np.maximum(total[box], dot.strength_db * np.clip(2.2 - 2 * size, 0, 1))
        return total


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
        """See `Opacity`."""
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
            level = np.where(offset < 1, np.float32(self.fluid_db), np.float32(self.rim_db) * _bump(offset - 1.25, 0.5))
            total[inside] = np.where(np.abs(level) > np.abs(total[inside]), level, total[inside])
        return total


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
        """See `Opacity`."""
        turn = np.abs((np.arctan2(points.y, points.x) - np.float32(self.azimuth_rad) + np.pi) % (2 * np.pi) - np.pi)
        sector = _bump(turn, self.half_width_rad) * np.clip(2 * points.radius - 1.2, 0, 1) * points.front
        middle, half = 0.5 * (self.first_mm + self.last_mm), 0.5 * (self.last_mm - self.first_mm)
        wave = np.sin(np.float32(2 * np.pi / self.period_mm) * points.t)
        return np.float32(self.strength_db) * wave * sector * _bump(points.t - np.float32(middle), half)


@dataclass(frozen=True, slots=True)
class LensOpacities:
    """All opacities of one lens.

    Attributes
    ----------
    diffuse
        Nucleus and haze; of a clear eye, its difference from the average clear lens of its age.
    focal
        What stands out of it, or, where fluid scatters less, takes away from it.
    """

    diffuse: Nuclear
    focal: tuple[Opacity, ...] = ()

    @property
    def kinds(self) -> tuple[OpacityKind, ...]:
        """Codes of all, in order."""
        return tuple(sorted({self.diffuse.kind, *(opacity.kind for opacity in self.focal)}))

    def combine(
        self, points: LensPoints, shape: LensShape
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]:
        """Strongest excess in dB, its kind, and whether it may count as significant; each (rows, columns)."""
        excess = self.diffuse.excess_db(points, shape)
        core = self.diffuse.core(points, shape) > 0.5
        kind = np.where(core, np.uint8(OpacityKind.NUCLEAR), np.uint8(OpacityKind.CORTICAL_HAZE))
        may_count = np.ones(excess.shape, bool)
        for opacity in self.focal:
            own = opacity.excess_db(points, shape)
            wins = (own > excess) & (own > 0.5)
            fluid = own < -0.5
            excess = np.where(wins, own, excess)
            excess = np.where(fluid, np.minimum(excess, 0) + own, excess)
            kind = np.where(wins | fluid, np.uint8(opacity.kind), kind)
            if opacity.harmless:
                may_count &= ~wins
        return np.clip(excess, -12, 25).astype(np.float32), kind, may_count
