"""The shape of the lens from its outline: two surfaces, an axis, and shells between them in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.window import NATIVE_PITCH_UM

from .lens import TissueLabel
from .optics import LENS_INDEX, DepthScale, FrontOfEye, depth_scale_of, in_tissue

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRONT_PART = 0.40  # the equator's plane lies at this part of the thickness behind the front pole (Navarro et al. 2014)
_OUTER_COLUMNS = 0.06  # of the width on either side: there the iris cuts the lens, and edges are no surface
_LEAST_COLUMNS, _ROUNDS = 12, 6
_NEAR_DEVIATIONS, _LEAST_DEVIATION_MM = 2.5, 0.02  # a point of an outline that lies further away does not count
THICKNESS_AT_BIRTH_MM, GROWTH_MM_PER_YEAR = 2.93, 0.0236  # Dubbelman et al. 2003
_AGES = (15.0, 95.0)
_USUAL_CHAMBER_PATH_MM = 4.6  # optical path from the corneal apex to the lens of an average eye of 50 years


@dataclass(frozen=True, slots=True)
class Parabola:
    """Depth of a surface in mm: `curve` x^2 + `slope` x + `height`, x in mm."""

    curve: float
    slope: float
    height: float

    def at(self, lateral_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Depth in mm at lateral places in mm."""
        return (self.curve * lateral_mm + self.slope) * lateral_mm + self.height

    def depth_at(self, lateral_mm: float) -> float:
        """Depth in mm at one lateral place in mm."""
        return (self.curve * lateral_mm + self.slope) * lateral_mm + self.height


@dataclass(frozen=True, slots=True)
class LensGeometry:
    """One lens as a scan cuts it, in mm.

    Attributes
    ----------
    scale
        What the depth of the picture counts.
    pole_lateral_mm, pole_depth_mm
        Front pole of the lens.
    tilt
        Lateral mm by which the axis leaves the vertical, per mm of depth.
    front_radius_mm, back_radius_mm
        Radii of curvature of the surfaces as fitted over the pupil.
    thickness_mm
        Thickness on the axis, in tissue.
    certain
        Whether depth surely counts what `scale` says.
    """

    scale: DepthScale
    pole_lateral_mm: float
    pole_depth_mm: float
    tilt: float
    front_radius_mm: float
    back_radius_mm: float
    thickness_mm: float
    certain: bool = True

    @property
    def front_depth_mm(self) -> float:
        """From the front pole to the plane of the equator."""
        return FRONT_PART * self.thickness_mm

    @property
    def back_depth_mm(self) -> float:
        """From the plane of the equator to the back pole."""
        return (1 - FRONT_PART) * self.thickness_mm

    @property
    def age_of_thickness(self) -> float:
        """Age in years of the average eye whose lens is as thick, 15 to 95 (Dubbelman et al. 2003)."""
        age = (self.thickness_mm - THICKNESS_AT_BIRTH_MM) / GROWTH_MM_PER_YEAR
        return min(max(age, _AGES[0]), _AGES[1])


@dataclass(frozen=True, slots=True, eq=False)
class LensPoints:
    """Coordinates of the pixels of a window in their lens; all (rows, columns) float64.

    Attributes
    ----------
    across_mm
        Signed distance from the axis of the lens.
    depth_mm
        Depth behind the front pole, along the axis.
    shell
        0 in the centre of the lens, 1 on its surface: every shell is a scaled copy of the outer surface.
    row_mm
        Length in tissue of one pixel along its column.
    """

    across_mm: NDArray[np.float64]
    depth_mm: NDArray[np.float64]
    shell: NDArray[np.float64]
    row_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class _Outline:
    """First and last lens pixel of the columns that show a surface; (n,) float64 in mm, as shown."""

    lateral_mm: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    back_mm: NDArray[np.float64]

    @classmethod
    def of(cls, labels: NDArray[np.uint8], pixel_mm: float) -> _Outline | None:
        """Find it in a (rows, columns) uint8 map of one piece of lens; None when it is too narrow."""
        lens = labels != TissueLabel.BACKGROUND
        columns = np.flatnonzero(lens.any(axis=0))
        if not columns.size:
            return None
        aside = int(_OUTER_COLUMNS * (columns[-1] + 1 - columns[0]))
        columns = columns[aside : columns.size - aside]
        if columns.size < _LEAST_COLUMNS:
            return None
        shown = lens[:, columns]
        front = shown.argmax(axis=0)
        back = shown.shape[0] - shown[::-1].argmax(axis=0)
        lateral, front_mm, back_mm = (np.asarray(v * pixel_mm, np.float64) for v in (columns + 0.5, front, back))
        return cls(lateral, front_mm, back_mm)


@dataclass(frozen=True, slots=True)
class LensSurfaces:
    """A lens and how its pixels reach it.

    Attributes
    ----------
    geometry
        The lens.
    pixel_mm
        Side of a pixel, as shown.
    apex
        The corneal apex as shown; what lateral places are counted from where depth is optical path.
    shown_front
        The front surface as shown.
    """

    geometry: LensGeometry
    pixel_mm: float
    apex: FrontOfEye
    shown_front: Parabola

    def points(self, shape: tuple[int, int]) -> LensPoints:
        """Coordinates in the lens of every pixel of a window of this (rows, columns)."""
        lens = self.geometry
        depth = ((np.arange(shape[0], dtype=np.float64) + 0.5) * self.pixel_mm)[:, None]
        lateral = ((np.arange(shape[1], dtype=np.float64) + 0.5) * self.pixel_mm)[None, :]
        row_mm = self.pixel_mm
        if lens.scale is DepthScale.PATH:
            lateral, depth = in_tissue(lateral, depth, self.shown_front.at(lateral), self.apex)
            row_mm /= LENS_INDEX
        lateral = lateral - lens.pole_lateral_mm
        depth = depth - lens.pole_depth_mm
        across, along = lateral - lens.tilt * depth, depth + lens.tilt * lateral
        return LensPoints(across, along, _shell(lens, across, along), row_mm)


def fit_lens(
    labels: NDArray[np.uint8], grid: int, apex_row: float | None, scale: DepthScale | None
) -> LensSurfaces | None:
    """Fit surfaces and axis to the outline of a lens.

    Parameters
    ----------
    labels
        (rows, columns) uint8 of `TissueLabel` on the network grid, of one piece of lens.
    grid
        Native pixels per network-grid pixel.
    apex_row
        Row of the corneal apex in the window, in native pixels (negative above it); None when it was not found.
    scale
        What depth counts; None: found out by the size of the eye, or tissue when the apex is not known.

    Returns
    -------
    LensSurfaces | None
        None when the outline is no lens: too narrow, or its surfaces do not bulge.
    """
    pixel_mm = grid * NATIVE_PITCH_UM / 1000
    outline = _Outline.of(labels, pixel_mm)
    if outline is None:
        return None
    middle = float(outline.lateral_mm.mean())
    shown_front, shown_back = (_fit(outline.lateral_mm, depth) for depth in (outline.front_mm, outline.back_mm))
    shown_thickness = shown_back.depth_at(middle) - shown_front.depth_at(middle)
    apex = FrontOfEye(0.0 if apex_row is None else apex_row * NATIVE_PITCH_UM / 1000, middle)
    certain = scale is not None
    if scale is None:
        scale = DepthScale.TISSUE
        if apex_row is not None:
            scale, certain = depth_scale_of(shown_back.depth_at(middle) - apex.depth_mm, shown_thickness)
    elif apex_row is None:
        apex = FrontOfEye(shown_front.depth_at(middle) - _USUAL_CHAMBER_PATH_MM, middle)
    front, back = shown_front, shown_back
    if scale is DepthScale.PATH:
        smooth = shown_front.at(outline.lateral_mm)
        front = _fit(*in_tissue(outline.lateral_mm, outline.front_mm, smooth, apex))
        back = _fit(*in_tissue(outline.lateral_mm, outline.back_mm, smooth, apex))
    geometry = _geometry(front, back, scale)
    return None if geometry is None else LensSurfaces(replace(geometry, certain=certain), pixel_mm, apex, shown_front)


def _geometry(front: Parabola, back: Parabola, scale: DepthScale) -> LensGeometry | None:
    """The axis that both surfaces share: at the front pole and at the back pole they have the same slope."""
    if front.curve <= 0 or back.curve >= 0:
        return None
    pole = -front.slope / (2 * front.curve)
    thickness = 0.0
    for _ in range(3):
        thickness = back.depth_at(pole) - front.depth_at(pole)
        if thickness <= 0:
            return None
        turn = 1 + 2 * back.curve * thickness
        divisor = 2 * back.curve - 2 * front.curve * turn
        if abs(divisor) < 1e-6:
            return None
        pole = (front.slope * turn - back.slope) / divisor
    tilt = -(2 * front.curve * pole + front.slope)
    thickness = back.depth_at(pole + tilt * thickness) - front.depth_at(pole)
    if thickness <= 0:
        return None
    return LensGeometry(
        scale=scale,
        pole_lateral_mm=pole,
        pole_depth_mm=front.depth_at(pole),
        tilt=tilt,
        front_radius_mm=1 / (2 * front.curve),
        back_radius_mm=-1 / (2 * back.curve),
        thickness_mm=thickness,
    )


def _fit(lateral_mm: NDArray[np.float64], depth_mm: NDArray[np.float64]) -> Parabola:
    """Least squares over the points near the surface; those that leave it (opacities, shadows, gaps) do not count.

    Sums are exact and the equations are solved here, so that every processor gets the same bits.
    """
    centre = math.fsum(lateral_mm.tolist()) / lateral_mm.size
    across = lateral_mm - centre
    near = np.ones(lateral_mm.shape, bool)
    curve = slope = height = 0.0
    for _ in range(_ROUNDS):
        curve, slope, height = _least_squares(across[near], depth_mm[near])
        off = np.abs((curve * across + slope) * across + height - depth_mm)
        closer = off <= _NEAR_DEVIATIONS * max(1.4826 * float(np.median(off)), _LEAST_DEVIATION_MM)
        if np.array_equal(closer, near):
            break
        near = closer
    return Parabola(curve, slope - 2 * curve * centre, height + centre * (curve * centre - slope))


def _least_squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Curve, slope and height of the parabola through points, by Cramer's rule."""
    square = x * x
    s0, s1, s2, s3, s4 = (float(x.size), *(math.fsum(v.tolist()) for v in (x, square, square * x, square * square)))
    t0, t1, t2 = (math.fsum(v.tolist()) for v in (y, x * y, square * y))
    determinant = s4 * (s2 * s0 - s1 * s1) - s3 * (s3 * s0 - s1 * s2) + s2 * (s3 * s1 - s2 * s2)
    if determinant <= 0:
        return 0.0, 0.0, t0 / s0
    curve = t2 * (s2 * s0 - s1 * s1) - s3 * (t1 * s0 - s1 * t0) + s2 * (t1 * s1 - s2 * t0)
    slope = s4 * (t1 * s0 - t0 * s1) - t2 * (s3 * s0 - s1 * s2) + s2 * (s3 * t0 - t1 * s2)
    height = s4 * (s2 * t0 - s1 * t1) - s3 * (s3 * t0 - t1 * s2) + t2 * (s3 * s1 - s2 * s2)
    return curve / determinant, slope / determinant, height / determinant


def _shell(lens: LensGeometry, across: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shell of points: the positive root of area s^2 - 2 d (R - k D) s - (k d^2 + r^2) = 0 in their half.

    Each half is a conic of radius R through its pole at the distance D, scaled by s about the centre; d is the distance
    from the plane of the equator, r that from the axis. The conic constant k closes both halves at one equator.
    """
    radii, depths = (lens.front_radius_mm, lens.back_radius_mm), (lens.front_depth_mm, lens.back_depth_mm)
    area = (radii[0] * depths[0]) + (radii[1] * depths[1])  # the mean of both halves' 2 R D
    conics = [(2 * radius * depth - area) / depth**2 for radius, depth in zip(radii, depths, strict=True)]
    offset = along - lens.front_depth_mm
    in_front = offset < 0
    conic = np.where(in_front, *conics)
    linear = np.where(in_front, radii[0] - conics[0] * depths[0], radii[1] - conics[1] * depths[1])
    half = np.abs(offset) * linear
    root = np.sqrt(np.maximum(half**2 + area * (conic * offset**2 + across**2), 0.0))
    shell: NDArray[np.float64] = (half + root) / area
    return shell
