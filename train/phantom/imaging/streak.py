"""The streak of glare at the apex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces


@dataclass(frozen=True, slots=True)
class ApexStreak:
    """Glare where the beam meets the cornea and the lens head on.

    Attributes
    ----------
    strength_db
        Level of the band right at the cornea.
    band_mm, line_mm
        Half widths of the striped band and of the thin line in its middle.
    line_db
        Level of the line in the chamber; it goes on through the lens.
    ghosts_mm, ghosts_db
        Optical path of round ghosts below the apex (negative: above), and their levels.
    offset_mm
        Distance of the streak from the apex.
    """

    strength_db: float
    band_mm: float
    line_mm: float
    line_db: float
    ghosts_mm: tuple[float, ...]
    ghosts_db: tuple[float, ...]
    offset_mm: float


def draw_streak(rng: np.random.Generator, faint: bool) -> ApexStreak:
    """Draw a streak as seen in exported pictures; `faint` is for raw data, which show little of it."""
    first = float(rng.normal(2.5, 0.25))
    ghosts = (first, first + float(rng.normal(0.75, 0.12)), -float(rng.uniform(1.0, 2.2)))
    if faint:
        return ApexStreak(
            strength_db=float(rng.uniform(-4, 3)),
            band_mm=0.2,
            line_mm=0.04,
            line_db=float(rng.uniform(-10, 0)),
            ghosts_mm=(),
            ghosts_db=(),
            offset_mm=float(rng.normal(0, 0.05)),
        )
    return ApexStreak(
        strength_db=float(rng.normal(10, 1.5)),
        band_mm=float(np.clip(rng.normal(0.27, 0.05), 0.15, 0.4)),
        line_mm=float(np.clip(rng.normal(0.045, 0.01), 0.025, 0.08)),
        line_db=float(rng.normal(12, 4)),
        ghosts_mm=ghosts,
        ghosts_db=(float(rng.normal(17, 2)), float(rng.normal(12, 3)), float(rng.normal(9, 3))),
        offset_mm=float(rng.normal(0, 0.06)),
    )


def paint_streak(
    signal: NDArray[np.float32], surfaces: Surfaces, streak: ApexStreak, grid: Grid, rng: np.random.Generator
) -> None:
    """Add the streak to the signal, in place."""
    f32 = np.float32
    part = np.flatnonzero(np.abs(surfaces.lateral - f32(streak.offset_mm)) < 1.1)
    if not len(part):
        return
    columns = slice(part[0], part[-1] + 1)
    across = surfaces.lateral[columns] - f32(streak.offset_mm)
    centre = part[len(part) // 2]
    path = grid.depth_mm
    top, back = surfaces.cornea_path[centre], surfaces.back_path[centre]
    lens, lens_back = surfaces.lens_path[centre], surfaces.lens_back_path[centre]
    above, below = np.maximum(top - path, 0), np.maximum(path - back, 0)
    stripes = 1.8 * smooth_walk(rng, len(path), 0.8) + 1.5 * smooth_walk(rng, len(path), 12)
    band = np.where(path < top, streak.strength_db - 3.0 - 3.2 * above, streak.strength_db - 5.0 * below) + stripes
    band = np.where((path > top) & (path < back), -20, band)
    power = (
        10 ** (band / 10).astype(f32)[:, None]
        * np.clip(f32(1.4) - np.abs(across) / f32(streak.band_mm) * f32(1.2), 0, 1)[None, :]
    )
    line = np.where(path < top, streak.line_db - 4 - 1.5 * above, streak.line_db - 0.4 * below)
    line = np.where((path > lens) & (path < lens_back), line - 1.5 - 1.2 * (path - lens), line)
    line = np.where(path > lens_back, line - 7 - 1.2 * (path - lens_back), line) + 1.2 * smooth_walk(rng, len(path), 6)
    line = np.where((path > top) & (path < back), -20, line)
    power += 10 ** (line / 10).astype(f32)[:, None] * np.exp(-((across / f32(streak.line_mm)) ** 2))[None, :]
    for depth, level in zip(streak.ghosts_mm, streak.ghosts_db, strict=True):
        size = 0.20 if depth > 0 else 0.12
        round_ = ((path - top - depth)[:, None] / size) ** 2 + (across[None, :] / (1.15 * size)) ** 2
        power += f32(10 ** (level / 10)) * np.exp(-(round_**1.3)).astype(f32)
    glints = ((top, 3.6, 0.42), (back, 2.9, 0.36), (lens, 1.9, 0.35), (lens_back, 1.8, 0.30))
    for line_at, height, width in glints if lens_back > lens else glints[:2]:
        glint = 10 ** (height + 0.08 * streak.strength_db - 0.8) * np.exp(-((across / width) ** 4))
        curve = line_at + (surfaces.cornea_path[columns] - top if line_at in (top, back) else 0)
        if line_at in (lens, lens_back):
            curve = (surfaces.lens_path if line_at == lens else surfaces.lens_back_path)[columns]
        power += np.exp(-(((path[:, None] - curve) / f32(0.014)) ** 2)).astype(f32) * glint.astype(f32)
    signal[:, columns] += power
