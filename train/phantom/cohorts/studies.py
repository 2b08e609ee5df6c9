"""The cohorts of the paper, and the one that networks are trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.phantom.eye.conditions import CONDITIONS
from train.phantom.eye.plan import LensState
from train.phantom.seeds import generator

from .patients import PatientRecipe, ages_between, clipped_normal, make_patient
from .scans import study_scans, training_scans

if TYPE_CHECKING:
    import numpy as np

    from .patients import PatientPlan

DEVELOPMENT_ACUITY_OFFSET = 0.155  # logMAR
NOT_GRADABLE_SHARE = 0.08
TRAINING_CONDITION_SHARE = 0.15  # far above chance: a cloudy cornea or a small pupil must not be new to it
_STATES = (LensState.INTRAOCULAR, LensState.APHAKIC, LensState.OUTSIDE, LensState.IMPLANT)


def validation_cataract_age(rng: np.random.Generator) -> float:
    """Draw the age of a validation patient with cataract; 3.5 % are young, the cases of focal cataract."""
    return float(rng.uniform(25, 50)) if rng.uniform() < 0.035 else clipped_normal(rng, 74.7, 9.3, 45, 95)


def _study(
    cohort: str, clear: PatientRecipe, cataract: PatientRecipe, patients: tuple[int, int], both: int, fellow: int
) -> list[PatientPlan]:
    """Clear and cataract patients; of the latter `both` with both eyes, `fellow` with a clear fellow eye."""
    plans = [make_patient(cohort, number, clear, study_scans) for number in range(patients[0])]
    for index in range(patients[1]):
        side: tuple[bool | None, bool | None] = (
            (True, None) if generator(cohort, index, "side").uniform() < 0.5 else (None, True)
        )
        if index < both:
            side = (True, True)
        elif index < both + fellow:
            side = (True, False)
        plans.append(make_patient(cohort, patients[0] + index, replace(cataract, groups=side), study_scans))
    return plans


def development(cohort: str, patients: int) -> list[PatientPlan]:
    """21 clear patients (42 eyes); 22 with cataract: 19 bilateral, one with a clear fellow eye, two single."""
    clear = PatientRecipe(lambda rng: clipped_normal(rng, 38, 10, 18, 68), (False, False), DEVELOPMENT_ACUITY_OFFSET)
    cataract = PatientRecipe(
        lambda rng: clipped_normal(rng, 70.4, 8.4, 45, 92), (True, True), DEVELOPMENT_ACUITY_OFFSET
    )
    return _study(cohort, clear, cataract, (21, 22), 19, 1)


def validation(cohort: str, patients: int) -> list[PatientPlan]:
    """66 clear patients (132 eyes) and 48 with cataract (41 bilateral, 7 single: 89 eyes)."""
    clear = PatientRecipe(lambda rng: clipped_normal(rng, 34.6, 10, 18, 65), (False, False))
    return _study(cohort, clear, PatientRecipe(validation_cataract_age, (True, True)), (66, 48), 41, 0)


def training(cohort: str, patients: int) -> list[PatientPlan]:
    """Clear and cataract eyes of the same ages, so that age does not predict the group; 8 % have no gradable lens."""

    def condition(rng: np.random.Generator) -> str:
        name = str(rng.choice(CONDITIONS[1:]))
        return name if rng.uniform() < TRAINING_CONDITION_SHARE else ""

    plans = []
    for number in range(patients):
        rng = generator(cohort, number, "kind")
        if rng.uniform() < NOT_GRADABLE_SHARE:
            state = _STATES[int(rng.choice(4, p=(0.50, 0.17, 0.18, 0.15)))]
            recipe = PatientRecipe(ages_between(20, 92), (False, False), state=state, wide=True)
        elif rng.uniform() < 0.5:
            recipe = PatientRecipe(ages_between(18, 88), (False, False), wide=True, condition=condition)
        else:
            recipe = PatientRecipe(ages_between(25, 92), (True, True), wide=True, condition=condition)
        plans.append(make_patient(cohort, number, recipe, training_scans))
    return plans
