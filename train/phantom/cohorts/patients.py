"""Patients of a cohort: how one kind of patient is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from train.phantom.eye.plan import EyePlan, LensState
from train.phantom.seeds import generator

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from train.phantom.imaging.plan import ScanPlan

USUAL_ACUITY_OFFSET = 0.06  # logMAR, of the validation study


@dataclass(frozen=True, slots=True)
class PatientPlan:
    """A patient before anything is drawn.

    Attributes
    ----------
    patient_id, age_years, sex
        The columns of patients.csv.
    eyes
        Plans of one or two eyes, each with the plans of its scans.
    """

    patient_id: str
    age_years: float
    sex: str
    eyes: tuple[tuple[EyePlan, tuple[ScanPlan, ...]], ...]


def clipped_normal(rng: np.random.Generator, mean: float, spread: float, low: float, high: float) -> float:
    """A normal draw within limits (drawn again, not piled up at the limits)."""
    while True:
        value = rng.normal(mean, spread)
        if low <= value <= high:
            return float(value)


def behind_implant(share: float) -> Callable[[np.random.Generator], str]:
    """Draws the cataract behind a phakic implant: anterior subcapsular in this share of the eyes, alone or not."""
    front, others = ("A", "A", "A", "AN", "AP"), ("N", "N", "C", "P", "P", "NP")
    return lambda rng: str(rng.choice(front if rng.uniform() < share else others))


def ages_between(low: float, high: float) -> Callable[[np.random.Generator], float]:
    """Ages evenly spread between these limits."""
    return lambda rng: float(rng.uniform(low, high))


@dataclass(frozen=True, slots=True)
class PatientRecipe:
    """How one kind of patient is made.

    Attributes
    ----------
    age
        Draws an age.
    groups
        For OD and OS: True for cataract, False for a clear lens, None where the eye is not in the study.
    acuity_offset
        Constant term of the acuity's model, logMAR.
    mix
        Draws the types of cataract to force, or None to leave them to chance.
    state
        The lens or implant behind the pupil.
    dilated
        Whether pupils are dilated, or None for half of the patients.
    wide, shifted, free_form
        Passed on to `EyePlan`.
    condition
        Draws the condition of both eyes, or None to leave it to chance.
    senescent
        Whether clear eyes have an ageing nucleus for certain.
    """

    age: Callable[[np.random.Generator], float]
    groups: tuple[bool | None, bool | None]
    acuity_offset: float = USUAL_ACUITY_OFFSET
    mix: Callable[[np.random.Generator], str] | None = None
    state: LensState = LensState.PHAKIC
    dilated: bool | None = None
    wide: bool = False
    condition: Callable[[np.random.Generator], str] | None = None
    senescent: bool = False
    shifted: bool = False
    free_form: bool = False


def make_patient(
    cohort: str, number: int, recipe: PatientRecipe, scans: Callable[[np.random.Generator, int], tuple[ScanPlan, ...]]
) -> PatientPlan:
    """One patient of a cohort from a recipe; the cohort's name and the number fix everything."""
    patient_id = f"{cohort.split('/', maxsplit=1)[0]}-{number:04d}"
    rng = generator(cohort, patient_id, "plan")
    age = round(recipe.age(rng), 1)
    dilated = bool(rng.uniform() < 0.5) if recipe.dilated is None else recipe.dilated
    mix = recipe.mix(rng) if recipe.mix else None
    condition = recipe.condition(rng) if recipe.condition else ""
    sex = str(rng.choice(["F", "M"], p=[0.55, 0.45]))
    eyes = []
    for index, (eye, cataract) in enumerate(zip(("OD", "OS"), recipe.groups, strict=True)):
        if cataract is not None:
            plan = EyePlan(
                cohort=cohort,
                patient=patient_id,
                eye=eye,
                age_years=age,
                cataract=cataract,
                dilated=dilated,
                mix=mix,
                acuity_offset=recipe.acuity_offset,
                wide=recipe.wide,
                state=recipe.state,
                condition=condition,
                senescent=recipe.senescent and not cataract,
                shifted=recipe.shifted,
                free_form=recipe.free_form,
            )
            eyes.append((plan, scans(rng, index)))
    return PatientPlan(patient_id, age, sex, tuple(eyes))
