"""Every cohort by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .pairs import altered_without, artefacts_without, corneal_disease_without, free_form, shifted
from .stress import (
    age_matched,
    altered,
    artefacts,
    corneal_disease,
    display,
    focal_young,
    grading,
    not_gradable,
    phakic_implant,
    retest,
    senescent_clear,
)
from .studies import development, looks, training, validation

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patients import PatientPlan

STRESS_PATIENTS = 50  # per group; two eyes each make the 100 eyes per group

# The function that plans the cohort, and its usual number of patients.
COHORTS: dict[str, tuple[Callable[[str, int], list[PatientPlan]], int]] = {
    "development": (development, 43),
    "validation": (validation, 114),
    "training": (training, 400),
    "age-matched": (age_matched, 4 * STRESS_PATIENTS),
    "focal-young": (focal_young, 2 * STRESS_PATIENTS),
    "senescent-clear": (senescent_clear, 2 * STRESS_PATIENTS),
    "corneal-disease": (corneal_disease, 2 * STRESS_PATIENTS),
    "corneal-disease-without": (corneal_disease_without, 2 * STRESS_PATIENTS),
    "artefacts": (artefacts, 2 * STRESS_PATIENTS),
    "artefacts-without": (artefacts_without, 2 * STRESS_PATIENTS),
    "test-retest": (retest, 2 * STRESS_PATIENTS),
    "display": (display, 2 * STRESS_PATIENTS),
    "shifted": (shifted, 114),
    "grading": (grading, 240),
    "free-form": (free_form, 240),
    "altered": (altered, 90),
    "altered-without": (altered_without, 90),
    "not-gradable": (not_gradable, 4 * STRESS_PATIENTS),
    "phakic-implant": (phakic_implant, STRESS_PATIENTS),
    "looks": (looks, 400),
}


def plan_cohort(name: str, seed: int = 0, patients: int | None = None) -> list[PatientPlan]:
    """Plan every patient of a cohort.

    Raises
    ------
    ValueError
        For an unknown cohort, or a number of patients for a cohort whose size is fixed.
    """
    if name not in COHORTS:
        raise ValueError(f"There is no cohort {name!r}; there are {', '.join(COHORTS)}.")
    maker, usual = COHORTS[name]
    if patients is not None and patients < 1:
        raise ValueError(f"{patients} patients are no cohort; give at least 1.")
    plans = maker(f"{name}/{seed}", patients or usual)
    return plans[:patients] if patients else plans
