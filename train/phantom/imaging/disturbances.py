"""Common disturbances of a scan: lashes, lids, the tear film, and glitches of the detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces


@dataclass(frozen=True, slots=True)
class Disturbances:
    """Common disturbances of one scan; zero or empty where they do not happen.

    Attributes
    ----------
    lashes
        Place in mm, half width in mm and loss in dB of each shadow.
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
    """Draw the disturbances of one scan.

    Their probabilities are multiplied by `factor`; the one that `forced` names happens for certain.
    """
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
        lashes=lashes,
        lid_mm=lid,
        lid_side=int(rng.choice((-1, 1))),
        glitch_rows=glitches[0],
        glitch_columns=glitches[1],
        tear_film_db=1.5 if happens("tear-film", 0.08) else 0.0,
    )


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
