"""Artificial lenses, in place of the natural one or in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from edge_runtime.measure.optics import AQUEOUS_INDEX
from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy

    from .beams import Grid, Surfaces, View
    from .tissue_map import TissueMap

ACRYLIC_INDEX, COLLAMER_INDEX = 1.49, 1.44


@dataclass(frozen=True, slots=True)
class Optic:
    """One artificial lens, drawn once for an eye.

    Attributes
    ----------
    place_mm
        Depth of its front pole behind the plane of the pupil; negative before it.
    thickness_mm, radius_mm
        Thickness on its axis, and half of its diameter.
    front_bend, back_bend
        Curvature of its faces, 1 / mm; 0 is flat.
    edge_mm
        Thickness of its edge at least.
    tilt, shift_mm
        Slope against the plane of the pupil, and distance from its centre.
    face_db, body_db
        Brightness of its faces, and of what lies between them.
    rings_mm
        Height of the steps on its front, of a multifocal lens.
    dots
        Glistenings inside.
    """

    place_mm: float
    thickness_mm: float
    radius_mm: float
    front_bend: float
    back_bend: float
    edge_mm: float
    tilt: float
    shift_mm: float
    face_db: float
    body_db: float
    rings_mm: float
    dots: int


def draw_optic(rng: np.random.Generator) -> Optic:
    """Draw a lens that replaces the natural one: biconvex, plano-convex or a plate, thin or thick, clear or milky."""
    shape = str(
        rng.choice(["biconvex", "plano-convex", "convex-plano", "plate", "thick"], p=(0.5, 0.15, 0.1, 0.1, 0.15))
    )
    bend = 1 / rng.uniform(8, 22, 2)
    front, back = {"plano-convex": (0.0, bend[1]), "convex-plano": (bend[0], 0.0), "plate": (0.012, 0.012)}.get(
        shape, (bend[0], bend[1])
    )
    before = rng.uniform() < 0.06  # in the anterior chamber
    return Optic(
        place_mm=float(-rng.uniform(0.9, 1.6) if before else rng.uniform(0.25, 1.3)),
        thickness_mm=float(rng.uniform(0.9, 1.4) if shape == "thick" else rng.uniform(0.4, 1.0)),
        radius_mm=float(rng.uniform(2.4, 3.4)),
        front_bend=float(front),
        back_bend=float(back),
        edge_mm=float(rng.choice([0.05, 0.15, 0.3])),
        tilt=float(rng.normal(0, 0.06)),
        shift_mm=float(rng.normal(0, 0.3)),
        face_db=float(rng.uniform(8, 21)),
        body_db=float(rng.uniform(-14, 3) if rng.uniform() < 0.85 else rng.uniform(3, 10)),
        rings_mm=float(rng.uniform(0.01, 0.04)) if rng.uniform() < 0.25 else 0.0,
        dots=int(rng.integers(0, 60)) if rng.uniform() < 0.7 else 0,
    )


def paint_intraocular_lens(
    signal: NDArray[np.float32],
    tissues: TissueMap,
    anatomy: Anatomy,
    surfaces: Surfaces,
    view: View,
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Paint one artificial lens, now and then two, and the capsule behind, clear or grown over."""
    optic = draw_optic(rng)
    turn = float(np.cos(np.deg2rad(view.meridian_deg) - rng.uniform(0, np.pi)))
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return
    part = slice(columns[0], columns[-1] + 1)
    back = _paint_optic(signal, tissues, optic, anatomy, surfaces, turn, part, grid, rng)
    if rng.uniform() < 0.04:  # a second one behind the first
        place = optic.place_mm + optic.thickness_mm + float(rng.uniform(0.05, 0.4))
        second = Optic(place, *(getattr(draw_optic(rng), name) for name in Optic.__slots__[1:]))
        back = _paint_optic(signal, tissues, second, anatomy, surfaces, turn, part, grid, rng)
    _paint_capsule(signal, back, surfaces, part, grid, rng)


def _paint_optic(
    signal: NDArray[np.float32],
    tissues: TissueMap,
    optic: Optic,
    anatomy: Anatomy,
    surfaces: Surfaces,
    turn: float,
    part: slice,
    grid: Grid,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Paint two bright thin faces, the body and its glistenings; returns the optical path of its back."""
    f32 = np.float32
    across = surfaces.lateral * f32(0.9) - f32(optic.shift_mm)
    sag = across**2
    pole = f32(anatomy.pose.pole_z_mm + optic.place_mm) + f32(optic.tilt * turn) * across
    cover = np.clip((f32(optic.radius_mm) - np.abs(across)) / f32(0.05), 0, 1) * surfaces.open
    steps = f32(optic.rings_mm) * np.mod(sag * f32(1.3), 1.0)
    front = surfaces.back_path + f32(AQUEOUS_INDEX) * (
        np.maximum(pole - surfaces.back_z, 0) + sag * f32(optic.front_bend / 2) + steps
    )
    whole = np.maximum(
        f32(optic.thickness_mm) - sag * f32((optic.front_bend + optic.back_bend) / 2), f32(optic.edge_mm)
    )
    back = front + f32(ACRYLIC_INDEX) * whole
    path = grid.depth_mm[:, None]
    glow = np.exp(-((across / f32(1.6)) ** 2))
    for curve, level in ((front, optic.face_db), (back, optic.face_db - 1.0)):
        gloss = (10 ** ((level - 7 * (1 - glow)) / 10) * cover)[part].astype(np.float32)
        signal[:, part] += np.exp(-(((path - curve[part]) / f32(0.016)) ** 2)) * gloss
    inside = (path > front[part]) & (path < back[part])
    signal[:, part] += inside * (10 ** (optic.body_db / 10) * cover[part]).astype(np.float32)
    for _ in range(optic.dots):
        column = int(rng.integers(part.start, part.stop))
        share = float(rng.uniform())
        row = int((front[column] * share + back[column] * (1 - share)) / grid.row_mm)
        if 1 < row < grid.rows - 2:
            signal[row - 1 : row + 2, column] += f32(10 ** rng.uniform(0.5, 1.8) * cover[column])
    shown = cover[part] > 0.5
    tissues.between(
        Tissue.ARTIFICIAL_LENS,
        part,
        np.where(shown, front[part], np.nan),
        np.where(shown, back[part], np.nan),
        grid,
    )
    tissues.fill_chamber(part, front[part], grid)
    return back.astype(np.float32)


def _paint_capsule(
    signal: NDArray[np.float32],
    back: NDArray[np.float32],
    surfaces: Surfaces,
    part: slice,
    grid: Grid,
    rng: np.random.Generator,
) -> None:
    """Paint the capsule behind an artificial lens: a film, fogged in some eyes, or pearls and a thick layer on it."""
    f32 = np.float32
    fogged = float(rng.uniform(4, 14)) if rng.uniform() < 0.4 else float(rng.uniform(-6, 2))
    gap = np.abs(f32(0.03) + f32(rng.uniform(0.02, 0.2)) * smooth_walk(rng, grid.columns, 60))
    capsule = back + f32(AQUEOUS_INDEX) * gap
    path = grid.depth_mm[:, None]
    film = surfaces.open * 10 ** ((fogged + 3 * smooth_walk(rng, grid.columns, 25)) / 10)
    thick = 0.025 + (0.25 * np.maximum(smooth_walk(rng, grid.columns, 18), 0) if rng.uniform() < 0.25 else 0.0)
    width = np.broadcast_to(np.asarray(thick, np.float32), (grid.columns,))[part]
    signal[:, part] += np.exp(-(((path - capsule[part]) / width) ** 2)) * film[part].astype(np.float32)
    deep = np.clip((path - capsule[part]) / 0.1, 0, 1) * 10 ** (float(rng.uniform(-8, -1)) / 10) * surfaces.open[part]
    signal[:, part] += deep.astype(np.float32)


def paint_phakic_implant(
    signal: NDArray[np.float32],
    tissues: TissueMap,
    surfaces: Surfaces,
    grid: Grid,
    vault_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Paint an implant in front of the natural lens: two convex bright lines, and a slight shadow behind them.

    Returns the share of light that is left behind it, (columns,) float32.
    """
    f32 = np.float32
    thickness, optic = float(rng.uniform(0.05, 0.25)), float(rng.uniform(2.4, 3.2))
    level, rise = float(rng.uniform(13, 21)), float(rng.uniform(0.006, 0.02))
    port = 0.18 if rng.uniform() < 0.5 else 0.0  # a hole in its middle
    loss_db = float(rng.uniform(0.2, 1.5))
    across = surfaces.lateral * f32(0.9)
    middle = int(np.argmin(np.abs(surfaces.lateral)))
    bend = f32(2 * rng.uniform(9, 12))
    back = f32(surfaces.lens_path[middle] - AQUEOUS_INDEX * vault_mm) + across**2 / bend
    back = np.minimum(back, surfaces.lens_path - f32(0.02))  # it may touch the lens, never enter it
    front = back - f32(COLLAMER_INDEX) * (f32(thickness) + across**2 * f32(rise))
    cover = np.clip((optic - np.abs(across)) / 0.05, 0, 1) * surfaces.open * (np.abs(across) > port)
    columns = np.flatnonzero(surfaces.open > 0)
    left = np.ones(grid.columns, np.float32)
    if not len(columns):
        return left
    part = slice(columns[0], columns[-1] + 1)
    path = grid.depth_mm[:, None]
    edge = np.exp(-(((np.abs(across) - optic) / 0.08) ** 2))
    left = np.exp(-f32(np.log(10) / 10) * (loss_db * cover + 2.5 * edge * surfaces.open)).astype(np.float32)
    signal[:, part] *= np.where(path > back[part], left[part], f32(1))
    glow = 10 ** ((level - 6 * (1 - np.exp(-((across / 1.8) ** 2)))) / 10) * cover
    for curve in (front, back):
        signal[:, part] += np.exp(-(((path - curve[part]) / f32(0.014)) ** 2)) * glow[part].astype(np.float32)
    shown = cover[part] > 0.5
    margin = f32(0.03)  # the lines themselves
    tissues.between(
        Tissue.PHAKIC_IMPLANT,
        part,
        np.where(shown, front[part] - margin, np.nan),
        np.where(shown, back[part] + margin, np.nan),
        grid,
    )
    return left
