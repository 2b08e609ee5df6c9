"""Artificial lenses in many shapes, and the after-cataract behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from edge_runtime.measure.optics import AQUEOUS_INDEX, CONVERGENCE_PER_MM
from train.phantom.field import smooth_walk

from .tissue_map import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy

    from .beams import Grid, Surfaces, View

ACRYLIC_INDEX = 1.49


@dataclass(frozen=True, slots=True)
class Optic:
    """One artificial lens; lengths in mm, curvatures in 1/mm, levels in dB over the noise.

    Attributes
    ----------
    place_mm
        How far its front pole lies behind that of the natural lens; negative in the anterior chamber.
    thickness_mm, edge_mm, radius_mm
        Thickness in the middle and at the edge, and half the diameter.
    front_curve, back_curve
        Curvatures of both faces, positive where they bulge outwards.
    square
        Whether its edge is cut off square; else it is round.
    shift_mm, tilt
        Decentration and tilt (rad) along x and y of the eye.
    rings, step_mm
        Number of steps on a multifocal front, and their height.
    face_db, body_db, glow_mm, dots
        Gloss of the faces, the body's scatter, how far the gloss reaches, and the number of glistenings.
    """

    place_mm: float
    thickness_mm: float
    edge_mm: float
    radius_mm: float
    front_curve: float
    back_curve: float
    square: bool
    shift_mm: tuple[float, float]
    tilt: tuple[float, float]
    rings: int
    step_mm: float
    face_db: float
    body_db: float
    glow_mm: float
    dots: int

    @property
    def in_chamber(self) -> bool:
        """Whether it lies in front of the iris."""
        return self.place_mm < 0


@dataclass(frozen=True, slots=True)
class AfterCataract:
    """What stands on the capsule: a film, and where it is dense, pearls or a ring of some depth.

    Attributes
    ----------
    gap_mm, film_db
        From lens to capsule, and brightness of the film.
    depth_mm, level_db, pearls
        Depth of dense matter (0: none), its brightness, and the number of pearls.
    from_mm
        Radius from which on there is dense matter: 0 everywhere, else a ring as Soemmering's.
    """

    gap_mm: float
    film_db: float
    depth_mm: float
    level_db: float
    pearls: int
    from_mm: float


def draw_optics(rng: np.random.Generator) -> tuple[Optic, ...]:
    """The artificial lens of an eye, or both of a piggyback."""
    main = _draw_optic(rng)
    if main.in_chamber or rng.uniform() >= 0.05:
        return (main,)
    front = _draw_optic(rng)
    thin = float(rng.uniform(0.35, 0.6))
    place = main.place_mm - thin - float(rng.uniform(0.05, 0.4))
    sag = 0.5 * (thin - 0.2) / front.radius_mm**2
    return replace(
        front, place_mm=max(place, 0.02), thickness_mm=thin, edge_mm=0.2, front_curve=sag, back_curve=sag, rings=0
    ), replace(main, place_mm=max(main.place_mm, max(place, 0.02) + thin + 0.05))


def _draw_optic(rng: np.random.Generator) -> Optic:
    """One artificial lens: biconvex, flat on one side, a meniscus or a plate."""
    shape = str(rng.choice(["biconvex", "plano", "meniscus", "plate"], p=[0.5, 0.25, 0.1, 0.15]))
    chamber = bool(rng.uniform() < 0.12)
    thickness, radius = float(rng.uniform(0.4, 1.3)), float(rng.uniform(2.5, 3.5))
    edge = float(rng.uniform(0.15, 0.35))
    if shape == "plate" or chamber:
        thickness = float(rng.uniform(0.4, 0.8))
    if shape == "plate":
        edge = thickness - float(rng.uniform(0.0, 0.08))
    share = {"biconvex": float(rng.uniform(0.25, 0.75)), "plano": float(rng.integers(0, 2)), "meniscus": 1.35}.get(
        shape, 0.5
    )
    bend = 2 * max(thickness - edge, 0.0) / radius**2
    far, skew = bool(rng.uniform() < 0.12), bool(rng.uniform() < 0.12)
    angles = rng.uniform(0, 2 * np.pi, 2)
    shift = float(rng.uniform(0.6, 1.6)) if far else abs(float(rng.normal(0, 0.2)))
    tilt = float(rng.uniform(0.10, 0.22)) if skew else abs(float(rng.normal(0, 0.04)))
    milky = rng.uniform() < 0.12
    return Optic(
        place_mm=-float(rng.uniform(0.9, 1.5)) if chamber else float(rng.uniform(0.25, 1.3)),
        thickness_mm=thickness,
        edge_mm=edge,
        radius_mm=radius,
        front_curve=bend * share,
        back_curve=bend * (1 - share),
        square=bool(rng.uniform() < 0.55),
        shift_mm=(shift * float(np.cos(angles[0])), shift * float(np.sin(angles[0]))),
        tilt=(tilt * float(np.cos(angles[1])), tilt * float(np.sin(angles[1]))),
        rings=int(rng.integers(3, 13)) if rng.uniform() < 0.25 else 0,
        step_mm=float(rng.uniform(0.008, 0.03)),
        face_db=float(rng.uniform(12, 22)),
        body_db=float(rng.uniform(4, 14)) if milky else float(rng.uniform(-14, 3)),
        glow_mm=float(rng.uniform(1.0, 3.0)),
        dots=int(rng.integers(0, 80)) if rng.uniform() < 0.6 else 0,
    )


def draw_after_cataract(rng: np.random.Generator) -> AfterCataract:
    """The capsule of an eye with an artificial lens: clean, fogged, or with dense matter."""
    kind = str(rng.choice(["clean", "film", "dense", "ring"], p=[0.45, 0.29, 0.14, 0.12]))
    return AfterCataract(
        gap_mm=float(rng.uniform(0.02, 0.12)) if rng.uniform() < 0.75 else float(rng.uniform(0.12, 0.5)),
        film_db=float(rng.uniform(-6, 2)) if kind == "clean" else float(rng.uniform(4, 14)),
        depth_mm=float(rng.uniform(0.1, 0.6)) if kind in ("dense", "ring") else 0.0,
        level_db=float(rng.uniform(9, 19)),
        pearls=int(rng.integers(3, 26)) if kind == "dense" else 0,
        from_mm=float(rng.uniform(1.2, 2.6)) if kind == "ring" else 0.0,
    )


def paint_intraocular_lens(
    signal: NDArray[np.float32], anatomy: Anatomy, surfaces: Surfaces, view: View, grid: Grid, rng: np.random.Generator
) -> tuple[tuple[Body, ...], NDArray[np.float32]]:
    """Paint one or two lenses and the capsule behind, in place.

    Returns the bodies for the map of tissues, and where the vitreous begins: (columns,) float32, optical path.
    """
    optics, after = draw_optics(rng), draw_after_cataract(rng)
    bodies = [_paint_optic(signal, optic, anatomy, surfaces, view, grid, rng) for optic in optics]
    rear, last = bodies[-1], optics[-1]
    behind = np.where(rear.where, rear.back, surfaces.lens_path + np.float32(AQUEOUS_INDEX * 0.4))
    if last.in_chamber:
        behind = surfaces.lens_path + np.float32(AQUEOUS_INDEX * 0.3)
    wave = np.abs(np.float32(after.gap_mm) + 0.03 * smooth_walk(rng, grid.columns, 60))
    capsule = np.maximum(behind, surfaces.lens_path) + np.float32(AQUEOUS_INDEX) * wave
    thick = _paint_capsule(signal, after, capsule.astype(np.float32), surfaces, grid, rng)
    if after.depth_mm:
        dense = (thick > 0.05) & (surfaces.open > 0.5)
        bodies.append(Body(Tissue.ARTIFICIAL_LENS, capsule, capsule + thick, dense))
    return tuple(bodies), (capsule + thick).astype(np.float32)


def _paint_optic(
    signal: NDArray[np.float32],
    optic: Optic,
    anatomy: Anatomy,
    surfaces: Surfaces,
    view: View,
    grid: Grid,
    rng: np.random.Generator,
) -> Body:
    """Paint one lens: two faces, body, edge and glistenings."""
    f32 = np.float32
    pole_z = anatomy.pose.pole_z_mm + optic.place_mm
    x, y = view.to_eye(surfaces.lateral * (1 - f32(CONVERGENCE_PER_MM) * (f32(pole_z) - surfaces.cornea_z)))
    x, y = x - f32(anatomy.iris.pupil_x_mm + optic.shift_mm[0]), y - f32(anatomy.iris.pupil_y_mm + optic.shift_mm[1])
    radius = np.hypot(x, y)
    plane = f32(pole_z) + f32(optic.tilt[0]) * x + f32(optic.tilt[1]) * y
    squared = np.minimum(radius, f32(optic.radius_mm)) ** 2
    sag = f32(0.5 * optic.front_curve) * squared
    if optic.rings:
        # Zones of equal area, as those of a diffractive lens.
        sag = sag + f32(optic.step_mm) * ((squared * f32(optic.rings / optic.radius_mm**2)) % 1)
    whole = f32(optic.thickness_mm) - f32(0.5 * (optic.front_curve + optic.back_curve)) * squared
    if not optic.square:
        round_ = np.sqrt(np.clip((f32(optic.radius_mm) - radius) / f32(0.3), 0.05, 1))
        sag, whole = sag + 0.5 * whole * (1 - round_), whole * round_
    free = np.maximum(plane - surfaces.back_z, 0.15)
    front = (surfaces.back_path + f32(AQUEOUS_INDEX) * (free + sag)).astype(np.float32)
    back = (front + f32(ACRYLIC_INDEX) * np.maximum(whole, 0.04)).astype(np.float32)
    seen = np.clip((f32(optic.radius_mm) - radius) / f32(0.05), 0, 1)
    if not optic.in_chamber:
        seen = seen * surfaces.open
    body = Body(Tissue.ARTIFICIAL_LENS, front, back, seen > 0.5)
    columns = np.flatnonzero(seen > 0)
    if not len(columns):
        return body
    part = slice(columns[0], columns[-1] + 1)
    first = max(int(front[part].min() / grid.row_mm) - 8, 0)
    last = min(int(back[part].max() / grid.row_mm) + 8, grid.rows)
    path = grid.depth_mm[first:last, None]
    glow = np.exp(-((radius / f32(optic.glow_mm)) ** 2))
    power = (path > front[part]) & (path < back[part])
    body_power = np.full(grid.columns, 10 ** (optic.body_db / 10), np.float32)
    if optic.square:
        body_power += 10 ** ((optic.face_db - 8) / 10) * np.exp(-(((radius - optic.radius_mm + 0.05) / 0.04) ** 2))
    light = power * (body_power * seen)[part]
    for curve, level in ((front, optic.face_db), (back, optic.face_db - 1.0)):
        gloss = 10 ** ((level - 7 * (1 - glow)) / 10) * seen
        light += np.exp(-(((path - curve[part]) / f32(0.016)) ** 2)) * gloss[part].astype(np.float32)
    signal[first:last, part] += light.astype(np.float32)
    for _ in range(optic.dots):
        column, share = int(rng.integers(part.start, part.stop)), float(rng.uniform())
        row = int((front[column] * share + back[column] * (1 - share)) / grid.row_mm)
        if 1 < row < grid.rows - 2:
            signal[row - 1 : row + 2, column] += f32(10 ** rng.uniform(0.5, 1.8) * seen[column])
    return body


def _paint_capsule(
    signal: NDArray[np.float32],
    after: AfterCataract,
    capsule: NDArray[np.float32],
    surfaces: Surfaces,
    grid: Grid,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Paint the capsule, its film and dense matter; returns the optical depth of the latter, (columns,) float32."""
    f32 = np.float32
    thick = np.zeros(grid.columns, np.float32)
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return thick
    part = slice(columns[0], columns[-1] + 1)
    film = surfaces.open * 10 ** ((after.film_db + 3 * smooth_walk(rng, grid.columns, 25)) / 10)
    if after.depth_mm:
        uneven = np.clip(1 + 0.45 * smooth_walk(rng, grid.columns, 14), 0.1, 2)
        ring = np.clip((np.abs(surfaces.lateral) - f32(after.from_mm)) / f32(0.3), 0, 1) if after.from_mm else 1.0
        thick = (f32(1.38 * after.depth_mm) * uneven * ring).astype(np.float32)
    first = max(int(capsule[part].min() / grid.row_mm) - 12, 0)
    last = min(int((capsule[part] + thick[part]).max() / grid.row_mm) + 14, grid.rows)
    path = grid.depth_mm[first:last, None]
    light = np.exp(-(((path - capsule[part]) / f32(0.025)) ** 2)) * film[part].astype(np.float32)
    if after.depth_mm:
        inside = np.clip((path - capsule[part]) / 0.02, 0, 1) * np.clip(
            (capsule[part] + thick[part] - path) / 0.05, 0, 1
        )
        grain = after.level_db + 2.5 * smooth_walk(rng, grid.columns, 5) - 8 * np.clip(0.1 - thick, 0, 0.1) * 10
        fall = np.exp(-np.maximum(path - capsule[part], 0) / f32(0.5))
        light += inside * fall * (surfaces.open * 10 ** (grain / 10))[part]
        for _ in range(after.pearls):
            middle, size = float(rng.uniform(-2.5, 2.5)), float(rng.uniform(0.05, 0.25))
            column = int(np.abs(surfaces.lateral - middle).argmin())
            deep = capsule[column] + f32(1.38 * size)
            away = np.hypot(surfaces.lateral[part] - f32(middle), (path - deep) / f32(1.38)) / f32(size)
            rim = np.exp(-(((away - 0.9) / 0.2) ** 2)) + f32(0.2) * (away < 0.9)
            light += rim * (surfaces.open[part] * f32(10 ** ((after.level_db + rng.uniform(-4, 2)) / 10)))
    signal[first:last, part] += light.astype(np.float32)
    return thick
