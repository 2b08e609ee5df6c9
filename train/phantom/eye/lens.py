"""The crystalline lens as a solid with a closed-form lamellar coordinate.

Each half is a family of scaled conics around one centre: s = 0 at the centre, s = 1 on the capsule, and every surface
of equal s is a scaled copy of the outer one, as fibres lie in layers (the shells of gradient-index eye models;
Goncharov and Dainty 2007). t = (1 - s) T is the depth below the nearest pole's surface in mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.geometry import FRONT_PART
from edge_runtime.measure.zones import ANTERIOR_SUBCAPSULAR_MM, POSTERIOR_SUBCAPSULAR_MM, Zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .free_form import FreeForm

_EDGE_POWER = 8  # bends the conics so that both halves close at the equator, and leaves the centre alone


@dataclass(frozen=True, slots=True)
class LensShape:
    """Outer surfaces and zones of one lens, in mm.

    Attributes
    ----------
    front_radius_mm, back_radius_mm, front_conic
        Curvature at the poles; conic constant k = 1 + Q of the front. The back's follows from closing at the equator.
    thickness_mm, equator_mm
        Axial thickness and equatorial radius.
    front_cortex_mm, back_cortex_mm
        Axial thickness of the cortex on either side of the nucleus.
    form
        How outline and shells depart from all this; None: they do not.
    """

    front_radius_mm: float
    back_radius_mm: float
    front_conic: float
    thickness_mm: float
    equator_mm: float
    front_cortex_mm: float
    back_cortex_mm: float
    form: FreeForm | None = None

    def __post_init__(self) -> None:
        if not 2.0 <= self.thickness_mm <= 8.0:
            raise ValueError(f"A lens of {self.thickness_mm} mm is no lens; expected 2 to 8 mm.")

    @property
    def front_depth_mm(self) -> float:
        """From the front pole to the centre plane."""
        return FRONT_PART * self.thickness_mm

    @property
    def back_depth_mm(self) -> float:
        """From the centre plane to the back pole."""
        return (1.0 - FRONT_PART) * self.thickness_mm

    @property
    def area(self) -> float:
        """Square of the conics' radius in the centre plane, equal for both halves."""
        depth = self.front_depth_mm
        return 2.0 * self.front_radius_mm * depth - self.front_conic * depth**2

    @property
    def back_conic(self) -> float:
        """Conic constant with which the back half meets the front half in the centre plane."""
        depth = self.back_depth_mm
        return (2.0 * self.back_radius_mm * depth - self.area) / depth**2

    def conic_radius(self, radius_mm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Radius in the plain conic that belongs to a radius in the lens."""
        stretch = np.float32(np.sqrt(self.area) / self.equator_mm - 1.0)
        ratio = np.minimum(radius_mm / np.float32(self.equator_mm), np.float32(1.15))
        conic_radius: NDArray[np.float32] = radius_mm * (1 + stretch * ratio**_EDGE_POWER)
        return conic_radius

    def sag(self, radius_mm: NDArray[np.float32], front: bool) -> NDArray[np.float32]:
        """Axial distance of a surface from its own pole at a radius, in mm, towards the centre."""
        radius, conic = (self.front_radius_mm, self.front_conic) if front else (self.back_radius_mm, self.back_conic)
        squared = self.conic_radius(radius_mm) ** 2
        root = np.sqrt(np.maximum(radius * radius - conic * squared, 1e-3))
        sag: NDArray[np.float32] = (squared / (radius + root)).astype(np.float32)
        return sag

    def plain(
        self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Points in the axes of the lens, brought to the lens of closed form that `sag` and `layer` describe."""
        return (x, y, z) if self.form is None else self.form.plain(x, y, z, self.thickness_mm, self.equator_mm)

    def layer(self, radius_mm: NDArray[np.float32], depth_mm: NDArray[np.float32]) -> NDArray[np.float32]:
        """The lamellar coordinate s of points at this radius and this depth behind the front pole (any equal shape)."""
        offset = depth_mm - np.float32(self.front_depth_mm)
        front = offset < 0
        radius = np.where(front, np.float32(self.front_radius_mm), np.float32(self.back_radius_mm))
        conic = np.where(front, np.float32(self.front_conic), np.float32(self.back_conic))
        depth = np.where(front, np.float32(self.front_depth_mm), np.float32(self.back_depth_mm))
        distance = np.abs(offset)
        area = np.float32(self.area)
        linear = -2.0 * distance * (radius - conic * depth)
        constant = -(conic * distance * distance + self.conic_radius(radius_mm) ** 2)
        root = np.sqrt(np.maximum(linear * linear - 4 * area * constant, 0))
        layer: NDArray[np.float32] = (root - linear) / (2 * area)
        return layer


@dataclass(frozen=True, slots=True)
class LensPose:
    """Where the lens lies in the axes of the eye: its front pole in mm, and its tilt (small angles)."""

    pole_x_mm: float
    pole_y_mm: float
    pole_z_mm: float
    tilt_x_rad: float
    tilt_y_rad: float


@dataclass(frozen=True, slots=True)
class LensPoints:
    """Points of one scan in the frame of the lens; all arrays (rows, columns) float32 unless stated otherwise.

    Attributes
    ----------
    x, y, z
        mm; x to the nose and y up across the tilted axis, z behind the front pole along it. In a lens of free form:
        those of the point of the plain lens that belongs to it.
    radius
        Distance from the axis in mm.
    s
        Lamellar coordinate, 1 on the surface.
    t
        Depth below the surface of the own half in mm, (1 - s) T.
    front
        bool, before the centre plane.
    share
        How much the zones at a point are those of the back half: 0 before, 1 behind, smooth around the centre plane.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float32]
    radius: NDArray[np.float32]
    s: NDArray[np.float32]
    t: NDArray[np.float32]
    front: NDArray[np.bool_]
    share: NDArray[np.float32]

    def blend(self, front: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
        """A value of the front half passing smoothly into one of the back half."""
        return front + self.share * (back - front)

    def zones(self, shape: LensShape) -> NDArray[np.uint8]:
        """The `Zone` of every point, by the cortex that this lens has, (rows, columns) uint8."""
        inner = 1 - self.s
        front, back = inner * np.float32(shape.front_depth_mm), inner * np.float32(shape.back_depth_mm)
        core = self.blend(front - np.float32(shape.front_cortex_mm), back - np.float32(shape.back_cortex_mm))
        zones = np.where(self.front, np.uint8(Zone.ANTERIOR_CORTEX), np.uint8(Zone.POSTERIOR_CORTEX))
        zones[self.front & (front <= ANTERIOR_SUBCAPSULAR_MM)] = Zone.ANTERIOR_SUBCAPSULAR
        zones[~self.front & (back <= POSTERIOR_SUBCAPSULAR_MM)] = Zone.POSTERIOR_SUBCAPSULAR
        zones[core > 0] = Zone.NUCLEUS
        return zones


def to_lens_axes(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32], pose: LensPose
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Points of the eye's axes in the axes of the tilted and shifted lens (small angles), mm."""
    tilt_x, tilt_y = np.float32(pose.tilt_x_rad), np.float32(pose.tilt_y_rad)
    dx, dy, dz = x - np.float32(pose.pole_x_mm), y - np.float32(pose.pole_y_mm), z - np.float32(pose.pole_z_mm)
    return dx - tilt_x * dz, dy - tilt_y * dz, dz + tilt_x * dx + tilt_y * dy


def points_in_lens(
    shape: LensShape, pose: LensPose, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> LensPoints:
    """Every point's lamellar coordinate; x, y, z in the eye's axes, (rows, columns) float32, mm."""
    lens_x, lens_y, lens_z = shape.plain(*to_lens_axes(x, y, z, pose))
    radius = np.sqrt(lens_x * lens_x + lens_y * lens_y)
    s = shape.layer(radius, lens_z)
    if shape.form is not None:
        s = shape.form.shells(s, lens_x, lens_y, lens_z, shape.layer)
    front = lens_z < np.float32(shape.front_depth_mm)
    depth = np.where(front, np.float32(shape.front_depth_mm), np.float32(shape.back_depth_mm))
    # Near the axis the halves pass into each other over 0.3 mm, further out over the whole flank, so that zones close.
    width = np.float32(0.30) + np.float32(1.4) * radius
    turn = np.clip((lens_z - np.float32(shape.front_depth_mm)) / width + np.float32(0.5), 0, 1)
    return LensPoints(
        x=lens_x,
        y=lens_y,
        z=lens_z,
        radius=radius,
        s=s,
        t=(1 - s) * depth,
        front=front,
        share=turn * turn * (3 - 2 * turn),
    )
