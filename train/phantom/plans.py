"""Who is in a cohort: patients, eyes and scans, with exact counts, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .eye.conditions import CONDITIONS
from .eye.corneal_condition import CornealCondition
from .eye.plan import EyePlan, LensState
from .imaging.plan import DISPLAY_SETTINGS, EXPORT_COLUMNS, EXPORT_ROWS, FORCED, Geometry, ScanPlan
from .seeds import generator

if TYPE_CHECKING:
    from collections.abc import Callable

MERIDIANS_DEG = (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)
DEVELOPMENT_ACUITY_OFFSET, VALIDATION_ACUITY_OFFSET = 0.155, 0.06


@dataclass(frozen=True, slots=True)
class PatientPlan:
    """One patient.

    Attributes
    ----------
    patient_id, age_years, sex
        As in patients.csv.
    eyes
        Plans of one or two eyes, each with its scans.
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


def _ages_between(low: float, high: float) -> Callable[[np.random.Generator], float]:
    return lambda rng: float(rng.uniform(low, high))


def validation_cataract_age(rng: np.random.Generator) -> float:
    """3.5 % are young, the cases of focal cataract."""
    return float(rng.uniform(25, 50)) if rng.uniform() < 0.035 else clipped_normal(rng, 74.7, 9.3, 45, 95)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of patient is made.

    Attributes
    ----------
    age
        Draws an age.
    groups
        For OD and OS: True cataract, False clear, None no such eye in the study.
    acuity_offset
        Base of the acuity's model.
    mix
        Draws the type of cataract to force, or None.
    state
        What stands behind the pupil.
    dilated
        None: by the toss of a coin.
    """

    age: Callable[[np.random.Generator], float]
    groups: tuple[bool | None, bool | None]
    acuity_offset: float = VALIDATION_ACUITY_OFFSET
    mix: Callable[[np.random.Generator], str] | None = None
    state: LensState = LensState.PHAKIC
    dilated: bool | None = None
    wide: bool = False
    condition: Callable[[np.random.Generator], str] | None = None
    senescent: bool = False
    shifted: bool = False


def make_patient(
    cohort: str, number: int, recipe: Recipe, scans: Callable[[np.random.Generator, int], tuple[ScanPlan, ...]]
) -> PatientPlan:
    """One patient of a cohort from a recipe; the cohort's name and the number fix everything."""
    patient_id = f"{cohort.split('/')[0]}-{number:04d}"
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
                cohort, patient_id, eye, age, cataract, dilated, mix, recipe.acuity_offset, recipe.wide, recipe.state
            )
            plan = replace(
                plan, condition=condition, senescent=recipe.senescent and not cataract, shifted=recipe.shifted
            )
            eyes.append((plan, scans(rng, index)))
    return PatientPlan(patient_id, age, sex, tuple(eyes))


def study_scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
    """Six radial scans, all in one geometry per eye: as exported today (optical path) or refraction-corrected."""
    geometry = Geometry.OPTICAL if rng.uniform() < 0.6 else Geometry.CORRECTED
    return tuple(ScanPlan(1, meridian, geometry) for meridian in MERIDIANS_DEG)


def training_scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
    """Three of the meridians, each in a geometry of its own, under wide physics."""
    plans = []
    for meridian in rng.permutation(MERIDIANS_DEG)[:3]:
        geometry = Geometry(str(rng.choice(["optical", "corrected", "raw", "fan"], p=[0.45, 0.33, 0.12, 0.10])))
        small = geometry is Geometry.OPTICAL and rng.uniform() < 0.4
        floor = geometry is not Geometry.RAW and bool(rng.uniform() < 0.12)
        size = (EXPORT_ROWS, EXPORT_COLUMNS) if small else (0, 0)
        plans.append(ScanPlan(1, float(meridian), geometry, *size, floor, True))
    return tuple(plans)


def _study(
    cohort: str, clear: Recipe, cataract: Recipe, patients: tuple[int, int], both: int, fellow: int
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
    clear = Recipe(lambda rng: clipped_normal(rng, 38, 10, 18, 68), (False, False), DEVELOPMENT_ACUITY_OFFSET)
    cataract = Recipe(lambda rng: clipped_normal(rng, 70.4, 8.4, 45, 92), (True, True), DEVELOPMENT_ACUITY_OFFSET)
    return _study(cohort, clear, cataract, (21, 22), 19, 1)


def validation(cohort: str, patients: int) -> list[PatientPlan]:
    """66 clear patients (132 eyes) and 48 with cataract (41 bilateral, 7 single: 89 eyes)."""
    clear = Recipe(lambda rng: clipped_normal(rng, 34.6, 10, 18, 65), (False, False))
    return _study(cohort, clear, Recipe(validation_cataract_age, (True, True)), (66, 48), 41, 0)


NOT_GRADABLE_SHARE = 0.08
TRAINING_CONDITION_SHARE = 0.15  # far above chance: a cloudy cornea or a small pupil must not be new to the network
_STATES = (LensState.INTRAOCULAR, LensState.APHAKIC, LensState.OUTSIDE, LensState.IMPLANT)


def training(cohort: str, patients: int) -> list[PatientPlan]:
    """Ages overlap, so that age tells nothing: clear and cataract from 20 to 92; 8 % without a gradable lens."""

    def condition(rng: np.random.Generator) -> str:
        name = str(rng.choice(CONDITIONS[1:]))
        return name if rng.uniform() < TRAINING_CONDITION_SHARE else ""

    plans = []
    for number in range(patients):
        rng = generator(cohort, number, "kind")
        if rng.uniform() < NOT_GRADABLE_SHARE:
            state = _STATES[int(rng.choice(4, p=(0.50, 0.17, 0.18, 0.15)))]
            recipe = Recipe(_ages_between(20, 92), (False, False), state=state, wide=True)
        elif rng.uniform() < 0.5:
            recipe = Recipe(_ages_between(18, 88), (False, False), wide=True, condition=condition)
        else:
            recipe = Recipe(_ages_between(25, 92), (True, True), wide=True, condition=condition)
        plans.append(make_patient(cohort, number, recipe, training_scans))
    return plans


STRESS_MERIDIANS_DEG = (0.0, 60.0, 120.0)
STRESS_PATIENTS = 50  # per group; two eyes each make the 100 eyes per group


def _stress_scans(
    forced: tuple[str, ...] = ("",),
    exams: tuple[int, ...] = (1,),
    settings: tuple[int, ...] = (0,),
    meridians: tuple[float, ...] = STRESS_MERIDIANS_DEG,
) -> Callable[..., tuple[ScanPlan, ...]]:
    """Scans of a stress cohort: 60 % of the eyes in optical path, the others refraction-corrected."""

    def scans(rng: np.random.Generator, index: int) -> tuple[ScanPlan, ...]:
        geometry = Geometry.OPTICAL if rng.uniform() < 0.6 else Geometry.CORRECTED
        return tuple(
            ScanPlan(exam, meridian, geometry, forced=str(rng.choice(forced)), setting=setting)
            for exam in exams
            for setting in settings
            for meridian in meridians
        )

    return scans


def _both_groups(
    cohort: str, patients: int, clear: Recipe, cataract: Recipe, scans: Callable[..., tuple[ScanPlan, ...]]
) -> list[PatientPlan]:
    """Clear and cataract patients in turn, both eyes each."""
    return [make_patient(cohort, number, cataract if number % 2 else clear, scans) for number in range(patients)]


def _pair(ages: Callable[[np.random.Generator], float], **more: Any) -> tuple[Recipe, Recipe]:
    """The same ages for clear and for cataract eyes."""
    return Recipe(ages, (False, False), **more), Recipe(ages, (True, True), **more)


def age_matched(cohort: str, patients: int) -> list[PatientPlan]:
    """Half of the patients are 60 to 80 years old, half 25 to 50; clear and cataract alike."""
    plans = []
    for number in range(patients):
        ages = _ages_between(60, 80) if number % 4 < 2 else _ages_between(25, 50)
        clear, cataract = _pair(ages)
        plans.append(make_patient(cohort, number, cataract if number % 2 else clear, _stress_scans()))
    return plans


def focal_young(cohort: str, patients: int) -> list[PatientPlan]:
    """25 to 50 years; cataracts are focal only: polar or anterior, or an isolated posterior subcapsular plaque."""
    clear, cataract = _pair(_ages_between(25, 50))
    cataract = replace(cataract, mix=lambda rng: "F" if rng.uniform() < 0.6 else "P")
    return _both_groups(cohort, patients, clear, cataract, _stress_scans())


def senescent_clear(cohort: str, patients: int) -> list[PatientPlan]:
    """Clear eyes of 50 to 70 years with an ageing nucleus of 1.5 to 3.5 dB, against cataract of the same ages."""
    clear, cataract = _pair(_ages_between(50, 70))
    return _both_groups(cohort, patients, replace(clear, senescent=True), cataract, _stress_scans())


def corneal_disease(cohort: str, patients: int) -> list[PatientPlan]:
    """Scar, oedema, guttae, arcus or contact lens, over clear and cataract lenses of 40 to 85 years."""
    names = tuple(str(name) for name in CornealCondition)
    return _both_groups(
        cohort, patients, *_pair(_ages_between(40, 85), condition=lambda rng: str(rng.choice(names))), _stress_scans()
    )


def artefacts(cohort: str, patients: int) -> list[PatientPlan]:
    """Every scan has an artefact; some eyes a small pupil, synechia, tilt, decentration or shallow chamber besides."""
    conditions = ("", "", "", "small-pupil", "synechia", "tilted", "decentred", "shallow")
    pair = _pair(_ages_between(30, 85), condition=lambda rng: str(rng.choice(conditions)))
    return _both_groups(cohort, patients, *pair, _stress_scans(FORCED[1:]))


def test_retest(cohort: str, patients: int) -> list[PatientPlan]:
    """Each eye at two exams of six scans: pose, pupil, gain and noise drawn anew."""
    scans = _stress_scans(exams=(1, 2), meridians=MERIDIANS_DEG)
    return _both_groups(cohort, patients, *_pair(_ages_between(40, 85)), scans)


def display(cohort: str, patients: int) -> list[PatientPlan]:
    """Each exposure under five gains and windows; the setting's number stands in the column of the exam."""
    settings = tuple(range(1, len(DISPLAY_SETTINGS) + 1))
    return _both_groups(cohort, patients, *_pair(_ages_between(40, 85)), _stress_scans(settings=settings))


def shifted(cohort: str, patients: int) -> list[PatientPlan]:
    """The validation eyes and poses again: a zone profile, speckle and display that training never meets."""
    return _with_other_eyes(validation(_partner("validation", cohort), patients), shifted=True)


def corneal_disease_without(cohort: str, patients: int) -> list[PatientPlan]:
    """The eyes, poses and exposures of `corneal-disease` with healthy corneas."""
    plans = corneal_disease(_partner("corneal-disease", cohort), patients)
    return _with_other_eyes(plans, condition="", no_condition=True)


def artefacts_without(cohort: str, patients: int) -> list[PatientPlan]:
    """The eyes and poses of `artefacts` without any artefact; what is odd about pupil and lens' place stays."""
    plans = _with_other_eyes(artefacts(_partner("artefacts", cohort), patients), no_artefacts=True)
    return [
        replace(p, eyes=tuple((eye, tuple(replace(scan, forced="") for scan in scans)) for eye, scans in p.eyes))
        for p in plans
    ]


def _partner(name: str, cohort: str) -> str:
    """Name, for the seeds, of the cohort whose patients come again."""
    return f"{name}/{cohort.split('/')[1]}"


def _with_other_eyes(plans: list[PatientPlan], **changes: Any) -> list[PatientPlan]:
    """The same patients and scans, with these changes to the plan of every eye."""
    return [replace(p, eyes=tuple((replace(eye, **changes), scans) for eye, scans in p.eyes)) for p in plans]


def not_gradable(cohort: str, patients: int) -> list[PatientPlan]:
    """Artificial lenses, aphakia, phakic implants and lenses mostly outside the frame, in turn."""
    states = (LensState.INTRAOCULAR, LensState.INTRAOCULAR, LensState.APHAKIC, LensState.IMPLANT, LensState.OUTSIDE)
    return [
        make_patient(
            cohort,
            number,
            Recipe(_ages_between(25, 90), (False, False), state=states[number % len(states)]),
            _stress_scans(),
        )
        for number in range(patients)
    ]


# Maker and usual number of patients.
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
    "test-retest": (test_retest, 2 * STRESS_PATIENTS),
    "display": (display, 2 * STRESS_PATIENTS),
    "shifted": (shifted, 114),
    "not-gradable": (not_gradable, STRESS_PATIENTS),
}


def plan_cohort(name: str, seed: int = 0, patients: int | None = None) -> list[PatientPlan]:
    """Every patient of a cohort.

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
