"""A phakic implant: a thin lens before the natural one, which shines through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from edge_runtime.measure.optics import AQUEOUS_INDEX, CONVERGENCE_PER_MM

from .tissue_map import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy

    from .beams import Grid, Surfaces, View

IMPLANT_INDEX = 1.44
PORT_RADIUS_MM = 0.18
USUAL_VAULT_MM = (0.25, 1.0)  # what clinicians regard as safe
VAULT_MM = (0.05, 1.2)
_LEAST_ROOM_MM = 0.4  # between the cornea and the front of the implant


@dataclass(frozen=True, slots=True)
class PhakicImplant:
    """The implant of one eye; lengths in mm.

    Attributes
    ----------
    vault_mm
        From its back to the natural lens, on the axis of the lens.
    thickness_mm, edge_mm, radius_mm
        Thickness in the middle and at the edge of the optic, and half its diameter.
    back_radius_mm
        Radius of curvature of the hollow back.
    port
        Whether there is a hole of 0.36 mm in the middle.
    shift_mm, tilt
        Decentration along x and y of the eye, and tilt (rad) against the lens.
    face_db, body_db
        Gloss of the faces, and the body's scatter.
    loss_db, edge_loss_db
        Light that is lost behind the optic, and more of it behind its edge.
    """

    vault_mm: float
    thickness_mm: float
    edge_mm: float
    radius_mm: float
    back_radius_mm: float
    port: bool
    shift_mm: tuple[float, float]
    tilt: tuple[float, float]
    face_db: float
    body_db: float
    loss_db: float
    edge_loss_db: float


def draw_phakic_implant(rng: np.random.Generator, anatomy: Anatomy) -> PhakicImplant:
    """The implant of an eye; three in four vaults are usual ones."""
    low, high = USUAL_VAULT_MM if rng.uniform() < 0.75 else VAULT_MM
    vault, thickness = float(rng.uniform(low, high)), float(rng.uniform(0.08, 0.30))
    room = anatomy.pose.pole_z_mm - anatomy.cornea.thickness_mm - thickness - _LEAST_ROOM_MM
    shift, tilt = rng.normal(0, 0.12, 2), rng.normal(0, 0.015, 2)
    return PhakicImplant(
        vault_mm=float(np.clip(vault, VAULT_MM[0], max(room, VAULT_MM[0]))),
        thickness_mm=thickness,
        edge_mm=float(rng.uniform(0.08, 0.45)),
        radius_mm=float(rng.uniform(2.3, 3.2)),
        back_radius_mm=float(rng.uniform(8.5, 14.0)),
        port=bool(rng.uniform() < 0.6),
        shift_mm=(float(shift[0]), float(shift[1])),
        tilt=(float(tilt[0]), float(tilt[1])),
        face_db=float(rng.uniform(13, 21)),
        body_db=float(rng.uniform(-12, 0)),
        loss_db=float(rng.uniform(0.2, 0.9)),
        edge_loss_db=float(rng.uniform(0.4, 1.1)),
    )


def paint_phakic_implant(
    signal: NDArray[np.float32],
    implant: PhakicImplant,
    anatomy: Anatomy,
    surfaces: Surfaces,
    view: View,
    grid: Grid,
) -> tuple[Body, NDArray[np.float32]]:
    """Paint both faces and the slight shadow on what lies behind, in place.

    Returns the body for the map of tissues, and the share of light that is left behind it, (columns,) float32.
    """
    f32 = np.float32
    lens_z = anatomy.pose.pole_z_mm
    across = surfaces.lateral * (1 - f32(CONVERGENCE_PER_MM) * (f32(lens_z - implant.vault_mm) - surfaces.cornea_z))
    x, y = view.to_eye(across)
    on_lens = x - f32(anatomy.pose.pole_x_mm), y - f32(anatomy.pose.pole_y_mm)
    # Its own middle is that of the pupil; the vault is measured on the axis of the lens.
    x = x - f32(anatomy.iris.pupil_x_mm + implant.shift_mm[0])
    y = y - f32(anatomy.iris.pupil_y_mm + implant.shift_mm[1])
    squared = x * x + y * y
    radius = np.sqrt(squared)
    # It rests in the sulcus, which is tilted as the lens is.
    hollow = (on_lens[0] ** 2 + on_lens[1] ** 2) / f32(2 * implant.back_radius_mm)
    lean_x, lean_y = implant.tilt[0] - anatomy.pose.tilt_x_rad, implant.tilt[1] - anatomy.pose.tilt_y_rad
    back_z = f32(lens_z - implant.vault_mm) + hollow + f32(lean_x) * on_lens[0] + f32(lean_y) * on_lens[1]
    back_z = np.minimum(back_z, surfaces.lens_z - f32(0.03))
    share = np.minimum(squared / f32(implant.radius_mm**2), 1)
    whole = f32(implant.thickness_mm) + f32(implant.edge_mm - implant.thickness_mm) * share
    back = (surfaces.back_path + f32(AQUEOUS_INDEX) * np.maximum(back_z - surfaces.back_z, 0.1)).astype(np.float32)
    front = (back - f32(IMPLANT_INDEX) * whole).astype(np.float32)
    seen = np.clip((f32(implant.radius_mm) - radius) / f32(0.05), 0, 1) * surfaces.open
    if implant.port:
        seen = seen * np.clip((radius - f32(PORT_RADIUS_MM)) / f32(0.02) + f32(0.5), 0, 1)
    body = Body(Tissue.PHAKIC_IMPLANT, front, back, seen > 0.5)
    rim = np.exp(-(((radius - f32(implant.radius_mm - 0.08)) / f32(0.12)) ** 2))
    loss = (f32(implant.loss_db) + f32(implant.edge_loss_db) * rim) * seen
    left = np.exp(-loss * f32(np.log(10) / 10)).astype(np.float32)
    columns = np.flatnonzero(seen > 0)
    if len(columns):
        part = slice(columns[0], columns[-1] + 1)
        first = max(int(front[part].min() / grid.row_mm) - 8, 0)
        last = min(int(back[part].max() / grid.row_mm) + 8, grid.rows)
        path = grid.depth_mm[first:last, None]
        signal[first:last, part] *= np.where(path > front[part], left[part], 1)
        signal[last:, part] *= left[part]
        glow = 10 ** ((f32(implant.face_db) - 6 * (1 - np.exp(-squared / f32(3.2)))) / 10) * seen
        light = ((path > front[part]) & (path < back[part])) * (f32(10 ** (implant.body_db / 10)) * seen[part])
        for curve in (front, back):
            light += np.exp(-(((path - curve[part]) / f32(0.014)) ** 2)) * glow[part].astype(np.float32)
        signal[first:last, part] += light.astype(np.float32)
    return body, left
