"""The shape of one eye as a function of age, with the spread between people. Lengths in mm, angles in radian.

Axes of an eye: X to the nose, Y up, Z into the eye from the corneal apex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lens import LensShape

LIMBUS_MM = 5.75  # radius where cornea turns into sclera
SCLERA_SLOPE = 0.76


@dataclass(frozen=True, slots=True)
class Cornea:
    """Front and back surface: conic with a little astigmatism.

    Attributes
    ----------
    front_radius_mm, front_conic
        Radius of curvature at the apex, and k = 1 + Q.
    thickness_mm, thickening_mm
        At the apex, and how much more at a radius of 4.5 mm. With the front surface they give the back surface, whose
        radius at the apex comes out at 6.5 to 6.8 mm (6.53 +- 0.25 measured by Dubbelman et al. 2006).
    astigmatism_mm, axis_rad
        Difference of the front radius between the meridians, and the flatter one.
    """

    front_radius_mm: float
    front_conic: float
    thickness_mm: float
    thickening_mm: float
    astigmatism_mm: float
    axis_rad: float


@dataclass(frozen=True, slots=True)
class Iris:
    """Pupil and iris.

    Attributes
    ----------
    pupil_radius_mm, pupil_x_mm, pupil_y_mm
        The undilated (or dilated) entrance at the iris, and its centre in the eye's axes.
    irregularity
        Relative change of the pupil's radius with the meridian (second harmonic), and `irregularity_rad` where.
    root_radius_mm, root_depth_mm
        Where the iris meets the wall, and how far behind the lens' front pole (the lens vault).
    thickness_mm, bow_mm
        Stroma, and its forward bow.
    reflectivity_db
        Brightness relative to the average iris.
    """

    pupil_radius_mm: float
    pupil_x_mm: float
    pupil_y_mm: float
    irregularity: float
    irregularity_rad: float
    root_radius_mm: float
    root_depth_mm: float
    thickness_mm: float
    bow_mm: float
    reflectivity_db: float


@dataclass(frozen=True, slots=True)
class LensPose:
    """Where the lens lies: front pole and tilt in the eye's axes (radian, small)."""

    pole_x_mm: float
    pole_y_mm: float
    pole_z_mm: float
    tilt_x_rad: float
    tilt_y_rad: float


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One eye."""

    age_years: float
    cornea: Cornea
    iris: Iris
    lens: LensShape
    pose: LensPose


ANATOMY_LATENTS = (
    "front_radius",
    "front_conic",
    "thickness",
    "thickening",
    "astigmatism",
    "axis",
    "chamber",
    "lens_thickness",
    "lens_front",
    "lens_back",
    "lens_conic",
    "equator",
    "front_cortex",
    "back_cortex",
    "vault",
    "tilt",
    "tilt_direction",
    "decentration",
    "decentration_direction",
    "pupil",
    "pupil_x",
    "pupil_y",
    "irregularity",
    "irregularity_direction",
    "iris",
    "bow",
    "reflectivity",
)
_CORRELATION = {"pupil": 0.9, "iris": 0.9, "bow": 0.9, "tilt": 0.8, "tilt_direction": 0.8, "decentration": 0.8}
_DEFAULT_CORRELATION = 0.95


def draw_latents(shared: np.random.Generator, own: np.random.Generator) -> dict[str, float]:
    """Standard normal latents of one eye, correlated with the fellow eye through the patient's generator."""
    latents = {}
    for name in ANATOMY_LATENTS:
        correlation = _CORRELATION.get(name, _DEFAULT_CORRELATION)
        latents[name] = float(
            np.sqrt(correlation) * shared.standard_normal() + np.sqrt(1 - correlation) * own.standard_normal()
        )
    return latents


def _uniform(normal: float) -> float:
    """A standard normal draw as a uniform one in [0, 1]."""
    from math import erf, sqrt

    return 0.5 * (1.0 + erf(normal / sqrt(2.0)))


def draw_anatomy(
    age_years: float, latents: dict[str, float], dilated: bool, swelling_mm: float = 0.0, cataract: bool = False
) -> Anatomy:
    """An eye of this age from its latents (distributions and sources: docs/phantom.md).

    Parameters
    ----------
    swelling_mm
        Extra lens thickness of an intumescent lens; the chamber gets shallower by the same amount.
    cataract
        Eyes with cataract spread wider in thickness, tilt and decentration.
    """
    v = latents
    front_radius = float(np.clip(7.79 + 0.27 * v["front_radius"], 7.0, 8.7))
    cornea = Cornea(
        front_radius,
        float(np.clip(0.82 + 0.14 * v["front_conic"], 0.4, 1.2)),
        float(np.clip(0.540 + 0.033 * v["thickness"], 0.42, 0.66)),
        float(np.clip(0.11 + 0.02 * v["thickening"], 0.05, 0.17)),
        0.16 + 0.12 * abs(v["astigmatism"]),
        np.pi * _uniform(v["axis"]),
    )
    spread = 0.40 if cataract else 0.25
    thickness = float(np.clip(2.93 + 0.0236 * age_years + spread * v["lens_thickness"], 3.1, 5.6)) + swelling_mm
    chamber = float(
        np.clip(
            3.43 - 0.011 * age_years + 0.35 * v["chamber"] - 0.5 * spread * v["lens_thickness"] - swelling_mm, 1.5, 4.3
        )
    )
    lens = LensShape(
        float(np.clip(12.9 - 0.057 * age_years + 1.2 * v["lens_front"], 6.0, 15.0)),
        float(np.clip(6.2 - 0.012 * age_years + 0.45 * v["lens_back"], 4.4, 7.5)),
        float(np.clip(-4.0 + 1.6 * v["lens_conic"], -8.0, -0.5)),
        thickness,
        0.5 * (9.21 + 0.006 * (age_years - 41.5) + 0.21 * v["equator"]),
        float(np.clip((0.51 + 0.0126 * age_years) * (1 + 0.08 * v["front_cortex"]), 0.4, 0.36 * thickness)),
        float(np.clip((0.33 + 0.0084 * age_years) * (1 + 0.08 * v["back_cortex"]), 0.3, 0.28 * thickness)),
    )
    tilt = np.deg2rad(np.clip(abs(4.3 + (0.5 if cataract else 0.0) + 1.5 * v["tilt"]), 0.0, 12.0))
    tilt_direction = np.deg2rad(200.0 + 30.0 * v["tilt_direction"])  # towards the temple and below
    shift = float(np.clip(abs((0.20 if cataract else 0.16) + 0.12 * v["decentration"]), 0.0, 0.9))
    shift_direction = np.deg2rad(180.0 + 60.0 * v["decentration_direction"])
    pole_z = cornea.thickness_mm + chamber
    pose = LensPose(
        shift * np.cos(shift_direction),
        shift * np.sin(shift_direction),
        pole_z,
        tilt * np.cos(tilt_direction),
        tilt * np.sin(tilt_direction),
    )
    diameter = (
        7.0 - 0.02 * (age_years - 40) + 0.7 * v["pupil"] if dilated else 5.9 - 0.033 * age_years + 0.85 * v["pupil"]
    )
    vault = 0.44 + 0.008 * (age_years - 62) + 0.30 * v["vault"] + swelling_mm
    iris = Iris(
        0.5 * float(np.clip(diameter, 2.0, 7.8)),
        0.10 + 0.10 * v["pupil_x"],
        0.10 * v["pupil_y"],
        0.02 * v["irregularity"],
        np.pi * _uniform(v["irregularity_direction"]),
        5.75 + 0.08 * v["thickness"],
        float(np.clip(vault, -0.6, 1.6)),
        float(np.clip(0.40 + 0.045 * v["iris"], 0.25, 0.6)),
        float(np.clip(0.12 + 0.10 * v["bow"], -0.15, 0.5)),
        0.7 * v["reflectivity"],
    )
    return Anatomy(age_years, cornea, iris, lens, pose)
