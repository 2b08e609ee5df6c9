"""Lenses whose outline and shells follow no closed form, as those of people do not.

The plain lens of `lens.py` is bent: points of the real lens are brought to the plain one, and its shells are shifted
and spaced otherwise inside. Measures that assume the closed form are judged on such lenses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.zones import BACK_CORTEX_MM, FRONT_CORTEX_MM

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .lens import LensPose, LensShape

    Field = NDArray[np.float32]

_ASPHERIC_AT_MM = 3.0


@dataclass(frozen=True, slots=True)
class FreeForm:
    """How one lens departs from the closed form.

    Attributes
    ----------
    front_mm, back_mm
        Departure of each surface from its conic at a radius of 3 mm, growing with the fourth power of the radius.
    back_tilt, back_shift_mm
        The back surface against the front one: tilt in rad and shift in mm, along x and y.
    oval, lopsided
        Relative change of the equator's radius, as cosine and sine: twice around, and once around.
    equator_mm
        How much further back the plane of the equator lies.
    core_mm
        How far the centre of the shells lies from that of the outline, along x, y and z.
    power
        Of the law of the shells: above 1 they crowd towards the surface.
    """

    front_mm: float
    back_mm: float
    back_tilt: tuple[float, float]
    back_shift_mm: tuple[float, float]
    oval: tuple[float, float]
    lopsided: tuple[float, float]
    equator_mm: float
    core_mm: tuple[float, float, float]
    power: float

    def plain(self, x: Field, y: Field, z: Field, thickness_mm: float, radius_mm: float) -> tuple[Field, Field, Field]:
        """Points of the plain lens that belong to points of this one; `radius_mm` is that of the equator."""
        f32 = np.float32
        deep = np.clip(z * f32(1 / thickness_mm), 0, 1)
        x, y = x - f32(self.back_shift_mm[0]) * deep, y - f32(self.back_shift_mm[1]) * deep
        squared = x * x + y * y
        z = z - deep * (f32(self.back_tilt[0]) * x + f32(self.back_tilt[1]) * y)
        fourth = np.minimum(squared * f32(1 / _ASPHERIC_AT_MM**2), f32(2)) ** 2
        z -= fourth * ((1 - deep) * f32(self.front_mm) + deep * f32(self.back_mm))
        z -= f32(4 * self.equator_mm) * deep * (1 - deep)
        # Ratios of the equator's radius: the middle of the lens stays round.
        across, up = x * f32(1 / radius_mm), y * f32(1 / radius_mm)
        oval = f32(self.oval[0]) * (across * across - up * up) + f32(2 * self.oval[1]) * across * up
        lopsided = f32(self.lopsided[0]) * across + f32(self.lopsided[1]) * up
        stretch = 1 + np.clip(oval + lopsided * np.hypot(across, up), f32(-0.15), f32(0.15))
        return x * stretch, y * stretch, z

    def shells(self, s: Field, x: Field, y: Field, z: Field, layer: Callable[[Field, Field], Field]) -> Field:
        """The lamellar coordinate of points of the plain lens, whose plain one is `s`: 1 on the surface still."""
        inner = np.maximum(1 - s * s, 0)
        x, y, z = (at - np.float32(shift) * inner for at, shift in zip((x, y, z), self.core_mm, strict=True))
        spaced: Field = np.maximum(layer(np.hypot(x, y), z), np.float32(1e-4)) ** np.float32(self.power)
        return spaced


def draw_free_form(
    rng: np.random.Generator, shape: LensShape, pose: LensPose, age_years: float
) -> tuple[LensShape, LensPose]:
    """A lens as thick and as wide as this one, of free form (distributions and sources: docs/phantom.md)."""

    def normal(spread: float, limit: float) -> float:
        return float(np.clip(spread * rng.standard_normal(), -limit, limit))

    def pair(spread: float, limit: float) -> tuple[float, float]:
        return normal(spread, limit), normal(spread, limit)

    form = FreeForm(
        front_mm=normal(0.03, 0.07),
        back_mm=normal(0.05, 0.12),
        back_tilt=pair(0.026, 0.07),
        back_shift_mm=pair(0.10, 0.25),
        oval=pair(0.02, 0.05),
        lopsided=pair(0.02, 0.05),
        equator_mm=normal(0.12, 0.30),
        core_mm=(*pair(0.10, 0.25), float(rng.uniform(-0.3, 0.3))),
        power=float(np.clip(np.exp(normal(0.12, 0.30)), 0.75, 1.30)),
    )
    front = (FRONT_CORTEX_MM[0] + FRONT_CORTEX_MM[1] * age_years) * float(np.exp(normal(0.18, 0.45)))
    back = (BACK_CORTEX_MM[0] + BACK_CORTEX_MM[1] * age_years) * float(np.exp(normal(0.18, 0.45)))
    free = replace(
        shape,
        front_conic=float(rng.uniform(-5.0, 0.9)),
        front_cortex_mm=float(np.clip(front, 0.35, 0.38 * shape.thickness_mm)),
        back_cortex_mm=float(np.clip(back, 0.25, 0.32 * shape.thickness_mm)),
        form=form,
    )
    tilt = pair(0.026, 0.07)
    return free, replace(
        pose,
        pole_x_mm=pose.pole_x_mm + normal(0.10, 0.25),
        pole_y_mm=pose.pole_y_mm + normal(0.10, 0.25),
        tilt_x_rad=pose.tilt_x_rad + tilt[0],
        tilt_y_rad=pose.tilt_y_rad + tilt[1],
    )
