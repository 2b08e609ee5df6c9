"""What goes wrong, or always comes along, while a scan is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces


@dataclass(frozen=True, slots=True)
class ApexStreak:
    """Glare where the beam meets the cornea and the lens head on.

    Attributes
    ----------
    strength_db
        Of the band right at the cornea.
    band_mm, line_mm
        Half widths of the striped band and of the thin line in its middle.
    line_db
        Of the line in the chamber; it goes on through the lens.
    ghosts_mm, ghosts_db
        Optical path of round ghosts below the apex (negative: above), and their levels.
    offset_mm
        Of the streak from the apex.
    """

    strength_db: float
    band_mm: float
    line_mm: float
    line_db: float
    ghosts_mm: tuple[float, ...]
    ghosts_db: tuple[float, ...]
    offset_mm: float


def draw_streak(rng: np.random.Generator, faint: bool) -> ApexStreak:
    """A streak as seen in exported pictures; raw data shows little of it."""
    first = float(rng.normal(2.5, 0.25))
    ghosts = (first, first + float(rng.normal(0.75, 0.12)), -float(rng.uniform(1.0, 2.2)))
    if faint:
        return ApexStreak(
            float(rng.uniform(-4, 3)), 0.2, 0.04, float(rng.uniform(-10, 0)), (), (), float(rng.normal(0, 0.05))
        )
    return ApexStreak(
        float(rng.normal(10, 1.5)),
        float(np.clip(rng.normal(0.27, 0.05), 0.15, 0.4)),
        float(np.clip(rng.normal(0.045, 0.01), 0.025, 0.08)),
        float(rng.normal(12, 4)),
        ghosts,
        (float(rng.normal(17, 2)), float(rng.normal(12, 3)), float(rng.normal(9, 3))),
        float(rng.normal(0, 0.06)),
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


@dataclass(frozen=True, slots=True)
class Disturbances:
    """What else disturbs one scan; zero or empty where it does not.

    Attributes
    ----------
    lashes
        (place in mm, half width in mm, loss in dB) per shadow.
    lid_mm, lid_side
        How far a lid covers the frame from the left (-1) or right (+1).
    glitch_rows, glitch_columns
        Saturated lines of the detector: (index as a share of the frame, dB).
    tear_film_db
        Spread of slow gain changes over the columns of a dry eye.
    """

    lashes: tuple[tuple[float, float, float], ...] = ()
    lid_mm: float = 0.0
    lid_side: int = 1
    glitch_rows: tuple[tuple[float, float], ...] = ()
    glitch_columns: tuple[tuple[float, float], ...] = ()
    tear_film_db: float = 0.0


def draw_disturbances(
    rng: np.random.Generator, meridian_deg: float, factor: float = 1.0, forced: str = ""
) -> Disturbances:
    """Disturbances of one scan; `factor` multiplies their probabilities, `forced` names one that shall happen."""
    vertical = 60 <= meridian_deg <= 120

    def happens(name: str, probability: float) -> bool:
        return bool(rng.uniform() < probability * factor) or forced == name

    lashes: tuple[tuple[float, float, float], ...] = ()
    if happens("lashes", 0.20 if vertical else 0.06):
        side = rng.choice((-1, 1))
        lashes = tuple(
            (float(side * rng.uniform(0.5, 6.5)), float(rng.uniform(0.03, 0.09)), float(rng.uniform(4, 16)))
            for _ in range(rng.integers(1, 7))
        )
    lid = float(rng.uniform(1, 3)) if forced == "lid" or (vertical and happens("lid", 0.06)) else 0.0
    glitches = [
        ((float(rng.uniform()), float(rng.uniform(8, 20))),) if happens("glitch", 0.02) else () for _ in range(2)
    ]
    return Disturbances(
        lashes, lid, int(rng.choice((-1, 1))), glitches[0], glitches[1], 1.5 if happens("tear-film", 0.08) else 0.0
    )  # fmt: skip


def disturb(
    signal: NDArray[np.float32], surfaces: Surfaces, what: Disturbances, grid: Grid, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Apply the disturbances to the signal, in place.

    Returns the share of the eye's own light that is left, (rows, columns) float32; what a lid or a glitch adds is not
    the eye's.
    """
    f32 = np.float32
    loss = np.zeros(grid.columns, np.float32)
    for place, half_width, depth in what.lashes:
        loss += f32(depth) * np.exp(-(((surfaces.lateral - f32(place)) / f32(half_width)) ** 4))
    if what.tear_film_db:
        loss += f32(what.tear_film_db) * np.abs(smooth_walk(rng, grid.columns, 14))
    left = np.exp(-loss * f32(np.log(10) / 10))
    if loss.any():
        signal *= left
    if what.lid_mm:
        edge = f32(8.25 - what.lid_mm) + 0.12 * smooth_walk(rng, grid.rows, 40)[:, None]
        inside = what.lid_side * grid.lateral_mm[None, :] - edge
        cover = np.clip(inside / 0.1, 0, 1)
        height = surfaces.cornea_path - f32(0.8) - 0.5 * np.maximum(inside, 0)
        deep = grid.depth_mm[:, None] - height
        tissue = np.clip(deep / 0.03, 0, 1) * 10 ** (2.3 - 0.55 * np.clip(deep, 0, 6))
        signal *= 1 - cover
        left = left * (1 - cover)
        signal += (cover * tissue).astype(np.float32)
    for share, level in what.glitch_rows:
        row = int(share * (grid.rows - 3))
        signal[row : row + 2] += f32(10 ** (level / 10))
    for share, level in what.glitch_columns:
        column = int(share * (grid.columns - 2))
        signal[:, column] += f32(10 ** (level / 10))
    return np.broadcast_to(left, signal.shape)


@dataclass(frozen=True, slots=True)
class Extras:
    """Rarer disturbances of one scan; zero where they do not happen.

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


def draw_extras(rng: np.random.Generator, factor: float, forced: str = "") -> Extras:
    """Rare disturbances of one scan; `forced` names one that shall happen."""

    def happens(name: str, probability: float) -> bool:
        return bool(rng.uniform() < probability * factor) or forced == name

    mirror = (-float(rng.uniform(4, 14)), float(rng.uniform(0.4, 2.2))) if happens("mirror", 0.02) else (0.0, 0.0)
    ghost = (-float(rng.uniform(11, 18)), float(rng.uniform(0.8, 4.0))) if happens("ghost", 0.03) else (0.0, 0.0)
    glare = (float(rng.uniform(6, 14)), float(rng.uniform(0.3, 0.9))) if happens("saturation", 0.02) else (0.0, 0.0)
    return Extras(*mirror, *ghost, *glare)


def apply_extras(signal: NDArray[np.float32], surfaces: Surfaces, extras: Extras, grid: Grid) -> None:
    """Add the rarer disturbances to the signal, in place."""
    f32 = np.float32
    if extras.saturation_db:
        across = np.abs(surfaces.lateral) / f32(extras.saturation_mm)
        signal += (10 ** ((extras.saturation_db - 4 * across**2) / 10) * (across < 2)).astype(np.float32)
    # Both copies come from the cornea alone, the brightest thing near the zero delay.
    top = max(int(surfaces.cornea_path.min() / grid.row_mm) - 4, 0)
    inner = np.abs(surfaces.lateral) < 5.5
    bottom = min(int(surfaces.back_path[inner].max() / grid.row_mm) + 4, grid.rows)
    path = grid.depth_mm[top:bottom, None]
    cornea = signal[top:bottom] * (path < surfaces.back_path + f32(0.02))
    if extras.ghost_db:
        shift = int(extras.ghost_mm / grid.row_mm)
        last = min(bottom + shift, grid.rows)
        signal[top + shift : last] += cornea[: last - top - shift] * f32(10 ** (extras.ghost_db / 10))
    if extras.mirror_db:
        flipped = cornea[::-1]
        last = int(extras.mirror_mm / grid.row_mm) + 1
        rows = min(last, len(flipped))
        signal[last - rows : last] += flipped[len(flipped) - rows :] * f32(10 ** (extras.mirror_db / 10))


@dataclass(frozen=True, slots=True)
class Motion:
    """A blink or a microsaccade in the middle of a scan.

    It changes what is visible, so it belongs to the pose, not to the noise.

    Attributes
    ----------
    first, last
        Columns concerned, as parts of the frame.
    shift_mm
        How much deeper (optical path) they lie.
    blank
        Whether nothing is seen there at all.
    """

    first: float = 0.0
    last: float = 0.0
    shift_mm: float = 0.0
    blank: bool = False

    def move(self, field: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
        """A (rows, columns) field of the grid with the block moved or zero; the same array where there is no motion."""
        rows = round(self.shift_mm / grid.row_mm)
        if not rows and not self.blank:
            return field
        moved = field.copy()
        block = slice(int(self.first * grid.columns), int(self.last * grid.columns))
        if self.blank:
            moved[:, block] = 0
            return moved
        moved[:, block] = np.roll(field[:, block], rows, axis=0)
        if rows > 0:
            moved[:rows, block] = field[:1, block]
        else:
            moved[rows:, block] = field[-1:, block]
        return moved


def draw_motion(rng: np.random.Generator, factor: float, forced: str = "") -> Motion:
    """A tear (probability 0.015) or a blink (0.008), or for certain when forced."""
    tear = rng.uniform() < 0.015 * factor or forced == "tear"
    blink = rng.uniform() < 0.008 * factor or forced == "blink"
    first, width = float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.04, 0.20))
    shift = float(rng.choice((-1, 1)) * rng.uniform(0.05, 0.4))
    if blink:
        return Motion(first, first + width, blank=True)
    return Motion(first, first + width, shift) if tear else Motion()
