"""Implanted lenses, behind the pupil or in front of the natural lens: the analyzer must refuse these scans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.optics import AQUEOUS_INDEX
from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy

    from .beams import Grid, Surfaces, View

ACRYLIC_INDEX = 1.49


def paint_intraocular_lens(
    signal: NDArray[np.float32], anatomy: Anatomy, surfaces: Surfaces, view: View, grid: Grid, rng: np.random.Generator
) -> None:
    """Paint an acrylic lens: two bright thin faces, a dark body with some glistenings, and the capsule behind it."""
    f32 = np.float32
    thickness, optic = float(rng.uniform(0.55, 1.0)), float(rng.uniform(2.85, 3.05))
    place = float(rng.uniform(0.35, 1.1))  # behind the pupil
    front_radius, back_radius = float(rng.uniform(9, 20)), float(rng.uniform(9, 20))
    tilt, shift = float(rng.normal(0, 0.05)), float(rng.normal(0, 0.2))
    face_db, body_db, dots = float(rng.uniform(14, 21)), float(rng.uniform(-14, 3)), int(rng.integers(0, 60))
    fogged = float(rng.uniform(4, 14)) if rng.uniform() < 0.4 else float(rng.uniform(-6, 2))
    turn = np.cos(np.deg2rad(view.meridian_deg) - rng.uniform(0, np.pi))
    across = surfaces.lateral * 0.9 - f32(shift)
    sag = across**2
    pole = f32(anatomy.pose.pole_z_mm + place) + f32(tilt * turn) * across
    edge = np.clip((optic - np.abs(across)) / 0.05, 0, 1) * surfaces.open
    front = surfaces.back_path + f32(AQUEOUS_INDEX) * (
        np.maximum(pole - surfaces.back_z, 0) + sag / (2 * f32(front_radius))
    )
    whole = np.maximum(f32(thickness) - sag / f32(2 * front_radius) - sag / f32(2 * back_radius), 0.15)
    back = front + f32(ACRYLIC_INDEX) * whole
    capsule = back + f32(AQUEOUS_INDEX) * np.abs(f32(0.03) + 0.05 * smooth_walk(rng, grid.columns, 60))
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return
    part = slice(columns[0], columns[-1] + 1)
    path = grid.depth_mm[:, None]
    glow = np.exp(-((across / 1.6) ** 2))
    for curve, level in ((front, face_db), (back, face_db - 1.0)):
        gloss = 10 ** ((level - 7 * (1 - glow)) / 10) * edge
        signal[:, part] += np.exp(-(((path - curve[part]) / f32(0.016)) ** 2)) * gloss[part].astype(np.float32)
    film = surfaces.open * 10 ** ((fogged + 3 * smooth_walk(rng, grid.columns, 25)) / 10)
    signal[:, part] += np.exp(-(((path - capsule[part]) / f32(0.025)) ** 2)) * film[part].astype(np.float32)
    inside = (path > front[part]) & (path < back[part])
    signal[:, part] += inside * (10 ** (body_db / 10) * edge[part]).astype(np.float32)
    for _ in range(dots):
        column = int(rng.integers(part.start, part.stop))
        share = float(rng.uniform())
        row = int((front[column] * share + back[column] * (1 - share)) / grid.row_mm)
        if 1 < row < grid.rows - 2:
            signal[row - 1 : row + 2, column] += f32(10 ** rng.uniform(0.5, 1.8) * edge[column])
    deep = np.clip((path - capsule[part]) / 0.1, 0, 1) * 10 ** (float(rng.uniform(-8, -1)) / 10) * surfaces.open[part]
    signal[:, part] += deep.astype(np.float32)


def paint_phakic_implant(signal: NDArray[np.float32], surfaces: Surfaces, grid: Grid, rng: np.random.Generator) -> None:
    """Paint a phakic implant: two convex bright lines in front of the lens that is still there."""
    f32 = np.float32
    vault, thickness, optic = float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.10, 0.20)), float(rng.uniform(2.5, 3.2))
    level = float(rng.uniform(15, 21))
    across = surfaces.lateral * f32(0.9)
    middle = int(np.argmin(np.abs(surfaces.lateral)))
    back = f32(surfaces.lens_path[middle] - AQUEOUS_INDEX * vault) + across**2 / f32(2 * rng.uniform(9, 12))
    front = back - f32(1.44) * (f32(thickness) + across**2 * f32(0.012))
    cover = np.clip((optic - np.abs(across)) / 0.05, 0, 1) * surfaces.open
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return
    part = slice(columns[0], columns[-1] + 1)
    path = grid.depth_mm[:, None]
    glow = 10 ** ((level - 6 * (1 - np.exp(-((across / 1.8) ** 2)))) / 10) * cover
    for curve in (front, back):
        signal[:, part] += np.exp(-(((path - curve[part]) / f32(0.014)) ** 2)) * glow[part].astype(np.float32)
