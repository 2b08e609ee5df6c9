"""B-scans of the front of the eye that show no lens: cornea, angle, sclera."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .canvas import arc, blank, clouds, grid, layered, oct_look, paint_below, polar, smoothed, wave

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .canvas import Drawing, Shape

_AIR = -25.0  # dB: nothing above the noise


def cornea_levels(
    rng: np.random.Generator, shape: Shape, top: NDArray[np.float32], thickness: float
) -> tuple[Drawing, NDArray[np.float32]]:
    """The cornea in dB and the line of its back: tear film, epithelium, Bowman's layer, stroma, endothelium."""
    epithelium = thickness * rng.uniform(0.08, 0.13)
    stroma = rng.uniform(8.0, 20.0)
    edge = max(1.5, thickness * 0.015)
    # The cornea is thicker towards its edge.
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)
    back = (top + thickness * (1.0 + 0.25 * across**2)).astype(np.float32)
    levels = layered(
        shape,
        top,
        [(edge, stroma + rng.uniform(6, 12)), (epithelium, stroma - rng.uniform(3, 9)), (edge, stroma + 5.0)],
        _AIR,
    )
    fibres = clouds(rng, (shape[0], max(8, shape[1] // 8)), 0.3, 16)
    texture = np.repeat(fibres, -(-shape[1] // fibres.shape[1]), axis=1)[:, : shape[1]] * 6.0 - 3.0
    row, _ = grid(shape)
    depth = (row - top[None, :]) / thickness
    inside = (row >= (top + epithelium + 2 * edge)[None, :]) & (row < back[None, :])
    levels = np.where(inside, stroma - 5.0 * depth + texture, levels)
    paint_below(levels, back, stroma + rng.uniform(2.0, 8.0))
    paint_below(levels, back + edge, _AIR)
    return levels.astype(np.float32), back


def _specular(rng: np.random.Generator, levels: Drawing, column: float) -> Drawing:
    """The bright streak of the apex, through all depths."""
    across = np.arange(levels.shape[1], dtype=np.float32) - column
    width = levels.shape[1] * rng.uniform(0.002, 0.01)
    streak = rng.uniform(5.0, 28.0) * np.exp(-((across / width) ** 2))
    lit: Drawing = np.maximum(levels, (streak - 3.0)[None, :]).astype(np.float32)
    return lit


def _falling_light(rng: np.random.Generator, levels: Drawing, column: float) -> Drawing:
    """Less light comes back from where the cornea is steep."""
    across = (np.arange(levels.shape[1], dtype=np.float32) - column) / levels.shape[1]
    loss: Drawing = (levels - rng.uniform(10.0, 50.0) * (across**2)[None, :]).astype(np.float32)
    return loss


def cornea_close_up(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A thick corneal arc that fills the frame."""
    rows, columns = shape
    apex = rows * rng.uniform(0.02, 0.35), columns * rng.uniform(0.3, 0.7)
    top = arc(columns, apex, columns * rng.uniform(0.8, 2.5))
    levels, _ = cornea_levels(rng, shape, top, rows * rng.uniform(0.22, 0.6))
    levels = _falling_light(rng, levels, apex[1])
    if rng.random() < 0.4:  # a scar, or infiltrate
        radius, _ = polar(shape, (apex[0] + rows * rng.uniform(0.1, 0.3), columns * rng.uniform(0.2, 0.8)), 2.5)
        levels = np.where(levels > 0, levels + 12.0 * np.exp(-((radius / (rows * 0.1)) ** 2)), levels)
    if rng.random() < 0.7:
        levels = _specular(rng, levels, apex[1])
    return oct_look(rng, levels.astype(np.float32))


def cornea_thin(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A cornea of usual size in an empty frame, as pachymetry devices show it."""
    rows, columns = shape
    apex = rows * rng.uniform(0.05, 0.4), columns * rng.uniform(0.4, 0.6)
    top = arc(columns, apex, columns * rng.uniform(0.6, 0.9))
    levels, _ = cornea_levels(rng, shape, top, rows * rng.uniform(0.07, 0.16))
    levels = _falling_light(rng, levels, apex[1])
    if rng.random() < 0.6:
        levels = _specular(rng, levels, apex[1])
    return oct_look(rng, levels)


def cornea_and_iris(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Cornea and iris in a frame that ends before a lens shows: the pupil is empty down to the edge."""
    rows, columns = shape
    apex = rows * rng.uniform(0.03, 0.2), columns * rng.uniform(0.42, 0.58)
    radius = columns * rng.uniform(0.52, 0.75)
    levels, _ = cornea_levels(rng, shape, arc(columns, apex, radius), rows * rng.uniform(0.06, 0.14))
    column = np.arange(columns, dtype=np.float32)
    off = np.abs(column - apex[1]) / columns
    pupil = rng.uniform(0.08, 0.22)
    front = rows * rng.uniform(0.72, 0.9) + wave(rng, columns, rows * 0.006, 0.08) - off * rows * rng.uniform(-0.1, 0.2)
    front = np.where(off > pupil, front, 1e6).astype(np.float32)
    iris = blank(shape, _AIR)
    paint_below(iris, front, rng.uniform(8.0, 22.0))
    depth = np.maximum(grid(shape)[0] - front[None, :], 0.0) / rows
    iris = np.where(iris > _AIR, iris - depth * rng.uniform(60.0, 160.0), iris)
    return oct_look(rng, np.maximum(levels, smoothed(iris.astype(np.float32), 1.0)))


def cornea_mirrored(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A cornea with its mirror image across the zero delay, fainter or as bright."""
    rows, columns = shape
    apex = rows * rng.uniform(-0.2, 0.1), columns * rng.uniform(0.35, 0.65)
    levels, _ = cornea_levels(
        rng, shape, arc(columns, apex, columns * rng.uniform(0.5, 1.2)), rows * rng.uniform(0.08, 0.25)
    )
    fold = round(rows * rng.uniform(0.2, 0.6))
    mirrored = np.roll(levels[::-1], fold - rows // 2, axis=0) - rng.uniform(0.0, 10.0)
    both = np.maximum(levels, mirrored)
    return oct_look(rng, both[::-1].copy() if rng.random() < 0.3 else both)


def angle(rng: np.random.Generator, shape: Shape) -> Drawing:
    """One chamber angle: cornea that becomes sclera, and the root of the iris."""
    rows, columns = shape
    across = np.linspace(0.0, 1.0, columns, dtype=np.float32)
    top = rows * (rng.uniform(0.05, 0.2) + rng.uniform(0.1, 0.45) * across**1.5) + wave(rng, columns, rows * 0.006, 0.2)
    thick = rows * rng.uniform(0.13, 0.24) * (1.0 + 0.6 * across)
    spur = rng.uniform(0.4, 0.65)
    row, _ = grid(shape)
    turned = 1.0 / (1.0 + np.exp(-(across - spur) * 25.0))  # from clear cornea to white sclera
    depth = (row - top[None, :]) / rows
    tissue = 10.0 + 14.0 * turned[None, :] - (20.0 + 45.0 * turned[None, :]) * depth + 5.0 * clouds(rng, shape, 0.5, 24)
    levels = np.where(depth > 0, tissue, _AIR)
    beyond = (row > (top + thick)[None, :]) & (turned[None, :] < 0.6)
    levels = np.where(beyond, _AIR, levels)
    levels = np.where(np.abs(depth) < 0.006, 30.0, levels)
    slope = rng.uniform(0.5, 1.4)
    iris = top + thick + np.maximum(spur + 0.05 - across, 0.0) * rows * slope * 0.6
    iris += wave(rng, columns, rows * 0.012, 0.1)
    below = row - iris[None, :]
    sheet = (below > 0) & (across[None, :] > spur - rng.uniform(0.3, 0.5))
    iris_levels = 22.0 - below / rows * rng.uniform(120.0, 300.0)
    levels = np.maximum(levels, np.where(sheet, iris_levels, _AIR)).astype(np.float32)
    shown = oct_look(rng, smoothed(levels, 1.0))
    return shown[:, ::-1].copy() if rng.random() < 0.5 else shown


def sclera(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Conjunctiva and sclera alone: a bright band with vessels that fades into depth."""
    rows, columns = shape
    top = rows * rng.uniform(0.05, 0.35) + wave(rng, columns, rows * rng.uniform(0.005, 0.05), 0.4)
    top += np.linspace(-1, 1, columns, dtype=np.float32) * rows * rng.uniform(-0.2, 0.2)
    row, _ = grid(shape)
    depth = (row - top[None, :]) / rows
    bands = rng.uniform(0.0, 2.5) * np.sin(depth * rng.uniform(60, 200) + 6.0 * clouds(rng, shape, 1.0, 4))
    levels = np.where(depth > 0, 26.0 - depth * rng.uniform(35.0, 90.0) + bands, _AIR)
    conjunctiva = (depth > 0.01) & (depth < rng.uniform(0.03, 0.1))
    levels = np.where(conjunctiva, levels - rng.uniform(3.0, 12.0), levels)
    for _ in range(rng.integers(2, 9)):
        column = int(rng.integers(0, columns))
        radius, _angle = polar(shape, (float(top[column]) + rows * rng.uniform(0.04, 0.3), column), rng.uniform(1, 3))
        levels = np.where(radius < rows * rng.uniform(0.01, 0.03), levels - 14.0, levels)
    return oct_look(rng, smoothed(levels.astype(np.float32), 1.0))
