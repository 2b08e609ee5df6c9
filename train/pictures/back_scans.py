"""B-scans of the back of the eye: macula, disc, choroid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import (
    Drawing,
    Shape,
    blank,
    clouds,
    grid,
    oct_look,
    paint_below,
    polar,
    shadows,
    smoothed,
    soft_step,
    wave,
)

Line = NDArray[np.float32]
_VITREOUS = -20.0
# Layers from the inner limiting membrane outwards: share of the thickness, and dB, of the retina.
_RETINA = (
    (0.10, 22.0),  # nerve fibres
    (0.14, 13.0),  # ganglion cells
    (0.12, 17.0),  # inner plexiform
    (0.10, 8.0),  # inner nuclear
    (0.07, 15.0),  # outer plexiform
    (0.25, 5.0),  # outer nuclear
    (0.03, 15.0),  # limiting membrane
    (0.04, 9.0),
    (0.05, 23.0),  # ellipsoid zone
    (0.05, 12.0),
)


def _bottom(rng: np.random.Generator, shape: Shape, bend: float) -> Line:
    """The line of the pigment epithelium: bent, tilted, a little wavy."""
    rows, columns = shape
    across = np.linspace(-1.0, 1.0, columns, dtype=np.float32)
    line = rows * (rng.uniform(0.4, 0.72) - bend * across**2 + rng.uniform(-0.08, 0.08) * across)
    return (line + wave(rng, columns, rows * 0.004, 0.3)).astype(np.float32)


def _pit(columns: int, middle: float, width: float) -> Line:
    """The foveal pit, 1 at its middle."""
    across = (np.arange(columns, dtype=np.float32) / columns - middle) / width
    return np.exp(-(across**2)).astype(np.float32)


def _retina(rng: np.random.Generator, shape: Shape, bottom: Line, thickness: Line, pit: Line) -> Drawing:
    """Vitreous, layers and pigment epithelium in dB; the inner layers are pushed aside by the pit."""
    rows = shape[0]
    levels, line = blank(shape, _VITREOUS), bottom - thickness
    gain = rng.uniform(-2.0, 3.0)
    inner = sum(share for share, _ in _RETINA[:5])
    for number, (share, level) in enumerate(_RETINA):
        paint_below(levels, line, level + gain + float(rng.normal(0.0, 1.0)))
        whole = np.float32(share / 0.95) * thickness
        if number < 5:  # these vanish in the pit, and the outer nuclear layer takes their place
            line = line + whole * (1.0 - 0.92 * pit)
        elif number == 5:
            line = line + whole + np.float32(inner * 0.6 / 0.95) * thickness * 0.92 * pit
            line = np.maximum(line, bottom - thickness * 0.22)
        else:
            line = np.minimum(line + whole, bottom)
    paint_below(levels, bottom, 30.0 + gain)
    paint_below(levels, bottom + max(2.0, rows * 0.012), 15.0)
    return levels


def _choroid(rng: np.random.Generator, levels: Drawing, bottom: Line, thick: float, fall: float) -> Drawing:
    """Add the choroid with its dark vessels, and the sclera behind it, both fading."""
    shape = (levels.shape[0], levels.shape[1])
    rows = shape[0]
    depth = grid(shape)[0] - (bottom + rows * 0.012)[None, :]
    vessels = clouds(rng, shape, 0.4, int(rng.integers(12, 28)))
    tissue = 20.0 - depth / rows * fall - 12.0 * soft_step(vessels - rng.uniform(0.5, 0.6), rng.uniform(0.015, 0.05))
    behind = 17.0 - depth / rows * fall * 1.4 + 3.0 * clouds(rng, shape, 0.6, 16)
    tissue = np.where(depth > thick * rows, behind, tissue)
    return np.where(depth > 0, tissue, levels).astype(np.float32)


def _scan(
    rng: np.random.Generator,
    shape: Shape,
    *,
    bend: float = 0.05,
    choroid: tuple[float, float] = (0.12, 90.0),
    fovea: bool = True,
) -> tuple[Drawing, Line, Line]:
    """Levels in dB of a plain retina, its pigment epithelium, its thickness."""
    rows, columns = shape
    bottom = _bottom(rng, shape, bend)
    pit = _pit(columns, rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.14)) * (rng.uniform(0.6, 1.0) if fovea else 0.0)
    thickness = rows * rng.uniform(0.14, 0.3) * (1.0 - 0.45 * pit) * (1.0 + wave(rng, columns, 0.03, 0.5))
    levels = _retina(rng, shape, bottom, thickness.astype(np.float32), pit.astype(np.float32))
    levels = _choroid(rng, levels, bottom, *choroid)
    return levels, bottom, thickness.astype(np.float32)


def _finished(rng: np.random.Generator, levels: Drawing, top: Line) -> Drawing:
    """Shadows of vessels, uneven light, a haze in the vitreous; then the look of the display."""
    rows, columns = levels.shape
    below = grid((rows, columns))[0] >= (top + rows * 0.02)[None, :]
    levels = levels - shadows(rng, columns, int(rng.integers(0, 9)))[None, :] * below
    levels = levels + wave(rng, columns, rng.uniform(0.0, 2.5), 0.4)[None, :]
    if rng.random() < 0.4:  # the hyaloid
        line = top - rows * rng.uniform(0.03, 0.15) + wave(rng, columns, rows * 0.02, 0.6)
        levels = np.where(np.abs(grid((rows, columns))[0] - line[None, :]) < 1.5, 4.0, levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 0.8))


def macula(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A healthy macula with its pit."""
    levels, bottom, thickness = _scan(rng, shape, bend=rng.uniform(-0.03, 0.08))
    return _finished(rng, levels, bottom - thickness)


def periphery(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A wide or very short-sighted retina without pit, strongly bent."""
    levels, bottom, thickness = _scan(rng, shape, bend=rng.uniform(0.1, 0.35), fovea=rng.random() < 0.3)
    return _finished(rng, levels, bottom - thickness)


def oedema(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A swollen macula with cysts, and often fluid below the retina."""
    rows, columns = shape
    levels, bottom, thickness = _scan(rng, shape, fovea=rng.random() < 0.3)
    middle = rng.uniform(0.35, 0.65)
    dome = _pit(columns, middle, rng.uniform(0.1, 0.25)) * thickness * rng.uniform(0.2, 0.8)
    row, column = grid(shape)
    # Everything above the pigment epithelium is lifted, most at the middle.
    share = np.clip((bottom[None, :] - row) / (thickness + dome)[None, :], 0.0, 1.0)
    source = np.clip(row + share * dome[None, :], 0, rows - 1).astype(np.int32)
    levels = levels[source, column.astype(np.int32)]
    for _ in range(rng.integers(4, 18)):
        at = int(np.clip(columns * rng.normal(middle, 0.1), 0, columns - 1))
        height = float(thickness[at] + dome[at])
        radius, _ = polar(shape, (float(bottom[at]) - height * rng.uniform(0.3, 0.75), at), rng.uniform(0.6, 1.5))
        levels = np.where(radius < height * rng.uniform(0.05, 0.18), -8.0, levels)
    if rng.random() < 0.5:
        fluid = _pit(columns, middle, 0.12) * thickness * rng.uniform(0.1, 0.4)
        levels = np.where((row > (bottom - fluid)[None, :]) & (row < bottom[None, :] - 2), -8.0, levels)
    return _finished(rng, levels.astype(np.float32), bottom - thickness - dome)


def drusen(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Bumps of the pigment epithelium, or one large detachment of it."""
    rows, columns = shape
    levels, bottom, thickness = _scan(rng, shape)
    bumps = np.zeros(columns, np.float32)
    for _ in range(rng.integers(1, 9)):
        bumps += _pit(columns, rng.uniform(0.1, 0.9), rng.uniform(0.01, 0.06)) * rows * rng.uniform(0.01, 0.06)
    row, column = grid(shape)
    near = np.clip(1.0 - (bottom[None, :] - row) / (2.5 * thickness)[None, :], 0.0, 1.0) * (row < bottom[None, :] + 4)
    source = np.clip(row + bumps[None, :] * near, 0, rows - 1).astype(np.int32)
    levels = levels[source, column.astype(np.int32)]
    filled = (row > (bottom - bumps + rows * 0.012)[None, :]) & (row < (bottom - 1)[None, :])
    return _finished(rng, np.where(filled, 13.0, levels).astype(np.float32), bottom - thickness)


def optic_disc(rng: np.random.Generator, shape: Shape) -> Drawing:
    """The cup of the optic nerve: the layers end at the canal, vessels throw shadows."""
    rows, columns = shape
    levels, bottom, thickness = _scan(rng, shape, fovea=False, bend=rng.uniform(0.0, 0.1))
    middle, half = rng.uniform(0.35, 0.65), rng.uniform(0.07, 0.14)
    across = np.abs(np.arange(columns, dtype=np.float32) / columns - middle)
    cup = _pit(columns, middle, half * rng.uniform(0.5, 0.9)) * rows * rng.uniform(0.08, 0.35)
    rim = (
        (_pit(columns, middle - 1.3 * half, half * 0.6) + _pit(columns, middle + 1.3 * half, half * 0.6)) * rows * 0.05
    )
    surface = bottom - thickness + cup - rim
    row, _ = grid(shape)
    depth = (row - surface[None, :]) / rows
    nerve = 23.0 - depth * rng.uniform(40.0, 80.0) + 6.0 * clouds(rng, shape, 0.6, 16)
    inside = (across < half)[None, :] | ((depth > 0) & (row < (bottom - thickness * 0.6)[None, :]))
    levels = np.where(inside, np.where(depth > 0, nerve, _VITREOUS), levels)
    levels = np.where(depth < 0, _VITREOUS, levels).astype(np.float32)
    levels -= shadows(rng, columns, int(rng.integers(3, 8)), 10.0)[None, :] * (depth > 0.03)
    return _finished(rng, levels, surface.astype(np.float32))


def choroid(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Enhanced depth: a thick choroid with large vessels fills the frame below a thin retina."""
    levels, bottom, thickness = _scan(rng, shape, choroid=(rng.uniform(0.2, 0.45), rng.uniform(15.0, 40.0)))
    rise = round(shape[0] * rng.uniform(0.05, 0.2))
    levels = np.concatenate([levels[rise:], np.repeat(levels[-1:], rise, axis=0)])
    return _finished(rng, levels, bottom - thickness - rise)
