"""The ciliary body and the far wall behind the iris."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces

SEEN = 2.0  # power over the noise, the black of a usual display


def paint_ciliary(
    signal: NDArray[np.float32], surfaces: Surfaces, grid: Grid, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Paint ciliary processes and the far wall, as they show faintly through a thin iris on one or both sides.

    Returns where they are bright enough to be seen, (rows, columns) bool.
    """
    f32 = np.float32
    seen = np.zeros(signal.shape, bool)
    for side in (-1, 1):
        if rng.uniform() < 0.35:
            continue
        part = np.flatnonzero(
            (side * surfaces.lateral > 4.2) & (side * surfaces.lateral < 7.4) & (surfaces.beyond > 0.2)
        )
        if not len(part):
            continue
        columns = slice(part[0], part[-1] + 1)
        across = side * surfaces.lateral[columns]
        start = float(surfaces.lens_path[np.abs(surfaces.lateral).argmin()])
        path = grid.depth_mm[:, None]
        power = np.zeros((grid.rows, len(across)), np.float32)
        for _ in range(int(rng.integers(3, 9))):
            place, deep = float(rng.uniform(4.7, 6.2)), start + float(rng.uniform(0.3, 2.0))
            width, height = float(rng.uniform(0.07, 0.20)), float(rng.uniform(0.08, 0.25))
            round_ = ((across - place) / width) ** 2 + ((path - deep) / height) ** 2
            power += f32(10 ** rng.uniform(0.2, 0.9)) * np.exp(-(round_**1.5)).astype(np.float32)
        arc = start + 0.4 + 0.55 * (across - 4.7) ** 2 + 0.04 * smooth_walk(rng, len(across), 4)
        shell = np.exp(-np.maximum(path - arc, 0) / f32(0.8)) * (path > arc)
        power += (shell * 10 ** rng.uniform(-0.3, 0.25)).astype(np.float32)
        signal[:, columns] += power
        seen[:, columns] = power > SEEN
    return seen
