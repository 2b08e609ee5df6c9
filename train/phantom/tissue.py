"""The tissues around the lens: cornea, sclera, iris and what shows behind it, painted on the device's grid.

A tissue is painted in its bounding box only. Signals are linear powers in units of the mean noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .anatomy import LIMBUS_MM
from .beams import AQUEOUS_INDEX, CORNEA_INDEX
from .field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .anatomy import Anatomy
    from .beams import Grid, Surfaces

CORNEA_DB = 15.2  # central stroma over the noise, measured on public scans (docs/phantom.md)


@dataclass(frozen=True, slots=True)
class Tissue:
    """Looks of the tissues around the lens; levels in dB over the noise.

    Attributes
    ----------
    cornea_db, epithelium_db, sclera_db, iris_db, vitreous_db, flare_db
        Brightness.
    sclera_fall_db, iris_fall_db
        Loss per mm of optical path in sclera, and in the haze below the iris.
    ciliary
        Whether structures show faintly behind the iris.
    """

    cornea_db: float
    epithelium_db: float
    sclera_db: float
    iris_db: float
    vitreous_db: float
    flare_db: float
    sclera_fall_db: float
    iris_fall_db: float
    ciliary: bool


def draw_tissue(rng: np.random.Generator, reflectivity_db: float = 0.0) -> Tissue:
    """Looks of one eye."""
    return Tissue(
        float(CORNEA_DB + 0.5 * rng.standard_normal()),
        float(rng.normal(-2.5, 0.6)),
        float(rng.normal(24.7, 1.0)),
        float(27.7 + reflectivity_db + 0.5 * rng.standard_normal()),
        float(np.clip(rng.normal(-1.5, 1.5), -10, 1)) if rng.uniform() < 0.65 else float(rng.uniform(-12, -5)),
        float(rng.uniform(-6, 1)) if rng.uniform() < 0.03 else -18.0,
        float(rng.uniform(6.5, 10.0)),
        float(rng.uniform(11.0, 17.0)),
        bool(rng.uniform() < 0.3),
    )


def paint_wall(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    tissue: Tissue,
    anatomy: Anatomy,
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Cornea, limbus and sclera; the chamber ends at its recess."""
    f32 = np.float32
    recess_z = recess_depth(anatomy)
    first = max(int(surfaces.cornea_path.min() / grid.row_mm) - 3, 0)
    path = grid.depth_mm[first:, None]
    distance = np.abs(surfaces.lateral)
    white = 1 / (1 + np.exp(-(distance - f32(LIMBUS_MM + 0.05)) / f32(0.24)))
    # Cornea: only its own band of rows.
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
    # Sclera: from the surface down, with streaks of vessels above.
    sides = np.flatnonzero(distance > LIMBUS_MM - 1.1)
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
    depth: NDArray[np.float32], whole: NDArray[np.float32], tissue: Tissue, facing: NDArray[np.float32]
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
    return front.astype(np.float32)[index] + (0.3 + 0.7 * facing) * back.astype(np.float32)[back_index]


def paint_iris(
    signal: NDArray[np.float32],
    surfaces: Surfaces,
    anatomy: Anatomy,
    tissue: Tissue,
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Iris, its pigment layer and the shadow below, on both sides of the pupil."""
    f32 = np.float32
    iris = anatomy.iris
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
        margin_z = float(surfaces.lens_z[margin]) - 0.02
        root_z = front_z + 0.20
        back = margin_z + (root_z - margin_z) * u - 4 * f32(iris.bow_mm) * u * (1 - u) * (u < 1)
        shape = 0.24 + 0.22 * np.exp(-(((u - 0.18) / 0.16) ** 2)) - 0.06 * u
        bumps = 0.035 * smooth_walk(rng, len(beyond), 0.16 / grid.column_mm) + 0.05 * smooth_walk(
            rng, len(beyond), 0.5 / grid.column_mm
        )
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
        pigment = (
            f32(tissue.iris_db + 1.5)
            - 3.0 * np.abs(depth - (bottom - top))
            - 90 * (np.maximum(np.abs(under) - 0.03, 0))
        )
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


def recess_depth(anatomy: Anatomy) -> float:
    """Depth of the chamber angle in mm from the apex: the iris' front at its root."""
    return anatomy.pose.pole_z_mm + anatomy.iris.root_depth_mm + 0.05


def paint_ciliary(signal: NDArray[np.float32], surfaces: Surfaces, grid: Grid, rng: np.random.Generator) -> None:
    """Ciliary processes and the far wall, as they show faintly through a thin iris on one or both sides."""
    f32 = np.float32
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


def _path_below(surfaces: Surfaces, part: slice, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Optical path of points behind the cornea and outside the lens."""
    inside = np.maximum(z - surfaces.back_z[part], -0.4)
    return (surfaces.back_path[part] + np.float32(AQUEOUS_INDEX) * inside).astype(np.float32)
