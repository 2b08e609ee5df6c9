"""The shape of one eye as a function of age, with the spread between people. Lengths in mm, angles in radian.

Axes of an eye: X to the nose, Y up, Z into the eye from the corneal apex.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from edge_runtime.measure.geometry import GROWTH_MM_PER_YEAR, THICKNESS_AT_BIRTH_MM
from edge_runtime.measure.zones import BACK_CORTEX_MM, FRONT_CORTEX_MM
from train.phantom.seeds import correlated

from .lens import LensPose, LensShape

LIMBUS_MM = 5.75  # radius where cornea turns into sclera
SCLERA_SLOPE = 0.76


@dataclass(frozen=True, slots=True)
class Cornea:
    """Front and back surface of the cornea: conics with a little astigmatism.

    Attributes
    ----------
    front_radius_mm, front_conic
        Radius of curvature at the apex, and the conic constant k = 1 + Q.
    thickness_mm, thickening_mm
        Thickness at the apex, and how much thicker the cornea is at a radius of 4.5 mm. With the front surface they
        give the back surface, whose radius at the apex comes out at 6.5 to 6.8 mm (6.53 +- 0.25 measured by Dubbelman
        et al. 2006).
    astigmatism_mm, axis_rad
        Difference of the front radius between the principal meridians, and the angle of the flatter one.
    """

    front_radius_mm: float
    front_conic: float
    thickness_mm: float
    thickening_mm: float
    astigmatism_mm: float
    axis_rad: float


@dataclass(frozen=True, slots=True)
class Iris:
    """The pupil and the iris.

    Attributes
    ----------
    pupil_radius_mm, pupil_x_mm, pupil_y_mm
        Radius of the pupil, dilated or not, and its centre in the eye's axes.
    irregularity, irregularity_rad
        Relative change of the pupil's radius with the meridian (second harmonic), and the meridian where it is widest.
    root_radius_mm, root_depth_mm
        Where the iris meets the wall: distance from the axis, and depth behind the lens' front pole (the lens vault).
    thickness_mm, bow_mm
        Thickness of the stroma, and its forward bow.
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
class Anatomy:
    """The shape of one eye."""

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
    return {
        name: correlated(shared.standard_normal(), own.standard_normal(), _CORRELATION.get(name, _DEFAULT_CORRELATION))
        for name in ANATOMY_LATENTS
    }


def _uniform(normal: float) -> float:
    """A standard normal draw as a uniform one in [0, 1]."""
    return 0.5 * (1.0 + erf(normal / sqrt(2.0)))


def draw_anatomy(
    age_years: float, latents: dict[str, float], dilated: bool, swelling_mm: float = 0.0, cataract: bool = False
) -> Anatomy:
    """An eye of this age from its latents (distributions and sources: docs/phantom.md).

    Parameters
    ----------
    age_years
        Age of the patient.
    latents
        What `draw_latents` gave.
    dilated
        Whether the pupil is dilated.
    swelling_mm
        Extra lens thickness of an intumescent lens; the chamber gets shallower by the same amount.
    cataract
        Eyes with cataract spread wider in thickness, tilt and decentration.
    """
    cornea = _cornea(latents)
    spread = 0.40 if cataract else 0.25
    chamber = float(
        np.clip(
            3.43
            - 0.011 * age_years
            + 0.35 * latents["chamber"]
            - 0.5 * spread * latents["lens_thickness"]
            - swelling_mm,
            1.5,
            4.3,
        )
    )
    return Anatomy(
        age_years=age_years,
        cornea=cornea,
        iris=_iris(age_years, latents, dilated, swelling_mm),
        lens=_lens(age_years, latents, spread, swelling_mm),
        pose=_pose(latents, cornea.thickness_mm + chamber, cataract),
    )


def _cornea(latents: dict[str, float]) -> Cornea:
    """The cornea, whose spread does not depend on age."""
    v = latents
    return Cornea(
        front_radius_mm=float(np.clip(7.79 + 0.27 * v["front_radius"], 7.0, 8.7)),
        front_conic=float(np.clip(0.82 + 0.14 * v["front_conic"], 0.4, 1.2)),
        thickness_mm=float(np.clip(0.540 + 0.033 * v["thickness"], 0.42, 0.66)),
        thickening_mm=float(np.clip(0.11 + 0.02 * v["thickening"], 0.05, 0.17)),
        astigmatism_mm=0.16 + 0.12 * abs(v["astigmatism"]),
        axis_rad=np.pi * _uniform(v["axis"]),
    )


def _lens(age_years: float, latents: dict[str, float], spread: float, swelling_mm: float) -> LensShape:
    """The lens of this age; `spread` is the standard deviation of its thickness in mm."""
    v = latents
    thickness = (
        float(np.clip(THICKNESS_AT_BIRTH_MM + GROWTH_MM_PER_YEAR * age_years + spread * v["lens_thickness"], 3.1, 5.6))
        + swelling_mm
    )
    front_cortex = (FRONT_CORTEX_MM[0] + FRONT_CORTEX_MM[1] * age_years) * (1 + 0.08 * v["front_cortex"])
    back_cortex = (BACK_CORTEX_MM[0] + BACK_CORTEX_MM[1] * age_years) * (1 + 0.08 * v["back_cortex"])
    return LensShape(
        front_radius_mm=float(np.clip(12.9 - 0.057 * age_years + 1.2 * v["lens_front"], 6.0, 15.0)),
        back_radius_mm=float(np.clip(6.2 - 0.012 * age_years + 0.45 * v["lens_back"], 4.4, 7.5)),
        front_conic=float(np.clip(-4.0 + 1.6 * v["lens_conic"], -8.0, -0.5)),
        thickness_mm=thickness,
        equator_mm=0.5 * (9.21 + 0.006 * (age_years - 41.5) + 0.21 * v["equator"]),
        front_cortex_mm=float(np.clip(front_cortex, 0.4, 0.36 * thickness)),
        back_cortex_mm=float(np.clip(back_cortex, 0.3, 0.28 * thickness)),
    )


def _pose(latents: dict[str, float], pole_z_mm: float, cataract: bool) -> LensPose:
    """Tilt and decentration of the lens, both wider with cataract."""
    v = latents
    tilt = np.deg2rad(np.clip(abs(4.3 + (0.5 if cataract else 0.0) + 1.5 * v["tilt"]), 0.0, 12.0))
    tilt_direction = np.deg2rad(200.0 + 30.0 * v["tilt_direction"])  # towards the temple and below
    shift = float(np.clip(abs((0.20 if cataract else 0.16) + 0.12 * v["decentration"]), 0.0, 0.9))
    shift_direction = np.deg2rad(180.0 + 60.0 * v["decentration_direction"])
    return LensPose(
        pole_x_mm=shift * np.cos(shift_direction),
        pole_y_mm=shift * np.sin(shift_direction),
        pole_z_mm=pole_z_mm,
        tilt_x_rad=tilt * np.cos(tilt_direction),
        tilt_y_rad=tilt * np.sin(tilt_direction),
    )


def _iris(age_years: float, latents: dict[str, float], dilated: bool, swelling_mm: float) -> Iris:
    """Iris and pupil of this age; a swollen lens pushes the iris forwards."""
    v = latents
    undilated = 5.9 - 0.033 * age_years + 0.85 * v["pupil"]
    diameter = 7.0 - 0.02 * (age_years - 40) + 0.7 * v["pupil"] if dilated else undilated
    vault = 0.44 + 0.008 * (age_years - 62) + 0.30 * v["vault"] + swelling_mm
    return Iris(
        pupil_radius_mm=0.5 * float(np.clip(diameter, 2.0, 7.8)),
        pupil_x_mm=0.10 + 0.10 * v["pupil_x"],
        pupil_y_mm=0.10 * v["pupil_y"],
        irregularity=0.02 * v["irregularity"],
        irregularity_rad=np.pi * _uniform(v["irregularity_direction"]),
        root_radius_mm=5.75 + 0.08 * v["thickness"],
        root_depth_mm=float(np.clip(vault, -0.6, 1.6)),
        thickness_mm=float(np.clip(0.40 + 0.045 * v["iris"], 0.25, 0.6)),
        bow_mm=float(np.clip(0.12 + 0.10 * v["bow"], -0.15, 0.5)),
        reflectivity_db=0.7 * v["reflectivity"],
    )
