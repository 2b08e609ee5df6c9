"""How a device shows what it measured: the geometry of the frame and the curve from decibel to grey."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .beams import CONVERGENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces

FRAME_WIDTH_MM, FRAME_HEIGHT_MM = 16.5, 14.0
_MAP_STRIDE = 4


class Geometry(StrEnum):
    """What a pixel's place means."""

    CORRECTED = "corrected"  # mm in tissue, refraction taken back
    OPTICAL = "optical"  # depth is optical path, columns are A-scans
    RAW = "raw"  # the device's own samples, not square
    FAN = "fan"  # optical path, dewarped to the beams' fan, with a border without data


@dataclass(frozen=True, slots=True)
class Display:
    """One display window.

    Attributes
    ----------
    geometry
        Of the frame.
    rows, columns
        Of the picture.
    bits
        8 or 16.
    black_db, grey_per_db
        Level shown as 0, and steps of full scale / 255 per dB above it.
    gamma
        Exponent on the relative grey.
    fade_rows
        Rows over which the lower end of an 8-bit picture fades.
    fan
        Widening of a fan per mm of depth.
    jpeg_quality
        0 for none; else the picture went through JPEG once.
    """

    geometry: Geometry
    rows: int
    columns: int
    bits: int
    black_db: float
    grey_per_db: float
    gamma: float = 1.0
    fade_rows: int = 30
    fan: float = 0.0
    jpeg_quality: int = 0

    @property
    def profile(self) -> str:
        """Name of the device profile that fits the picture."""
        return "anterion-raw" if self.geometry is Geometry.RAW else "anterion"

    def grey(self, level_db: NDArray[np.float32]) -> NDArray[np.float32]:
        """Grey from 0 to 255 (not yet rounded), same shape, float32."""
        grey = (level_db - np.float32(self.black_db)) * np.float32(self.grey_per_db)
        np.clip(grey, 0, 255, out=grey)
        if self.gamma != 1.0:
            grey = np.float32(255) * (grey * np.float32(1 / 255)) ** np.float32(self.gamma)
        return grey


@dataclass(frozen=True, slots=True)
class Warp:
    """Where the pixels of a picture come from on the device's grid.

    Attributes
    ----------
    rows, columns
        Size of the picture.
    source_columns, source_rows
        (rows, columns) float32 maps for `cv2.remap`, or None where plain scaling does it.
    scale_rows
        Part of the grid's rows that plain scaling shows.
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
        self, field: NDArray[np.float32], nearest: bool = False, window: tuple[slice, slice] | None = None
    ) -> NDArray[np.float32]:
        """Bring a (rows, columns) field of the grid into the picture, or into a window of it."""
        window = window or (slice(None), slice(None))
        method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        if self.source_columns is None or self.source_rows is None:
            cut = field[: self.shown_rows]
            if cut.shape != (self.rows, self.columns):
                cut = cv2.resize(cut, (self.columns, self.rows), interpolation=method)
            return cut[window]
        maps = self.source_columns[window], self.source_rows[window]
        return cv2.remap(field, *maps, method, borderMode=cv2.BORDER_REFLECT_101)


def find_warp(display: Display, surfaces: Surfaces, grid: Grid, apex_column_mm: float, apex_depth_mm: float) -> Warp:
    """The warp of one scan's picture."""
    rows, columns = display.rows, display.columns
    if display.geometry is Geometry.OPTICAL:
        return Warp(rows, columns, None, None, min(grid.rows, round(FRAME_HEIGHT_MM / grid.row_mm)), None)
    if display.geometry is Geometry.RAW:
        return Warp(rows, columns, None, None, rows, None)
    # Corner-aligned coarse maps: every fourth pixel is computed, the rest interpolated.
    coarse_rows, coarse_columns = rows // _MAP_STRIDE + 1, columns // _MAP_STRIDE + 1
    x = (np.linspace(0, columns - 1, coarse_columns) + 0.5) * FRAME_WIDTH_MM / columns - FRAME_WIDTH_MM / 2
    z = (np.linspace(0, rows - 1, coarse_rows) + 0.5) * FRAME_HEIGHT_MM / rows
    x, z = np.meshgrid(x.astype(np.float32), z.astype(np.float32))
    outside = None
    if display.geometry is Geometry.FAN:
        tilt = 1 + np.float32(display.fan) * (z - 7)
        source_x = x / tilt
        source_z = z - np.float32(0.012) * source_x**2 + np.float32(0.25)
        edge = np.maximum(np.abs(source_x) - 8.1, np.maximum(0.15 - source_z, source_z - 13.8))
        outside = _enlarge(edge, rows, columns) > 0
    else:
        lateral = x - np.float32(apex_column_mm)
        deep = z - np.float32(apex_depth_mm)
        beam = lateral
        front = np.interp(lateral[0], surfaces.lateral, surfaces.cornea_z).astype(np.float32)
        front_at_beam = np.broadcast_to(front, lateral.shape)
        for _ in range(3):
            beam = lateral / (1 - np.float32(CONVERGENCE) * np.clip(deep - front_at_beam, 0, 9))
            front_at_beam = _look_up(beam, surfaces.lateral, surfaces.cornea_z)
        source_x = beam + np.float32(apex_column_mm)
        source_z = _path(deep, beam, surfaces)
    source_columns = _enlarge(
        (source_x + np.float32(FRAME_WIDTH_MM / 2)) / np.float32(grid.column_mm) - np.float32(0.5), rows, columns
    )
    source_rows = _enlarge(source_z / np.float32(grid.row_mm) - np.float32(0.5), rows, columns)
    return Warp(rows, columns, source_columns, source_rows, grid.rows, outside)


def _enlarge(coarse: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Linear interpolation of a corner-aligned coarse map."""
    from_rows, from_columns = coarse.shape
    matrix = np.array(
        [[(columns - 1) / (from_columns - 1), 0, 0], [0, (rows - 1) / (from_rows - 1), 0]], dtype=np.float64
    )
    return cv2.warpAffine(
        np.ascontiguousarray(coarse, dtype=np.float32),
        matrix,
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _look_up(
    beam: NDArray[np.float32], lateral: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Values of the columns at beams, linear between columns (evenly spaced), same shape as beam."""
    place = np.clip((beam - lateral[0]) / (lateral[1] - lateral[0]), 0, len(lateral) - 1.001)
    index = place.astype(np.int32)
    share = place - index
    return (values[index] * (1 - share) + values[index + 1] * share).astype(np.float32)


def _path(deep: NDArray[np.float32], beam: NDArray[np.float32], surfaces: Surfaces) -> NDArray[np.float32]:
    """Optical path of points at tissue depth `deep` on their beams."""
    from dataclasses import replace

    at = {
        name: _look_up(beam, surfaces.lateral, getattr(surfaces, name))
        for name in ("cornea_z", "cornea_path", "back_z", "lens_z", "lens_back_z")
    }
    return replace(surfaces, **at).path_of(deep)


def show(level_db: NDArray[np.float32], warp: Warp, display: Display) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The picture: grey curve on the device's grid, then its geometry, then rounding."""
    if display.bits == 16:
        counts = (level_db[: display.rows] - np.float32(display.black_db)) * np.float32(
            display.grey_per_db * 65535 / 255
        )
        return np.rint(np.clip(counts, 0, 65535)).astype(np.uint16)
    grey = warp.picture(display.grey(level_db))
    if display.fade_rows:
        rows = round(display.fade_rows * display.rows / 1459)
        grey[-rows:] *= np.linspace(1, 0, rows, dtype=np.float32)[:, None]
    if warp.outside is not None:
        grey[warp.outside] = 0
    picture = cv2.convertScaleAbs(grey)
    if display.jpeg_quality:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, display.jpeg_quality])
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return picture
