"""The map of tissues: what every pixel of a scan shows.

It is drawn from the surfaces that the painters used, between rows and not by light: a few pixels are its precision.
The natural lens alone is exact, since it is taken from the map of the lens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from train.phantom.eye.anatomy import LIMBUS_MM
from train.phantom.eye.corneal_condition import CornealCondition

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from train.phantom.patient import Eye

    from .artefacts import Artefacts
    from .beams import Grid, Surfaces
    from .warp import Warp

    Line = NDArray[np.float32]
    Fill = Callable[[Tissue, Line, Line, NDArray[np.bool_]], None]
    FillAll = Callable[[Tissue, Line, NDArray[np.bool_]], None]

_STRIDE = 2  # rows of the grid between computed ones
_WALL_MM = 3.0  # optical path after which the sclera is dark
_PIGMENT_MM = 0.05  # of optical path, behind the iris
_LID_MM = 3.5  # optical path after which a lid is dark
_DARK = 10**-1.2  # share of light below which a lash counts as total shadow


@dataclass(frozen=True, slots=True)
class Body:
    """Something between two surfaces.

    Attributes
    ----------
    tissue
        What it is.
    front, back
        (columns,) float32, optical path from the frame's top.
    where
        (columns,) bool, where it is seen.
    """

    tissue: Tissue
    front: NDArray[np.float32]
    back: NDArray[np.float32]
    where: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layers:
    """What the painters say about the places of tissues, beyond the surfaces.

    Attributes
    ----------
    iris
        The iris.
    vitreous
        (columns,) float32: optical path from which on there is vitreous in the pupil.
    chamber_mm
        Depth of the chamber angle in mm from the apex.
    ciliary
        (rows, columns) bool where the ciliary body shows, or None.
    bodies
        Lenses and implants that a surgeon put there.
    """

    iris: Body
    vitreous: NDArray[np.float32]
    chamber_mm: float
    ciliary: NDArray[np.bool_] | None = None
    bodies: tuple[Body, ...] = field(default=())


def map_tissues(eye: Eye, surfaces: Surfaces, layers: Layers, artefacts: Artefacts, grid: Grid) -> NDArray[np.uint8]:
    """The tissues on the grid of the device but for the natural lens, motion included: (rows, columns) uint8."""
    rows = np.arange(0, grid.rows, _STRIDE, dtype=np.int16)[:, None]
    found = np.zeros((len(rows), grid.columns), np.uint8)

    def row(path: NDArray[np.float32]) -> NDArray[np.int16]:
        rows_of: NDArray[np.int16] = np.clip(path * np.float32(1 / grid.row_mm), -1, grid.rows).astype(np.int16)
        return rows_of

    def fill(tissue: Tissue, top: NDArray[np.float32], bottom: NDArray[np.float32], where: NDArray[np.bool_]) -> None:
        columns = np.flatnonzero(where)
        if not len(columns):
            return
        part = slice(columns[0], columns[-1] + 1)
        upper, lower = row(top[part]), np.where(where[part], row(bottom[part]), np.int16(-2))
        first, last = max(int(upper.min()) // _STRIDE, 0), int(lower.max()) // _STRIDE + 1
        here = rows[first:last]
        np.copyto(found[first:last, part], np.uint8(tissue), where=(here >= upper) & (here < lower))

    def fill_all(tissue: Tissue, top: NDArray[np.float32], where: NDArray[np.bool_]) -> None:
        fill(tissue, top, np.full_like(top, np.inf), where)

    _fill_front(surfaces, layers, fill, fill_all)
    if layers.ciliary is not None:
        found[layers.ciliary[::_STRIDE]] = Tissue.IRIS_SCLERA
    pupil = surfaces.open >= 0.5
    fill(Tissue.AQUEOUS, surfaces.back_path, layers.vitreous, pupil)
    fill_all(Tissue.VITREOUS, np.maximum(layers.vitreous, surfaces.back_path), pupil)
    for body in layers.bodies:
        fill(body.tissue, body.front, body.back, body.where)
    state = eye.cornea_state
    if state is not None and state.condition is CornealCondition.CONTACT_LENS:
        top = surfaces.cornea_path - np.float32(1.42 * state.last + 0.018)
        fill(Tissue.CORNEA, top, surfaces.cornea_path, np.abs(surfaces.lateral) < state.radius_mm)
    _darken(found, surfaces, artefacts, grid)
    whole = np.repeat(found, _STRIDE, axis=0)[: grid.rows]
    if artefacts.motion.blank:
        block = artefacts.motion.block(grid)
        whole[:, block] = np.where(whole[:, block] == Tissue.NOTHING, np.uint8(0), np.uint8(Tissue.SHADOW))
        return whole
    return artefacts.motion.move(whole, grid)


def _fill_front(surfaces: Surfaces, layers: Layers, fill: Fill, fill_all: FillAll) -> None:
    """Cornea, wall, iris and what they shade."""
    iris = layers.iris
    pupil = surfaces.open >= 0.5
    white = np.abs(surfaces.lateral) > np.float32(LIMBUS_MM + 0.05)
    chamber = surfaces.back_z < np.float32(layers.chamber_mm - 0.02)
    fill_all(Tissue.SHADOW, surfaces.cornea_path, ~pupil)
    deep = surfaces.cornea_path + np.float32(_WALL_MM)
    fill(Tissue.IRIS_SCLERA, surfaces.cornea_path, np.where(chamber, surfaces.back_path, deep), white)
    fill(Tissue.IRIS_SCLERA, surfaces.back_path, deep, ~white & ~chamber & ~pupil)
    fill(Tissue.CORNEA, surfaces.cornea_path, surfaces.back_path, ~white)
    front = np.maximum(iris.front, surfaces.back_path)
    fill(Tissue.AQUEOUS, surfaces.back_path, front, chamber & iris.where)
    fill(Tissue.IRIS_SCLERA, front, iris.back + np.float32(_PIGMENT_MM), iris.where & chamber)


def _darken(found: NDArray[np.uint8], surfaces: Surfaces, artefacts: Artefacts, grid: Grid) -> None:
    """Lashes, and a lid with its shadow, in place."""
    what, left = artefacts.disturbances, artefacts.left
    if what.lashes:
        dark = np.flatnonzero(left[0] < _DARK)
        under = found[:, dark]
        found[:, dark] = np.where(under == Tissue.NOTHING, under, np.uint8(Tissue.SHADOW))
    if what.lid_mm:
        inside = what.lid_side * grid.lateral_mm - np.float32(8.25 - what.lid_mm)
        columns = np.flatnonzero(inside > -0.6)
        if not len(columns):
            return
        part = slice(columns[0], columns[-1] + 1)
        height = surfaces.cornea_path[part] - np.float32(0.8) - 0.5 * np.maximum(inside[part], 0)
        deep = grid.depth_mm[::_STRIDE, None] - height
        lid = np.where(deep < _LID_MM, np.uint8(Tissue.LID_LASHES), np.uint8(Tissue.SHADOW))
        lid[deep < 0] = Tissue.NOTHING
        np.copyto(found[:, part], lid, where=left[::_STRIDE, part] < 0.5)


def show_tissues(tissues: NDArray[np.uint8], lens: NDArray[np.bool_] | None, warp: Warp) -> NDArray[np.uint8]:
    """The map in the geometry of the picture; `lens` is bool of its size, where the natural lens is seen."""
    shown = warp.picture(tissues, nearest=True).copy()
    if warp.outside is not None:
        shown[warp.outside] = Tissue.NOTHING
    if lens is not None:
        shown[lens] = Tissue.NATURAL_LENS
    return shown
