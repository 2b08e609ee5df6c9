"""From the device's grid to the geometry of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from edge_runtime.measure.optics import CONVERGENCE_PER_MM

from .plan import Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces
    from .display import Display

FRAME_WIDTH_MM, FRAME_HEIGHT_MM = 16.5, 14.0
_MAP_STRIDE = 4
Shown = TypeVar("Shown", np.float32, np.uint8)


@dataclass(frozen=True, slots=True)
class Warp:
    """Places on the device's grid that the pixels of a picture show.

    Attributes
    ----------
    rows, columns
        Size of the picture.
    source_columns, source_rows
        (rows, columns) float32 maps for `cv2.remap`, or None where plain scaling is enough.
    shown_rows
        Rows of the grid that plain scaling shows.
    outside
        (rows, columns) bool where there is no data, or None.
    """

    rows: int
    columns: int
    source_columns: NDArray[np.float32] | None
    source_rows: NDArray[np.float32] | None
    shown_rows: int
    outside: NDArray[np.bool_] | None

    def picture(
        self, field: NDArray[Shown], nearest: bool = False, window: tuple[slice, slice] | None = None
    ) -> NDArray[Shown]:
        """Bring a (rows, columns) field of the grid into the picture, or into a window of it."""
        window = window or (slice(None), slice(None))
        method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        if self.source_columns is None or self.source_rows is None:
            cut = field[: self.shown_rows]
            if cut.shape != (self.rows, self.columns):
                cut = cv2.resize(cut, (self.columns, self.rows), interpolation=method).astype(field.dtype, copy=False)
            return cut[window]
        maps = self.source_columns[window], self.source_rows[window]
        shown = cv2.remap(field, *maps, method, borderMode=cv2.BORDER_REFLECT_101)
        return shown.astype(field.dtype, copy=False)


def find_warp(display: Display, surfaces: Surfaces, grid: Grid, apex_column_mm: float, apex_depth_mm: float) -> Warp:
    """The warp of one scan's picture."""
    rows, columns = display.rows, display.columns
    if display.geometry in (Geometry.OPTICAL, Geometry.RAW):
        whole = min(grid.rows, round(FRAME_HEIGHT_MM / grid.row_mm))
        return Warp(
            rows=rows,
            columns=columns,
            source_columns=None,
            source_rows=None,
            shown_rows=rows if display.geometry is Geometry.RAW else whole,
            outside=None,
        )
    # Corner-aligned coarse maps: every fourth pixel is computed, the rest interpolated.
    coarse_rows, coarse_columns = rows // _MAP_STRIDE + 1, columns // _MAP_STRIDE + 1
    along = (np.linspace(0, columns - 1, coarse_columns) + 0.5) * FRAME_WIDTH_MM / columns - FRAME_WIDTH_MM / 2
    down = (np.linspace(0, rows - 1, coarse_rows) + 0.5) * FRAME_HEIGHT_MM / rows
    x, z = np.meshgrid(along.astype(np.float32), down.astype(np.float32))
    outside: NDArray[np.bool_] | None = None
    source_x: NDArray[np.float32]
    source_z: NDArray[np.float32]
    if display.geometry is Geometry.FAN:
        tilt = 1 + np.float32(display.fan) * (z - 7)
        source_x = x / tilt
        source_z = z - np.float32(0.012) * source_x**2 + np.float32(0.25)
        edge = np.maximum(np.abs(source_x) - 8.1, np.maximum(0.15 - source_z, source_z - 13.8))
        outside = np.asarray(_enlarge(edge, rows, columns) > 0)
    else:
        deep = z - np.float32(apex_depth_mm)
        beam = _beams_through(x - np.float32(apex_column_mm), deep, surfaces)
        source_x = beam + np.float32(apex_column_mm)
        source_z = _path(deep, beam, surfaces)
    source_columns = _enlarge(
        (source_x + np.float32(FRAME_WIDTH_MM / 2)) / np.float32(grid.column_mm) - np.float32(0.5), rows, columns
    )
    source_rows = _enlarge(source_z / np.float32(grid.row_mm) - np.float32(0.5), rows, columns)
    return Warp(
        rows=rows,
        columns=columns,
        source_columns=source_columns,
        source_rows=source_rows,
        shown_rows=grid.rows,
        outside=outside,
    )


def _beams_through(lateral: NDArray[np.float32], deep: NDArray[np.float32], surfaces: Surfaces) -> NDArray[np.float32]:
    """The beams that pass through points in tissue, by their distance from the apex in air, mm."""
    beam = lateral
    front = np.interp(lateral[0], surfaces.lateral, surfaces.cornea_z).astype(np.float32)
    front_at_beam = np.broadcast_to(front, lateral.shape)
    for _ in range(3):
        beam = lateral / (1 - np.float32(CONVERGENCE_PER_MM) * np.clip(deep - front_at_beam, 0, 9))
        front_at_beam = _look_up(beam, surfaces.lateral, surfaces.cornea_z)
    return beam


def _enlarge(coarse: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Linear interpolation of a corner-aligned coarse map."""
    from_rows, from_columns = coarse.shape
    matrix = np.array(
        [[(columns - 1) / (from_columns - 1), 0, 0], [0, (rows - 1) / (from_rows - 1), 0]], dtype=np.float64
    )
    fine = cv2.warpAffine(
        np.ascontiguousarray(coarse, dtype=np.float32),
        matrix,
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return fine.astype(np.float32, copy=False)


def _look_up(
    beam: NDArray[np.float32], lateral: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Values of the columns at beams, linear between columns (evenly spaced), same shape as beam."""
    place = np.clip((beam - lateral[0]) / (lateral[1] - lateral[0]), 0, len(lateral) - 1.001)
    index = place.astype(np.int32)
    share = place - index
    found: NDArray[np.float32] = (values[index] * (1 - share) + values[index + 1] * share).astype(np.float32)
    return found


def _path(deep: NDArray[np.float32], beam: NDArray[np.float32], surfaces: Surfaces) -> NDArray[np.float32]:
    """Optical path of points at tissue depth `deep` on their beams."""
    at = {
        name: _look_up(beam, surfaces.lateral, getattr(surfaces, name))
        for name in ("cornea_z", "cornea_path", "back_z", "lens_z", "lens_back_z")
    }
    return replace(surfaces, **at).path_of(deep)
