"""The lens as one scan cuts it: what it scatters, its opacities, and the shadow they cast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.optics import AQUEOUS_INDEX, CONVERGENCE_PER_MM, LENS_INDEX
from train.phantom.eye.lens import LensPoints, points_in_lens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy
    from train.phantom.eye.scatter import ClearScatter
    from train.phantom.eye.texture import Texture
    from train.phantom.opacity.lens_opacities import LensOpacities

    from .beams import Grid, Surfaces, View

SIGNIFICANT_DB = 3.0


@dataclass(frozen=True, slots=True)
class LensImage:
    """The lens in its bounding box of the grid; arrays (rows, columns) of the box.

    Attributes
    ----------
    box
        Row and column slices into the grid.
    cover
        float32, share of a pixel inside the visible lens (pupil included), 0 to 1.
    clear_db, excess_db
        float32; level of this eye's clear lens, and excess.
    kind
        uint8, `OpacityKind` of what scatters most there.
    significant
        bool, an excess of at least 3 dB that is not harmless.
    zone
        uint8, `Zone` of every point.
    """

    box: tuple[slice, slice]
    cover: NDArray[np.float32]
    clear_db: NDArray[np.float32]
    excess_db: NDArray[np.float32]
    kind: NDArray[np.uint8]
    significant: NDArray[np.bool_]
    zone: NDArray[np.uint8]


def image_lens(
    anatomy: Anatomy,
    scatter: ClearScatter,
    texture: Texture,
    opacities: LensOpacities,
    surfaces: Surfaces,
    view: View,
    grid: Grid,
) -> LensImage | None:
    """Cut the lens; None where no beam reaches it within the frame."""
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return None
    part = slice(columns[0], columns[-1] + 1)
    first = int(surfaces.lens_path[part].min() / grid.row_mm) - 4
    last = min(int(surfaces.lens_back_path[part].max() / grid.row_mm) + 6, grid.rows)
    if first < 0 or first >= grid.rows - 2:
        return None
    box = slice(first, last), part
    points = _points(anatomy, surfaces, view, grid, box)
    cover = np.clip((1 - points.s) / np.float32(2 * 0.0026) + 0.5, 0, 1) * surfaces.open[part]
    clear = scatter.decibel(points, anatomy.lens)
    shape = anatomy.lens
    deep = np.clip(points.z * np.float32(1 / shape.thickness_mm), 0, 1)
    bend = (1 - deep) * np.float32(0.5 / shape.front_radius_mm) - deep * np.float32(0.5 / shape.back_radius_mm)
    lamella = np.float32(3) * (points.z - bend * points.radius**2)
    clear += np.float32(texture.spread_db) * texture.field.at_stride(points.x, points.y, lamella, 4)
    excess, kind, significant = opacities.combine(points, anatomy.lens)
    significant &= excess >= SIGNIFICANT_DB
    return LensImage(
        box=box,
        cover=cover,
        clear_db=clear,
        excess_db=excess,
        kind=kind,
        significant=significant,
        zone=points.zones(anatomy.lens),
    )


def _points(anatomy: Anatomy, surfaces: Surfaces, view: View, grid: Grid, box: tuple[slice, slice]) -> LensPoints:
    """Lens coordinates of the pixels of a box."""
    rows, part = box
    path = grid.depth_mm[rows, None]
    inside = path - surfaces.lens_path[part]
    z = surfaces.lens_z[part] + np.where(
        inside < 0, inside * np.float32(1 / AQUEOUS_INDEX), inside * np.float32(1 / LENS_INDEX)
    )
    behind = z - surfaces.cornea_z[part]
    across = surfaces.lateral[part] * (
        1 - np.float32(CONVERGENCE_PER_MM) * behind - np.float32(0.004) * np.maximum(z - surfaces.lens_z[part], 0)
    )
    x, y = view.to_eye(across)
    return points_in_lens(anatomy.lens, anatomy.pose, x, y, z)


def paint_lens(signal: NDArray[np.float32], lens: LensImage, surfaces: Surfaces, grid: Grid) -> NDArray[np.float32]:
    """Add the scatter of the lens, with the shadow of what lies above, and the capsule lines, in place.

    Returns what the lens itself scatters, without the capsule lines: (rows, columns) of the box, float32.
    """
    f32 = np.float32
    level = lens.clear_db + lens.excess_db
    loss = shadow_db(lens, grid)
    power: NDArray[np.float32] = np.exp((level - loss) * f32(np.log(10) / 10)) * lens.cover
    signal[lens.box] += power
    part = lens.box[1]
    path = grid.depth_mm[lens.box[0], None]
    for front in (True, False):
        line = surfaces.lens_path[part] if front else surfaces.lens_back_path[part]
        sag = np.gradient(line) / f32(grid.column_mm)
        facing = np.exp(-((sag / f32(0.045)) ** 2))
        height = (2.15, 1.35)[0 if front else 1] + (0.9, 0.8)[0 if front else 1] * facing
        offset = (path - line) - f32(0.006 if front else -0.006)
        near = np.abs(offset) < 0.06
        thin = np.where(near, np.exp(-((offset / f32(0.013)) ** 2)), 0) * surfaces.open[part]
        fade = 1.0 if front else np.exp(-loss * f32(np.log(10) / 10))
        signal[lens.box] += thin * (10**height).astype(f32) * fade
    return power


def shadow_db(lens: LensImage, grid: Grid) -> NDArray[np.float32]:
    """Loss of light above every pixel of the box, there and back, beyond that of a clear lens.

    (rows, columns) float32 dB, by the law of Beer and Lambert.
    """
    step_mm = grid.row_mm / LENS_INDEX
    scattered = np.exp(np.maximum(lens.excess_db, 0) * np.float32(np.log(10) / 10))
    extinction = np.float32(0.02) * scattered - np.float32(0.02)
    extinction = np.minimum(extinction, 3) * lens.cover
    depth = np.cumsum(extinction, axis=0) - 0.5 * extinction
    loss = depth * np.float32(2 * step_mm * 10 / np.log(10))
    filled: NDArray[np.float32] = np.minimum(loss, 22)  # light scattered more than once fills the deepest shadows
    return filled
