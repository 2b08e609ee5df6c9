"""The beams of one scan: the device's grid, the pose of the eye, and where each beam meets each surface.

Columns are A-scans (parallel in air, converging behind the cornea), rows are optical path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.optics import AQUEOUS_INDEX, CONVERGENCE_PER_MM, CORNEA_INDEX, LENS_INDEX
from train.phantom.eye.anatomy import LIMBUS_MM, SCLERA_SLOPE
from train.phantom.eye.lens import to_lens_axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.anatomy import Anatomy


@dataclass(frozen=True, slots=True)
class Grid:
    """The samples that the device takes.

    Attributes
    ----------
    rows, columns
        Number of depth samples and of A-scans.
    row_mm, column_mm
        Distance between samples: optical path, and lateral.
    """

    rows: int = 1576
    columns: int = 768
    row_mm: float = 14.0 / 1576
    column_mm: float = 16.5 / 768

    @property
    def lateral_mm(self) -> NDArray[np.float32]:
        """(columns,) float32, centres of the columns from the middle of the frame."""
        centres = (np.arange(self.columns) + 0.5) * self.column_mm
        return (centres - 0.5 * self.columns * self.column_mm).astype(np.float32)

    @property
    def depth_mm(self) -> NDArray[np.float32]:
        """(rows,) float32, centres of the rows as optical path from the top of the frame."""
        return ((np.arange(self.rows) + 0.5) * self.row_mm).astype(np.float32)


@dataclass(frozen=True, slots=True)
class View:
    """The cut of one scan through the eye.

    Attributes
    ----------
    meridian_deg
        Meridian of the radial scan.
    mirrored
        True for a left eye, whose nose lies to the other side.
    apex_column_mm, apex_depth_mm
        Where the corneal apex lies: from the middle of the frame, and optical path from its top.
    shift_x_mm, shift_y_mm
        Where the scan's centre hits the eye (fixation).
    pupil_scale
        Pupil of this exam relative to the eye's usual one.
    wobble_mm
        (columns,) float32, motion along the beam during the scan.
    """

    meridian_deg: float
    mirrored: bool
    apex_column_mm: float
    apex_depth_mm: float
    shift_x_mm: float
    shift_y_mm: float
    pupil_scale: float
    wobble_mm: NDArray[np.float32]

    def to_eye(self, lateral_mm: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X (to the nose) and Y (up) of points at a signed distance from the scan's centre, mm."""
        angle = np.deg2rad(self.meridian_deg)
        sign = -1.0 if self.mirrored else 1.0
        return (
            lateral_mm * np.float32(sign * np.cos(angle)) + np.float32(self.shift_x_mm),
            lateral_mm * np.float32(np.sin(angle)) + np.float32(self.shift_y_mm),
        )


@dataclass(frozen=True, slots=True)
class Surfaces:
    """One value per column, (columns,) float32.

    `_z` counts mm from the apex in tissue, `_path` optical path from the top of the frame.

    Attributes
    ----------
    lateral
        Beam's distance from the apex in air, mm.
    slope
        Slope of the front of the eye.
    cornea_z, cornea_path, back_z, back_path
        Front and back of the cornea.
    lens_z, lens_path, lens_back_z, lens_back_path
        Front and back of the lens.
    open
        Share of light that passes the pupil, 0 or 1 with a soft edge.
    beyond
        Distance from the pupil's edge towards the root, mm; negative inside the pupil.
    """

    lateral: NDArray[np.float32]
    slope: NDArray[np.float32]
    cornea_z: NDArray[np.float32]
    cornea_path: NDArray[np.float32]
    back_z: NDArray[np.float32]
    back_path: NDArray[np.float32]
    lens_z: NDArray[np.float32]
    lens_path: NDArray[np.float32]
    lens_back_z: NDArray[np.float32]
    lens_back_path: NDArray[np.float32]
    open: NDArray[np.float32]
    beyond: NDArray[np.float32]

    def path_of(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Optical path from the frame's top of points at depth z in their columns ((..., columns) float32)."""
        path = self.cornea_path + np.minimum(z - self.cornea_z, 0)
        path = path + CORNEA_INDEX * np.clip(z - self.cornea_z, 0, self.back_z - self.cornea_z)
        path += AQUEOUS_INDEX * np.clip(z - self.back_z, 0, self.lens_z - self.back_z)
        path += LENS_INDEX * np.clip(z - self.lens_z, 0, self.lens_back_z - self.lens_z)
        path += AQUEOUS_INDEX * np.maximum(z - self.lens_back_z, 0)
        whole: NDArray[np.float32] = path.astype(np.float32)
        return whole


def find_surfaces(anatomy: Anatomy, view: View, grid: Grid, has_lens: bool = True) -> Surfaces:
    """Where every beam meets every surface."""
    cornea, pose, shape = anatomy.cornea, anatomy.pose, anatomy.lens
    lateral = grid.lateral_mm - np.float32(view.apex_column_mm)
    angle = np.deg2rad(view.meridian_deg)
    radius = cornea.front_radius_mm + 0.5 * cornea.astigmatism_mm * np.cos(2 * (angle - cornea.axis_rad))
    line = np.arange(0, 12, 0.01)
    inside = np.minimum(line, 0.98 * radius / np.sqrt(max(cornea.front_conic, 0.05)))
    steep = inside / np.sqrt(np.maximum(radius**2 - cornea.front_conic * inside**2, 0.05))
    blend = 1 / (1 + np.exp(-(line - LIMBUS_MM) / 0.22))
    steep = np.where(line > 3, -np.logaddexp(-10 * steep, -10 * 0.92) / 10, steep) * (1 - blend) + SCLERA_SLOPE * blend
    fall = np.cumsum(steep) * 0.01
    distance = np.abs(lateral)
    slope = np.interp(distance, line, steep).astype(np.float32)
    cornea_z = np.interp(distance, line, fall).astype(np.float32)
    thickness = cornea.thickness_mm + cornea.thickening_mm * np.minimum(distance / 4.5, 1.6) ** 2
    back_z = (cornea_z + thickness * np.sqrt(1 + slope**2)).astype(np.float32)
    top = np.float32(view.apex_depth_mm) + view.wobble_mm
    cornea_path = cornea_z + top
    back_path = cornea_path + np.float32(CORNEA_INDEX) * (back_z - cornea_z)

    def meet(front: bool) -> NDArray[np.float32]:
        z = np.full_like(lateral, pose.pole_z_mm + (0 if front else shape.thickness_mm))
        for _ in range(6):
            across = lateral * (1 - np.float32(CONVERGENCE_PER_MM) * np.maximum(z - cornea_z, 0))
            lens_x, lens_y, lens_z = shape.plain(*to_lens_axes(*view.to_eye(across), z, pose))
            sag = shape.sag(np.minimum(np.hypot(lens_x, lens_y), shape.equator_mm), front)
            target = sag if front else shape.thickness_mm - sag
            z = (z + 0.9 * (target - lens_z)).astype(np.float32)
        met: NDArray[np.float32] = np.maximum(z, back_z)
        return met

    lens_z = meet(True)
    lens_back_z = np.maximum(meet(False), lens_z)
    if not has_lens:
        lens_back_z = lens_z
    lens_path = back_path + np.float32(AQUEOUS_INDEX) * (lens_z - back_z)
    lens_back_path = lens_path + np.float32(LENS_INDEX) * (lens_back_z - lens_z)
    beyond = _beyond_pupil(anatomy, view, lateral, cornea_z)
    return Surfaces(
        lateral=lateral,
        slope=slope,
        cornea_z=cornea_z,
        cornea_path=cornea_path,
        back_z=back_z,
        back_path=back_path,
        lens_z=lens_z,
        lens_path=lens_path,
        lens_back_z=lens_back_z,
        lens_back_path=lens_back_path,
        open=np.clip(0.5 - beyond / np.float32(1.6 * grid.column_mm), 0, 1).astype(np.float32),
        beyond=beyond,
    )


def _beyond_pupil(
    anatomy: Anatomy, view: View, lateral: NDArray[np.float32], cornea_z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Distance from the edge of the pupil towards the root of the iris, mm; negative inside the pupil."""
    iris, pose = anatomy.iris, anatomy.pose
    angle = np.deg2rad(view.meridian_deg)
    sign = -1.0 if view.mirrored else 1.0
    centre = (iris.pupil_x_mm - view.shift_x_mm) * sign * np.cos(angle) + (iris.pupil_y_mm - view.shift_y_mm) * np.sin(
        angle
    )
    pupil = (
        iris.pupil_radius_mm * view.pupil_scale * (1 + iris.irregularity * np.cos(2 * (angle - iris.irregularity_rad)))
    )
    at_iris = lateral * (1 - np.float32(CONVERGENCE_PER_MM) * np.maximum(pose.pole_z_mm + 0.15 - cornea_z, 0))
    beyond: NDArray[np.float32] = (np.abs(at_iris - np.float32(centre)) - np.float32(pupil)).astype(np.float32)
    return beyond
