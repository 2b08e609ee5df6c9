"""Cohorts: exact counts, ages and acuity as published, no patient twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from train.phantom.cohorts.catalogue import COHORTS, plan_cohort
from train.phantom.cohorts.patients import PatientPlan
from train.phantom.cohorts.studies import LOOKS_SHARES
from train.phantom.cohorts.tables import scan_id
from train.phantom.eye.plan import GRADABLE, LensState
from train.phantom.imaging import beams, lens_image
from train.phantom.imaging.plan import Geometry, Tool
from train.phantom.imaging.pose import draw_view
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.phantom.seeds import generator

# Zeboulon et al. 2022, Table 1: age and logMAR, mean and standard deviation.
PAPER = {
    "development": {"clear": (38.0, 10.0), "cataract": (70.4, 8.4), "acuity": (0.31, 0.20)},
    "validation": {"clear": (34.6, 10.0), "cataract": (73.4, 11.5), "acuity": (0.27, 0.30)},
}
STRESS = ("age-matched", "focal-young", "senescent-clear", "corneal-disease", "artefacts", "test-retest", "display")
# Cohorts of patients who are in another one by design, so that results pair.
AGAIN = {
    "shifted": "validation",
    "corneal-disease-without": "corneal-disease",
    "artefacts-without": "artefacts",
    "altered-without": "altered",
    "free-form": "grading",
}


def eyes_of(patients: list[PatientPlan], cataract: bool) -> int:
    return sum(eye.cataract is cataract for patient in patients for eye, _ in patient.eyes)


@pytest.mark.parametrize(
    ("name", "patients", "clear", "cataract", "scans"),
    [("development", 43, 43, 41, 504), ("validation", 114, 132, 89, 1326)],
)
def test_the_studies_have_the_papers_counts(name: str, patients: int, clear: int, cataract: int, scans: int) -> None:
    plan = plan_cohort(name)
    assert len(plan) == patients
    assert eyes_of(plan, False) == clear
    assert eyes_of(plan, True) == cataract
    assert sum(len(scan_plans) for patient in plan for _, scan_plans in patient.eyes) == scans


def test_one_cataract_patient_in_development_has_a_clear_fellow_eye() -> None:
    mixed = [p for p in plan_cohort("development") if len({eye.cataract for eye, _ in p.eyes}) == 2]
    assert len(mixed) == 1


@pytest.mark.parametrize("name", PAPER)
def test_ages_lie_within_the_sampling_error_of_table_1(name: str) -> None:
    plan = plan_cohort(name)
    for group in ("clear", "cataract"):
        ages = [p.age_years for p in plan if any(eye.cataract for eye, _ in p.eyes) == (group == "cataract")]
        mean, spread = PAPER[name][group]
        error = spread / np.sqrt(len(ages))
        assert np.mean(ages) == pytest.approx(mean, abs=2.6 * error)  # both sides are samples; limits cut the tails
        assert np.std(ages) == pytest.approx(spread, rel=3 / np.sqrt(2 * len(ages)))


@pytest.mark.slow
def test_acuity_and_true_opacity_of_the_validation_eyes_are_as_published() -> None:
    acuities, fractions = [], []
    grid = beams.Grid()
    for patient in plan_cohort("validation"):
        for plan, scans in patient.eyes:
            eye = make_eye(plan)
            if not plan.cataract:
                assert eye.disease.bcva_logmar == 0.0
                continue
            acuities.append(eye.disease.bcva_logmar)
            view = draw_view(generator("any"), eye, scans[0], grid)
            lens = lens_image.image_lens(
                eye.anatomy,
                eye.scatter,
                eye.texture,
                eye.disease.opacities,
                beams.find_surfaces(eye.anatomy, view, grid),
                view,
                grid,
            )
            assert lens is not None
            inside = lens.cover > 0.5
            fractions.append(np.count_nonzero(lens.significant & inside) / np.count_nonzero(inside))
    mean, spread = PAPER["validation"]["acuity"]
    assert np.mean(acuities) == pytest.approx(mean, abs=2.6 * spread / np.sqrt(len(acuities)))
    assert np.std(acuities) == pytest.approx(spread, rel=0.35)
    # The paper's Cataract Fraction of cataract eyes, 0.479 +- 0.230: a network's output, so a guide only.
    assert np.mean(fractions) == pytest.approx(0.48, abs=0.08)
    assert np.std(fractions) == pytest.approx(0.23, abs=0.06)


@pytest.mark.parametrize("name", [*STRESS, "corneal-disease-without", "artefacts-without"])
def test_stress_cohorts_have_a_hundred_eyes_per_group(name: str) -> None:
    plan = plan_cohort(name)
    assert eyes_of(plan, False) >= 100
    assert eyes_of(plan, True) >= 100


def test_the_not_gradable_cohort_has_400_eyes_none_to_grade() -> None:
    states = [eye.state for patient in plan_cohort("not-gradable") for eye, _ in patient.eyes]
    assert len(states) == 400
    assert Counter(states) == {LensState.INTRAOCULAR: 200, LensState.APHAKIC: 100, LensState.OUTSIDE: 100}


def test_half_of_the_eyes_with_a_phakic_implant_have_a_cataract_mostly_below_the_front_capsule() -> None:
    eyes = [eye for patient in plan_cohort("phakic-implant") for eye, _ in patient.eyes]
    assert len(eyes) == 100
    assert all(eye.state is LensState.IMPLANT and 21 <= eye.age_years <= 60 for eye in eyes)
    ill = [eye for eye in eyes if eye.cataract]
    assert len(ill) == 50
    assert np.mean(["A" in str(eye.mix) for eye in ill]) > 0.5


def test_training_shows_every_state_free_forms_and_conditions_as_often_as_said() -> None:
    eyes = [patient.eyes[0][0] for patient in plan_cohort("training", patients=3000)]
    gradable = [eye for eye in eyes if eye.state in GRADABLE]
    implants = [eye for eye in gradable if eye.state is LensState.IMPLANT]
    assert 1 - len(gradable) / len(eyes) == pytest.approx(0.08, abs=0.015)
    assert len(implants) / len(eyes) == pytest.approx(0.05, abs=0.012)
    assert np.mean([eye.cataract for eye in implants]) == pytest.approx(0.5, abs=0.13)
    assert np.mean(["A" in str(eye.mix) for eye in implants if eye.cataract]) == pytest.approx(0.4, abs=0.17)
    assert np.mean([eye.free_form for eye in gradable]) == pytest.approx(0.25, abs=0.03)
    assert np.mean([eye.condition != "" for eye in gradable]) == pytest.approx(0.22, abs=0.03)


def test_looks_shows_every_state_and_tool_as_often_as_said() -> None:
    plans = plan_cohort("looks", patients=1500)
    states = Counter(patient.eyes[0][0].state for patient in plans)
    for state, share in LOOKS_SHARES.items():
        assert states[state] / len(plans) == pytest.approx(share, abs=0.04)
    scans = [scan for patient in plans for _, scans in patient.eyes for scan in scans]
    tools = Counter(scan.tool for scan in scans if scan.tool)
    assert sum(tools.values()) / len(scans) == pytest.approx(0.22, abs=0.02)
    assert set(tools) == set(Tool)
    assert max(tools.values()) < 1.6 * min(tools.values())
    assert all(scan.geometry is not Geometry.RAW for scan in scans if scan.tool)


def test_no_patient_is_in_two_cohorts() -> None:
    seen: dict[tuple[str, str], str] = {}
    for name in COHORTS:
        for patient in plan_cohort(name):
            for eye, _ in patient.eyes:
                key = eye.cohort, eye.patient
                assert seen.setdefault(key, name) in (name, AGAIN.get(name))
    assert len(seen) > 1000


@pytest.mark.parametrize("name", AGAIN)
def test_cohorts_that_pair_have_the_same_names_of_patients_and_scans(name: str) -> None:
    def names(cohort_name: str) -> list[tuple[str, float, str, list[str]]]:
        return [
            (p.patient_id, p.age_years, p.sex, [scan_id(eye, scan) for eye, scans in p.eyes for scan in scans])
            for p in plan_cohort(cohort_name, 3)
        ]

    assert names(name) == names(AGAIN[name])


def test_eyes_without_corneal_disease_differ_in_the_cornea_alone() -> None:
    pairs = list(zip(plan_cohort("corneal-disease"), plan_cohort("corneal-disease-without"), strict=True))
    assert len(pairs) > 50
    for ill, healthy in pairs:
        first, second = make_eye(ill.eyes[0][0]), make_eye(healthy.eyes[0][0])
        assert first.cornea_state is not None
        assert second.cornea_state is None
        assert second.anatomy.cornea.thickness_mm <= first.anatomy.cornea.thickness_mm
        assert second.anatomy.lens == first.anatomy.lens
        assert second.anatomy.pose == first.anatomy.pose
        assert second.anatomy.iris == first.anatomy.iris
        assert second.disease.nuclear_db == first.disease.nuclear_db
        assert second.disease.bcva_logmar == first.disease.bcva_logmar
        assert (second.gain_db, second.artefact_factor) == (first.gain_db, first.artefact_factor)


@pytest.mark.slow
def test_without_the_corneal_disease_the_lens_is_nearly_the_same() -> None:
    pairs = list(
        zip(plan_cohort("corneal-disease", patients=6), plan_cohort("corneal-disease-without", patients=6), strict=True)
    )
    assert len(pairs) == 6
    for ill, healthy in pairs:
        one, other = (render(make_eye(p.eyes[0][0]), p.eyes[0][1][0]) for p in (ill, healthy))
        assert one.notes["condition"] != other.notes["condition"] == ""
        assert one.notes["gain_db"] == other.notes["gain_db"]
        fractions = [float(scan.notes["truth_opacity_fraction"]) for scan in (one, other)]
        assert fractions[0] == pytest.approx(fractions[1], abs=0.01)


@pytest.mark.slow
def test_without_artefacts_the_truth_of_the_lens_is_the_same() -> None:
    same = 0
    pairs = zip(plan_cohort("artefacts", patients=8), plan_cohort("artefacts-without", patients=8), strict=True)
    for disturbed, quiet in pairs:
        (plan, scans), (quiet_plan, quiet_scans) = disturbed.eyes[0], quiet.eyes[0]
        assert quiet_plan.condition == plan.condition
        one, other = render(make_eye(plan), scans[1]), render(make_eye(quiet_plan), quiet_scans[1])
        assert scans[1].forced
        assert other.notes["artefacts"] == ""
        assert other.notes["condition"] == one.notes["condition"]
        if scans[1].forced == "clipped" or {"blink", "tear"} & set(str(one.notes["artefacts"]).split()):
            continue  # these change the pose
        for name in ("labels", "excess", "kind", "mask"):
            assert np.array_equal(getattr(one.truth, name), getattr(other.truth, name))
        assert one.notes["truth_opacity_fraction"] == other.notes["truth_opacity_fraction"]
        same += 1
    assert same >= 4


def test_eyes_without_artefacts_are_spared_chance_too() -> None:
    patients = plan_cohort("artefacts-without")
    assert len(patients) > 50
    for patient in patients:
        assert patient.eyes
        assert all(make_eye(eye).artefact_factor == 0 for eye, _ in patient.eyes)
        assert all(scan.forced == "" for _, scans in patient.eyes for scan in scans)


def test_other_seeds_are_other_people() -> None:
    first, second = plan_cohort("training", 0, 20), plan_cohort("training", 1, 20)
    assert [p.age_years for p in first] != [p.age_years for p in second]


def test_age_does_not_predict_the_group_in_training() -> None:
    plan = plan_cohort("training", patients=600)
    ages = {
        group: [p.age_years for p in plan if p.eyes[0][0].cataract is group and p.eyes[0][0].state is LensState.PHAKIC]
        for group in (False, True)
    }
    order = np.mean([old > young for old in ages[True] for young in ages[False]])
    assert order < 0.65


def test_eyes_of_a_patient_are_alike() -> None:
    pairs = [
        [make_eye(eye).anatomy.lens.front_radius_mm + 0.057 * eye.age_years for eye, _ in patient.eyes]
        for patient in plan_cohort("training", patients=40)
    ]
    assert np.corrcoef(np.array(pairs).T)[0, 1] > 0.8
