"""Rare reflections in a scan: a mirror image, a second cornea, and glare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces


@dataclass(frozen=True, slots=True)
class Reflections:
    """Reflections of one scan; zero where they do not happen.

    Attributes
    ----------
    mirror_db
        Level of a mirror image: what lies above the zero delay comes back upside down.
    mirror_mm
        Where the mirror image of the cornea's apex lies below the top of the frame.
    ghost_db, ghost_mm
        Level and shift (optical path) of a second cornea from multiple reflections.
    saturation_db, saturation_mm
        Extra glare around the apex, and its half width.
    """

    mirror_db: float = 0.0
    mirror_mm: float = 0.0
    ghost_db: float = 0.0
    ghost_mm: float = 0.0
    saturation_db: float = 0.0
    saturation_mm: float = 0.0


def draw_reflections(rng: np.random.Generator, factor: float, forced: str = "") -> Reflections:
    """Draw the reflections of one scan; `forced` names one that happens for certain."""

    def happens(name: str, probability: float) -> bool:
        return bool(rng.uniform() < probability * factor) or forced == name

    mirror = (-float(rng.uniform(4, 14)), float(rng.uniform(0.4, 2.2))) if happens("mirror", 0.02) else (0.0, 0.0)
    ghost = (-float(rng.uniform(11, 18)), float(rng.uniform(0.8, 4.0))) if happens("ghost", 0.03) else (0.0, 0.0)
    glare = (float(rng.uniform(6, 14)), float(rng.uniform(0.3, 0.9))) if happens("saturation", 0.02) else (0.0, 0.0)
    return Reflections(
        mirror_db=mirror[0],
        mirror_mm=mirror[1],
        ghost_db=ghost[0],
        ghost_mm=ghost[1],
        saturation_db=glare[0],
        saturation_mm=glare[1],
    )


def apply_reflections(signal: NDArray[np.float32], surfaces: Surfaces, reflections: Reflections, grid: Grid) -> None:
    """Add the reflections to the signal, in place."""
    f32 = np.float32
    if reflections.saturation_db:
        across = np.abs(surfaces.lateral) / f32(reflections.saturation_mm)
        signal += (10 ** ((reflections.saturation_db - 4 * across**2) / 10) * (across < 2)).astype(np.float32)
    # Both copies come from the cornea alone, the brightest thing near the zero delay.
    top = max(int(surfaces.cornea_path.min() / grid.row_mm) - 4, 0)
    inner = np.abs(surfaces.lateral) < 5.5
    bottom = min(int(surfaces.back_path[inner].max() / grid.row_mm) + 4, grid.rows)
    path = grid.depth_mm[top:bottom, None]
    cornea = signal[top:bottom] * (path < surfaces.back_path + f32(0.02))
    if reflections.ghost_db:
        shift = int(reflections.ghost_mm / grid.row_mm)
        rows = max(min(bottom + shift, grid.rows) - top - shift, 0)  # none where the copy falls below the frame
        signal[top + shift : top + shift + rows] += cornea[:rows] * f32(10 ** (reflections.ghost_db / 10))
    if reflections.mirror_db:
        flipped = cornea[::-1]
        last = int(reflections.mirror_mm / grid.row_mm) + 1
        rows = min(last, len(flipped))
        signal[last - rows : last] += flipped[len(flipped) - rows :] * f32(10 ** (reflections.mirror_db / 10))
