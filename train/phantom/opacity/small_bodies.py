"""Many small bodies in the lens: the solid of retrodots, vacuoles and dots."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .opacity import plateau

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.measure.kinds import OpacityKind
    from train.phantom.eye.lens import LensPoints, LensShape


@dataclass(frozen=True, slots=True)
class SmallBody:
    """One small ellipsoid at (x, y, z) of the lens axes; half axes along the layer and across it, in mm."""

    x_mm: float
    y_mm: float
    z_mm: float
    half_width_mm: float
    half_height_mm: float
    strength_db: float


@dataclass(frozen=True, slots=True)
class SmallBodies:
    """Many small bodies of one kind; hollow ones are dark inside a bright rim."""

    bodies: tuple[SmallBody, ...]
    hollow: bool
    kind: OpacityKind
    harmless: bool = False

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point; see `Opacity`."""
        total = np.zeros_like(points.t)
        middle = points.t.shape[0] // 2
        line_x, line_y = points.x[middle], points.y[middle]
        for body in self.bodies:
            reach = 1.4 * body.half_width_mm
            columns = np.flatnonzero(
                (np.abs(line_x - body.x_mm) < reach + 0.15) & (np.abs(line_y - body.y_mm) < reach + 0.15)
            )
            if not len(columns):
                continue
            across = slice(columns[0], columns[-1] + 1)
            centre = columns[len(columns) // 2]
            rows = np.flatnonzero(np.abs(points.z[:, centre] - body.z_mm) < 1.4 * body.half_height_mm + 0.08)
            if not len(rows):
                continue
            box = slice(rows[0], rows[-1] + 1), across
            wide = ((points.x[box] - body.x_mm) ** 2 + (points.y[box] - body.y_mm) ** 2) / body.half_width_mm**2
            size = np.sqrt(wide + ((points.z[box] - body.z_mm) / body.half_height_mm) ** 2)
            if self.hollow:
                level = body.strength_db * plateau(size - 1, 0.35) - 7 * (size < 0.8)
                total[box] = np.where(np.abs(level) > np.abs(total[box]), level, total[box])
            else:
                total[box] = np.maximum(total[box], body.strength_db * np.clip(2.2 - 2 * size, 0, 1))
        return total


class Depth(Enum):
    """Where in its half of the lens a kind of small body lies."""

    NUCLEAR_BORDER = "nuclear border"
    SUBCAPSULAR = "subcapsular"
    CORTEX = "cortex"


@dataclass(frozen=True, slots=True)
class Look:
    """Look of one kind of small body.

    Attributes
    ----------
    kind
        The kind of opacity.
    depth
        Where it lies.
    least_area
        Share of the central area of the lens that it spares.
    half_width_mm, strength_db
        Limits of the half width along the layers, and of the strength.
    height
        Half height across the layers over the half width.
    hollow
        Whether it is dark inside a bright rim.
    """

    kind: OpacityKind
    depth: Depth
    least_area: float
    half_width_mm: tuple[float, float]
    strength_db: tuple[float, float]
    height: float
    hollow: bool = False


def draw_small_bodies(
    rng: np.random.Generator, shape: LensShape, look: Look, count: int, harmless: bool = False
) -> SmallBodies:
    """Draw so many small bodies of one kind."""
    bodies = []
    for _ in range(count):
        front = bool(rng.uniform() < 0.6)
        cortex = shape.front_cortex_mm if front else shape.back_cortex_mm
        # All are drawn whatever the kind, so that the draws that follow do not depend on it.
        depths = {
            Depth.NUCLEAR_BORDER: rng.normal(1.1, 0.25),
            Depth.SUBCAPSULAR: rng.uniform(0.08, 0.45),
            Depth.CORTEX: rng.uniform(0.2, 0.95),
        }
        depth = depths[look.depth] * cortex
        radius = float(np.sqrt(rng.uniform(look.least_area, 1.0)) * 3.4)
        angle = float(rng.uniform(0, 2 * np.pi))
        sag = float(shape.sag(np.asarray(radius, np.float32), front))
        z = sag + depth if front else shape.thickness_mm - sag - depth
        half_width, strength = float(rng.uniform(*look.half_width_mm)), float(rng.uniform(*look.strength_db))
        bodies.append(
            SmallBody(
                x_mm=radius * np.cos(angle),
                y_mm=radius * np.sin(angle),
                z_mm=float(z),
                half_width_mm=half_width,
                half_height_mm=half_width * look.height,
                strength_db=strength,
            )
        )
    return SmallBodies(bodies=tuple(bodies), hollow=look.hollow, kind=look.kind, harmless=harmless)
