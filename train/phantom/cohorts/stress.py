"""Cohorts that each stress one thing: clear and cataract eyes alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from train.phantom.eye.corneal_condition import CornealCondition
from train.phantom.eye.plan import LensState
from train.phantom.imaging.plan import DISPLAY_SETTINGS, FORCED, Tool
from train.phantom.seeds import generator

from .patients import PatientRecipe, ages_between, behind_implant, make_patient
from .scans import MERIDIANS_DEG, altered_scans, stress_scans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from train.phantom.imaging.plan import ScanPlan

    from .patients import PatientPlan


def _both_groups(
    cohort: str,
    patients: int,
    clear: PatientRecipe,
    cataract: PatientRecipe,
    scans: Callable[..., tuple[ScanPlan, ...]],
) -> list[PatientPlan]:
    """Clear and cataract patients in turn, both eyes each."""
    return [make_patient(cohort, number, cataract if number % 2 else clear, scans) for number in range(patients)]


def _pair(ages: Callable[[np.random.Generator], float], **more: Any) -> tuple[PatientRecipe, PatientRecipe]:
    """The same ages for clear and for cataract eyes."""
    return PatientRecipe(ages, (False, False), **more), PatientRecipe(ages, (True, True), **more)


def age_matched(cohort: str, patients: int) -> list[PatientPlan]:
    """Half of the patients are 60 to 80 years old, half 25 to 50; clear and cataract alike."""
    plans = []
    for number in range(patients):
        ages = ages_between(60, 80) if number % 4 < 2 else ages_between(25, 50)
        clear, cataract = _pair(ages)
        plans.append(make_patient(cohort, number, cataract if number % 2 else clear, stress_scans()))
    return plans


def focal_young(cohort: str, patients: int) -> list[PatientPlan]:
    """25 to 50 years; cataracts are focal only: polar or anterior, or an isolated posterior subcapsular plaque."""
    clear, cataract = _pair(ages_between(25, 50))
    cataract = replace(cataract, mix=lambda rng: "F" if rng.uniform() < 0.6 else "P")
    return _both_groups(cohort, patients, clear, cataract, stress_scans())


def senescent_clear(cohort: str, patients: int) -> list[PatientPlan]:
    """Clear eyes of 50 to 70 years with an ageing nucleus of 1.5 to 3.5 dB, against cataract of the same ages."""
    clear, cataract = _pair(ages_between(50, 70))
    return _both_groups(cohort, patients, replace(clear, senescent=True), cataract, stress_scans())


def corneal_disease(cohort: str, patients: int) -> list[PatientPlan]:
    """Scar, oedema, guttae, arcus or contact lens, over clear and cataract lenses of 40 to 85 years."""
    names = tuple(str(name) for name in CornealCondition)
    return _both_groups(
        cohort, patients, *_pair(ages_between(40, 85), condition=lambda rng: str(rng.choice(names))), stress_scans()
    )


def artefacts(cohort: str, patients: int) -> list[PatientPlan]:
    """Every scan has an artefact; some eyes a small pupil, synechia, tilt, decentration or shallow chamber besides."""
    conditions = ("", "", "", "small-pupil", "synechia", "tilted", "decentred", "shallow")
    pair = _pair(ages_between(30, 85), condition=lambda rng: str(rng.choice(conditions)))
    return _both_groups(cohort, patients, *pair, stress_scans(FORCED[1:]))


def retest(cohort: str, patients: int) -> list[PatientPlan]:
    """Each eye at two exams of six scans: pose, pupil, gain and noise drawn anew."""
    scans = stress_scans(exams=(1, 2), meridians=MERIDIANS_DEG)
    return _both_groups(cohort, patients, *_pair(ages_between(40, 85)), scans)


def display(cohort: str, patients: int) -> list[PatientPlan]:
    """Each exposure under five gains and windows; the setting's number stands in the column of the exam."""
    settings = tuple(range(1, len(DISPLAY_SETTINGS) + 1))
    return _both_groups(cohort, patients, *_pair(ages_between(40, 85)), stress_scans(settings=settings))


def not_gradable(cohort: str, patients: int) -> list[PatientPlan]:
    """Artificial lenses (half), aphakia and lenses mostly outside the frame, in turn."""
    states = (LensState.INTRAOCULAR, LensState.APHAKIC, LensState.INTRAOCULAR, LensState.OUTSIDE)
    return [
        make_patient(
            cohort,
            number,
            PatientRecipe(ages_between(25, 90), (False, False), state=states[number % len(states)]),
            stress_scans(),
        )
        for number in range(patients)
    ]


def phakic_implant(cohort: str, patients: int) -> list[PatientPlan]:
    """Natural lenses behind phakic implants, 21 to 60 years; cataracts are anterior subcapsular in most."""
    clear, cataract = _pair(ages_between(21, 60), state=LensState.IMPLANT)
    return _both_groups(cohort, patients, clear, replace(cataract, mix=behind_implant(0.7)), stress_scans())


def altered(cohort: str, patients: int) -> list[PatientPlan]:
    """One of all tools in every scan, each as often as the others, over clear and cataract lenses of 30 to 85 years."""
    plans = _both_groups(cohort, patients, *_pair(ages_between(30, 85)), altered_scans())
    tools = _in_turn(cohort)
    return [
        replace(p, eyes=tuple((eye, tuple(replace(scan, tool=next(tools)) for scan in scans)) for eye, scans in p.eyes))
        for p in plans
    ]


def _in_turn(cohort: str) -> Iterator[Tool]:
    """All tools, again and again, in an order that is drawn anew each time."""
    for turn in count():
        yield from (list(Tool)[place] for place in generator(cohort, turn, "tools").permutation(len(Tool)))


def grading(cohort: str, patients: int) -> list[PatientPlan]:
    """20 to 90 years, every kind of cataract about as often: what the coefficients of grade and kinds are fitted on."""
    mixes = ("N", "N", "C", "P", "F", "NC", "NP", "NCP")
    clear, cataract = _pair(ages_between(20, 90))
    cataract = replace(cataract, mix=lambda rng: str(rng.choice(mixes)))
    plans = []
    for number in range(patients):
        recipe = clear if number % 3 == 0 else cataract  # two in three have a cataract
        plans.append(make_patient(cohort, number, replace(recipe, senescent=number % 6 == 0), stress_scans()))
    return plans
