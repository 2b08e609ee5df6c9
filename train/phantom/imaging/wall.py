"""The wall of the eye: cornea, limbus and sclera.

A tissue is painted in its bounding box only. Signals are linear powers in units of the mean noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.measure.optics import CORNEA_INDEX
from train.phantom.eye.anatomy import LIMBUS_MM
from train.phantom.field import smooth_walk

from .iris import recess_depth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy
    from train.phantom.eye.tissue import Tissue

    from .beams import Grid, Surfaces


def paint_wall(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    tissue: Tissue,
    anatomy: Anatomy,
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Cornea, limbus and sclera; the chamber ends at its recess. Paints the signal in place."""
    white = 1 / (1 + np.exp(-(np.abs(surfaces.lateral) - np.float32(LIMBUS_MM + 0.05)) / np.float32(0.24)))
    _paint_cornea(signal, surfaces, tissue, grid, white)
    _paint_sclera(signal, surfaces, tissue, grid, white, recess_depth(anatomy), rng)


def _paint_cornea(
    signal: NDArray[np.float32], surfaces: Surfaces, tissue: Tissue, grid: Grid, white: NDArray[np.float32]
) -> None:
    """The cornea in its own band of rows; `white` is the share of sclera in each column."""
    f32 = np.float32
    first = max(int(surfaces.cornea_path.min() / grid.row_mm) - 3, 0)
    path = grid.depth_mm[first:, None]
    distance = np.abs(surfaces.lateral)
    last = min(int(surfaces.back_path[distance < 6.2].max() / grid.row_mm) + 4, grid.rows)
    band = path[: max(last - first, 1)]
    slant = np.sqrt(1 + surfaces.slope**2)
    depth = (band - surfaces.cornea_path) * (1 / (f32(CORNEA_INDEX) * slant))
    whole = (surfaces.back_path - surfaces.cornea_path) / (f32(CORNEA_INDEX) * slant)
    facing = np.exp(-((distance / f32(3.0)) ** 2))
    level = _layers(depth, whole[None, :], tissue, facing)
    level += (
        f32(tissue.cornea_db) - (distance / 5) ** 2 * f32(0.8) + white * f32(tissue.sclera_db - tissue.cornea_db) * 0.5
    )
    cover = np.clip(depth * f32(CORNEA_INDEX / grid.row_mm) + 0.5, 0, 1) * np.clip(
        (whole - depth) * f32(CORNEA_INDEX / grid.row_mm) + 0.5, 0, 1
    )
    signal[first : first + len(band)] += cover * np.exp(level * f32(np.log(10) / 10)) * (1 - white * white)


def _paint_sclera(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    tissue: Tissue,
    grid: Grid,
    white: NDArray[np.float32],
    recess_z: float,
    rng: np.random.Generator,
) -> None:
    """The sclera from the surface down, with the streaks of vessels above it."""
    f32 = np.float32
    first = max(int(surfaces.cornea_path.min() / grid.row_mm) - 3, 0)
    path = grid.depth_mm[first:, None]
    sides = np.flatnonzero(np.abs(surfaces.lateral) > LIMBUS_MM - 1.1)
    if len(sides):
        for part in np.split(sides, np.flatnonzero(np.diff(sides) > 1) + 1):
            columns = slice(part[0], part[-1] + 1)
            below = path - surfaces.cornea_path[columns]
            streaks = f32(0.5) * smooth_walk(rng, len(part), 1.0) * np.clip(below * 0.5, 0, 1.6) + f32(
                0.6
            ) * smooth_walk(rng, len(part), 6.0)
            fall = f32(tissue.sclera_fall_db) * np.maximum(below - f32(0.55), 0) * (0.7 + 0.3 * (0.5 + white[columns]))
            scleral = f32(tissue.sclera_db) - 2.5 * np.exp(-below / f32(0.12)) - fall + streaks
            inner = np.where(surfaces.back_z[columns] < recess_z - 0.02, surfaces.back_path[columns], f32(99))
            inside = np.clip(below / f32(grid.row_mm) + 0.5, 0, 1) * np.clip(
                (inner - path) / f32(3 * grid.row_mm), 0, 1
            )
            signal[first:, columns] += inside * np.exp(scleral * f32(np.log(10) / 10)) * white[columns]


def _layers(
    depth: NDArray[np.floating[Any]], whole: NDArray[np.floating[Any]], tissue: Tissue, facing: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Layers of the cornea in dB over its stroma, as a table over depth (front) and distance from the back."""
    line = np.arange(0, 0.2, 0.001)
    front = tissue.epithelium_db * (1 / (1 + np.exp((line - 0.050) / 0.003))) + 6.0 * np.exp(
        -(((line - 0.003) / 0.007) ** 2)
    )
    front += 2.0 * np.exp(-(((line - 0.056) / 0.008) ** 2))
    back = 3.0 * np.exp(-(((line - 0.006) / 0.007) ** 2))
    scale = np.float32(1000)
    index = np.clip(depth * scale, 0, len(line) - 1).astype(np.int32)
    back_index = np.clip((whole - depth) * scale, 0, len(line) - 1).astype(np.int32)
    level: NDArray[np.float32] = (
        front.astype(np.float32)[index] + (0.3 + 0.7 * facing) * back.astype(np.float32)[back_index]
    )
    return level
