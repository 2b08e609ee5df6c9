"""The iris."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.look.tissues import Tissue
from edge_runtime.measure.optics import AQUEOUS_INDEX
from train.phantom.field import smooth_walk

from .tissue_map import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy
    from train.phantom.eye.tissue import Tissue as Looks

    from .beams import Grid, Surfaces


def paint_iris(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    anatomy: Anatomy,
    tissue: Looks,
    grid: Grid,
    rng: np.random.Generator,
    lift_mm: float = 0.0,
) -> Body:
    """The iris, its pigment layer and the shadow below, on both sides of the pupil. Paints the signal in place.

    `lift_mm` is how far an implant holds its margin off the lens. Returns its body for the map of tissues.
    """
    f32 = np.float32
    iris = anatomy.iris
    front, behind = np.zeros((2, grid.columns), np.float32)
    body = Body(Tissue.IRIS_SCLERA, front, behind, np.zeros(grid.columns, bool))
    for side in (surfaces.lateral < 0, surfaces.lateral >= 0):
        columns = np.flatnonzero(side & (surfaces.beyond > -0.01) & (np.abs(surfaces.lateral) < 7.6))
        if not len(columns):
            continue
        part = slice(columns[0], columns[-1] + 1)
        beyond = np.maximum(surfaces.beyond[part], 0)
        front_z = recess_depth(anatomy)
        chamber = surfaces.back_z[part] < front_z
        span = f32(max(beyond[chamber].max() if chamber.any() else 0.0, 1.0))
        u = np.clip(beyond / span, 0, 1.25)
        margin = columns[-1] if columns[0] == 0 or surfaces.lateral[columns[-1]] < 0 else columns[0]
        margin_z = float(surfaces.lens_z[margin]) - 0.02 - lift_mm
        root_z = front_z + 0.20
        back = margin_z + (root_z - margin_z) * u - 4 * f32(iris.bow_mm) * u * (1 - u) * (u < 1)
        shape = 0.24 + 0.22 * np.exp(-(((u - 0.18) / 0.16) ** 2)) - 0.06 * u
        fine = 0.035 * smooth_walk(rng, len(beyond), 0.16 / grid.column_mm)
        bumps = fine + 0.05 * smooth_walk(rng, len(beyond), 0.5 / grid.column_mm)
        thick = f32(iris.thickness_mm / 0.34) * shape * (1 + np.clip(bumps, -0.12, 0.12) * 3 * np.clip(8 * u, 0, 1))
        thick = thick * np.sqrt(np.clip(beyond / 0.22, 0.02, 1))
        back = back - 0.10 * np.exp(-((beyond / 0.12) ** 2))  # the margin curls a little
        bottom, top = _path_below(surfaces, part, back), _path_below(surfaces, part, back - thick)
        first = max(int(top.min() / grid.row_mm) - 6, 0)
        path = grid.depth_mm[first:, None]
        depth, under = path - top, path - bottom
        wall = np.clip((beyond - (span - 0.25)) / 0.5, 0, 1)  # the rim fades into the wall
        stroma = f32(tissue.iris_db) + 4.0 * np.exp(-np.maximum(depth, 0) / f32(0.06)) - 2.0 * np.maximum(depth, 0)
        stroma = stroma + 2.5 * np.exp(-((beyond / 0.12) ** 2)) + f32(0.5) * smooth_walk(rng, len(beyond), 3.0)
        away = 3.0 * np.abs(depth - (bottom - top))
        pigment = f32(tissue.iris_db + 1.5) - away - 90 * (np.maximum(np.abs(under) - 0.03, 0))
        haze = (
            f32(tissue.iris_db - 6.5)
            - f32(tissue.iris_fall_db) * np.maximum(under, 0)
            + f32(0.2) * smooth_walk(rng, len(beyond), 2.0)
        )
        level = np.where(under < 0, np.maximum(stroma - 2.5 * wall, pigment), np.maximum(pigment, haze))
        ramp = np.clip(depth / f32(2.5 * grid.row_mm) + 0.5, 0, 1) * (1 - np.clip(1.6 * (beyond - span), 0, 1))
        ramp = ramp * np.clip(surfaces.beyond[part] / f32(grid.column_mm) + 0.5, 0, 1)
        power = ramp * np.exp(level * f32(np.log(10) / 10))
        signal[first:, part] = np.maximum(signal[first:, part], power)
        body.front[part], body.back[part] = top, bottom
        body.where[part] = (surfaces.beyond[part] > 0) & (beyond - span < 0.4)
    return body


def recess_depth(anatomy: Anatomy) -> float:
    """Depth of the chamber angle in mm from the apex, where the front of the iris meets the wall."""
    return anatomy.pose.pole_z_mm + anatomy.iris.root_depth_mm + 0.05


def _path_below(surfaces: Surfaces, part: slice, z: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Optical path of points behind the cornea and outside the lens."""
    inside = np.maximum(z - surfaces.back_z[part], -0.4)
    path: NDArray[np.float32] = (surfaces.back_path[part] + np.float32(AQUEOUS_INDEX) * inside).astype(np.float32)
    return path
