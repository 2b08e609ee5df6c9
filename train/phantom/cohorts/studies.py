"""The cohorts of the paper, and the one that networks are trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.phantom.eye.conditions import CONDITIONS
from train.phantom.eye.plan import GRADABLE, LensState
from train.phantom.imaging.plan import Geometry, Tool
from train.phantom.seeds import generator

from .patients import PatientRecipe, ages_between, behind_implant, clipped_normal, make_patient
from .scans import study_scans, training_scans

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.imaging.plan import ScanPlan

    from .patients import PatientPlan

DEVELOPMENT_ACUITY_OFFSET = 0.155  # logMAR
NOT_GRADABLE_SHARE = 0.08
IMPLANT_SHARE = 0.05
FREE_FORM_SHARE = 0.25
TRAINING_CONDITION_SHARE = 0.22  # far above chance: a cloudy cornea or a small pupil must not be new to it
_STATES = (LensState.INTRAOCULAR, LensState.APHAKIC, LensState.OUTSIDE)
LOOKS_SHARES = {
    LensState.PHAKIC: 0.45,
    LensState.INTRAOCULAR: 0.22,
    LensState.IMPLANT: 0.12,
    LensState.APHAKIC: 0.07,
    LensState.OUTSIDE: 0.14,
}
LOOKS_TOOL_SHARE = 0.22


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
    plans = []
    for number in range(patients):
        rng = generator(cohort, number, "kind")
        state = LensState.PHAKIC
        if rng.uniform() < NOT_GRADABLE_SHARE:
            state = _STATES[int(rng.choice(3, p=(0.58, 0.20, 0.22)))]
        elif rng.uniform() < IMPLANT_SHARE / (1 - NOT_GRADABLE_SHARE):
            state = LensState.IMPLANT
        plans.append(make_patient(cohort, number, _wide_recipe(rng, state), training_scans))
    return plans


def looks(cohort: str, patients: int) -> list[PatientPlan]:
    """Every kind of picture, and one scan in five altered by a tool: for a network that tells pictures apart."""
    plans = []
    for number in range(patients):
        rng = generator(cohort, number, "kind")
        state = list(LOOKS_SHARES)[int(rng.choice(len(LOOKS_SHARES), p=list(LOOKS_SHARES.values())))]
        plans.append(make_patient(cohort, number, _wide_recipe(rng, state), _looks_scans))
    return plans


def _wide_recipe(rng: np.random.Generator, state: LensState) -> PatientRecipe:
    """A patient under wide physics: of either group where the natural lens can be graded."""
    free_form = bool(rng.uniform() < FREE_FORM_SHARE)
    if state not in GRADABLE:
        return PatientRecipe(ages_between(20, 92), (False, False), state=state, wide=True, condition=_condition)
    implant = state is LensState.IMPLANT
    cataract = bool(rng.uniform() < 0.5)
    low, high = (21, 70) if implant else (25, 92) if cataract else (18, 88)
    return PatientRecipe(
        ages_between(low, high),
        (cataract, cataract),
        mix=behind_implant(0.4) if implant and cataract else None,
        state=state,
        wide=True,
        condition=_condition,
        free_form=free_form,
    )


def _condition(rng: np.random.Generator) -> str:
    name = str(rng.choice(CONDITIONS[1:]))
    return name if rng.uniform() < TRAINING_CONDITION_SHARE else ""


def _looks_scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
    """Scans as in training, some with a tool; tools read 8 bits, so that no raw scan has one."""
    plans = []
    for plan in training_scans(rng, index):
        if rng.uniform() < LOOKS_TOOL_SHARE:
            raw = plan.geometry is Geometry.RAW
            tool = list(Tool)[int(rng.integers(len(Tool)))]
            plans.append(replace(plan, tool=tool, geometry=Geometry.OPTICAL if raw else plan.geometry))
        else:
            plans.append(plan)
    return tuple(plans)
