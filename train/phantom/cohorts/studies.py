"""The cohorts of the paper, and the one that networks are trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.phantom.eye.conditions import CONDITIONS
from train.phantom.eye.plan import LensState
from train.phantom.imaging.plan import Geometry, Tool
from train.phantom.seeds import generator

from .patients import PatientRecipe, ages_between, clipped_normal, make_patient
from .scans import study_scans, training_scans
from .stress import behind_implant

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.imaging.plan import ScanPlan

    from .patients import PatientPlan

DEVELOPMENT_ACUITY_OFFSET = 0.155  # logMAR
NOT_GRADABLE_SHARE, IMPLANT_SHARE = 0.08, 0.05
TRAINING_CONDITION_SHARE = 0.22  # far above chance: a cloudy cornea or a small pupil must not be new to it
FREE_FORM_SHARE = 0.25
_STATES = (LensState.INTRAOCULAR, LensState.APHAKIC, LensState.OUTSIDE)
_LOOK_STATES = (*_STATES, LensState.IMPLANT)
LOOK_PHAKIC_SHARE, LOOK_TOOL_SHARE = 0.45, 0.22


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
        if rng.uniform() < NOT_GRADABLE_SHARE:
            state = _STATES[int(rng.choice(3, p=(0.60, 0.20, 0.20)))]
            recipe = PatientRecipe(ages_between(20, 92), (False, False), state=state, wide=True)
        else:
            recipe = _gradable(rng)
        plans.append(make_patient(cohort, number, recipe, training_scans))
    return plans


def looks(cohort: str, patients: int) -> list[PatientPlan]:
    """Every state of the lens about as often, and every tool on some scans: what a look over the frame learns from."""
    plans = []
    for number in range(patients):
        rng = generator(cohort, number, "kind")
        recipe = _gradable(rng)
        if rng.uniform() >= LOOK_PHAKIC_SHARE:
            state = _LOOK_STATES[int(rng.choice(4, p=(0.40, 0.13, 0.25, 0.22)))]
            recipe = replace(recipe, state=state)
        patient = make_patient(cohort, number, recipe, training_scans)
        eyes = tuple((eye, tuple(_perhaps_altered(scan, rng) for scan in scans)) for eye, scans in patient.eyes)
        plans.append(replace(patient, eyes=eyes))
    return plans


def _gradable(rng: np.random.Generator) -> PatientRecipe:
    """A patient of training whose lens can be graded: clear or cataract."""
    cataract, implant = bool(rng.uniform() < 0.5), bool(rng.uniform() < IMPLANT_SHARE)
    recipe = PatientRecipe(
        ages_between(25, 92) if cataract else ages_between(18, 88),
        (cataract, cataract),
        wide=True,
        condition=_training_condition,
        free_form=bool(rng.uniform() < FREE_FORM_SHARE),
    )
    if not implant:
        return recipe
    mix = behind_implant if cataract else None
    return replace(recipe, state=LensState.IMPLANT, age=ages_between(20, 70), mix=mix)


def _training_condition(rng: np.random.Generator) -> str:
    name = str(rng.choice(CONDITIONS[1:]))
    return name if rng.uniform() < TRAINING_CONDITION_SHARE else ""


def _perhaps_altered(scan: ScanPlan, rng: np.random.Generator) -> ScanPlan:
    """The scan, or one on which a person used a tool; those read pictures of 8 bits, which raw data are not."""
    tool = list(Tool)[int(rng.integers(len(Tool)))]
    chosen = rng.uniform() < LOOK_TOOL_SHARE and scan.geometry is not Geometry.RAW
    return replace(scan, tool=tool) if chosen else scan
