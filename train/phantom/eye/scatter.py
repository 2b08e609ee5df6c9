"""Scatter of the clear lens by depth and age: ageing, kept apart from disease.

Levels are decibel above the mean noise of one pixel, as they reach the detector through a clear eye of this age: the
loss along the nominal path (water, clear tissue, confocal gate) is already subtracted. They were set so that rendered
grey levels agree with public scans whose statistics are quoted in docs/phantom.md; the slopes with age follow Gupta et
al. 2023 and Cook et al. 1994.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.field import smooth_walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lens import LensPoints, LensShape

REFERENCE_AGE_YEARS = 38.0
# (depth in parts of the cortex, level in dB at the reference age, dB per year): capsule, C1 line, C2, C3, border,
# nucleus.
FRONT_KNOTS = (
    (0.00, 12.0, 0.00),
    (0.055, 10.8, 0.00),
    (0.09, 11.5, 0.01),
    (0.14, 16.8, 0.00),
    (0.21, 13.6, 0.03),
    (0.30, 15.6, 0.04),
    (0.40, 16.8, 0.05),
    (0.52, 16.0, 0.06),
    (0.64, 13.6, 0.08),
    (0.76, 11.6, 0.09),
    (0.88, 9.4, 0.09),
    (1.00, 7.3, 0.08),
    (1.15, 5.6, 0.07),
    (1.35, 4.8, 0.065),
    (1.70, 4.3, 0.065),
)
BACK_KNOTS = (
    (0.00, 9.0, 0.00),
    (0.15, 12.4, 0.02),
    (0.235, 11.8, 0.02),
    (0.35, 14.0, 0.02),
    (0.47, 13.9, 0.02),
    (0.59, 13.2, 0.02),
    (0.70, 12.0, 0.02),
    (0.80, 10.8, 0.03),
    (0.91, 9.5, 0.04),
    (1.03, 8.8, 0.04),
    (1.15, 8.2, 0.04),
    (1.38, 7.8, 0.045),
)
# Behind the cortex the back half is described by depth in parts of the whole thickness: a brighter band, then the
# dark core.
CORE_KNOTS = (
    (0.34, 7.7, 0.045),
    (0.375, 6.8, 0.05),
    (0.395, 6.0, 0.055),
    (0.415, 5.1, 0.06),
    (0.455, 4.2, 0.065),
    (0.60, 4.1, 0.065),
)
# The shifted phantom: one broad bright cortex without thin lines, a flat core, no band behind it. Never used in
# training.
SHIFTED_FRONT_KNOTS = (
    (0.00, 13.0, 0.01),
    (0.30, 15.0, 0.03),
    (0.55, 15.2, 0.07),
    (0.85, 11.5, 0.10),
    (1.15, 6.5, 0.08),
    (1.60, 5.2, 0.06),
)
SHIFTED_BACK_KNOTS = ((0.00, 11.0, 0.01), (0.40, 13.0, 0.03), (0.80, 11.0, 0.04), (1.20, 7.0, 0.05), (1.80, 5.2, 0.06))
# In training: spread of nucleus, anterior and posterior cortex, and of a slow drift over depth of this scale.
VARIED_LEVELS_DB, VARIED_DRIFT_DB, VARIED_DRIFT_MM = (0.6, 1.0, 1.0), 0.8, 0.6
_STEP_MM = 0.004
_DEEPEST_MM = 5.0


@dataclass(frozen=True, slots=True)
class ClearScatter:
    """Scatter of the clear lens of one eye.

    Attributes
    ----------
    front_profile_db, back_profile_db
        (n,) float32 levels at depths of 0, 4, 8 ... um below the own surface.
    front_lobe_mm, back_lobe_mm
        Layers shine most where they face the beam; the radius over which that fades.
    """

    front_profile_db: NDArray[np.float32]
    back_profile_db: NDArray[np.float32]
    front_lobe_mm: float
    back_lobe_mm: float

    def decibel(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Level at every point, (rows, columns) float32 dB."""
        inner = 1 - points.s
        front = _at(self.front_profile_db, inner * np.float32(shape.front_depth_mm))
        back = _at(self.back_profile_db, inner * np.float32(shape.back_depth_mm))
        level = points.blend(front, back)
        squared = points.radius**2
        height = np.float32(3.6) - np.float32(1.6) * points.share
        falling = points.blend(
            np.exp(squared * np.float32(-1 / self.front_lobe_mm**2)),
            np.exp(squared * np.float32(-1 / self.back_lobe_mm**2)),
        )
        depth = points.blend(
            inner * np.float32(shape.front_depth_mm / shape.front_cortex_mm),
            inner * np.float32(shape.back_depth_mm / shape.back_cortex_mm),
        )
        level += height * (falling - np.float32(0.8)) * np.clip(1.25 - depth, 0, 1)
        return level


def _at(profile: NDArray[np.float32], depth_mm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels at these depths, from the nearest entry of the table."""
    levels: NDArray[np.float32] = profile[
        np.clip(depth_mm * np.float32(1 / _STEP_MM), 0, len(profile) - 1).astype(np.int32)
    ]
    return levels


def expected_profiles(
    age_years: float, shape: LensShape, shifted: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Front and back profile of the average clear lens of this age, (n,) float32 dB each."""
    depth = np.arange(0, _DEEPEST_MM, _STEP_MM)
    years = age_years - REFERENCE_AGE_YEARS
    front_knots, back_knots = (SHIFTED_FRONT_KNOTS, SHIFTED_BACK_KNOTS) if shifted else (FRONT_KNOTS, BACK_KNOTS)
    front = [(part * shape.front_cortex_mm, level + slope * years) for part, level, slope in front_knots]
    back = [(part * shape.back_cortex_mm, level + slope * years) for part, level, slope in back_knots]
    if not shifted:
        back += [(part * shape.thickness_mm, level + slope * years) for part, level, slope in CORE_KNOTS]
    front_profile, back_profile = (
        np.interp(depth, [position for position, _ in knots], [level for _, level in knots]).astype(np.float32)
        for knots in (front, sorted(back))
    )
    return front_profile, back_profile


def draw_clear_scatter(
    rng: np.random.Generator, age_years: float, shape: LensShape, shifted: bool = False
) -> ClearScatter:
    """The clear lens of one eye: the expected profiles with the eye's own wobble and strength of cortex."""
    front, back = expected_profiles(age_years, shape, shifted)
    wobble = [np.float32(0.6) * smooth_walk(rng, len(front), 0.09 / _STEP_MM) for _ in range(2)]
    cortex = [np.float32(spread * rng.standard_normal()) for spread in (0.8, 0.6)]
    inside = _within_cortex(len(front), shape)
    return ClearScatter(
        (front + wobble[0] * np.minimum(1, inside[0] + 0.5) + cortex[0] * inside[0]).astype(np.float32),
        (back + wobble[1] * np.minimum(1, inside[1] + 0.5) + cortex[1] * inside[1]).astype(np.float32),
        float(np.clip(1.9 + 0.4 * rng.standard_normal(), 1.2, 3.5)),
        float(np.clip(2.4 + 0.5 * rng.standard_normal(), 1.4, 4.0)),
    )


def vary_clear_scatter(scatter: ClearScatter, rng: np.random.Generator, shape: LensShape) -> ClearScatter:
    """The same lens with a profile as far from the expected one as eyes differ, and further: for training.

    Nucleus and cortex of either side move apart, and the profile drifts slowly over depth, so that what is usual for
    an age does not tell an opacity. Real lenses of one device differ by a factor of 1.8 in nucleus over cornea and of
    2.7 in anterior cortex over nucleus (docs/phantom.md).
    """
    front, back = scatter.front_profile_db, scatter.back_profile_db
    inside = _within_cortex(len(front), shape)
    nucleus, *cortex = (np.float32(spread * rng.standard_normal()) for spread in VARIED_LEVELS_DB)
    drifts = [np.float32(VARIED_DRIFT_DB) * smooth_walk(rng, len(front), VARIED_DRIFT_MM / _STEP_MM) for _ in range(2)]
    varied = [
        (profile + level * part + nucleus * (1 - part) + drift).astype(np.float32)
        for profile, level, part, drift in zip((front, back), cortex, inside, drifts, strict=True)
    ]
    return replace(scatter, front_profile_db=varied[0], back_profile_db=varied[1])


def _within_cortex(samples: int, shape: LensShape) -> list[NDArray[np.float32]]:
    """From 1 at the surface to 0 in the nucleus, of the front and of the back half, (samples,) float32 each."""
    depth = np.arange(samples, dtype=np.float32) * _STEP_MM
    return [1 / (1 + np.exp((depth - thickness) / 0.1)) for thickness in (shape.front_cortex_mm, shape.back_cortex_mm)]
