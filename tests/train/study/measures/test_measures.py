"""Measures against the truth of a few simulated eyes, fitted and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.measure.answer import Answer
from edge_runtime.measure.coefficients import MeasureCoefficients, coefficients_of
from train.__main__ import main
from train.phantom.cohorts.dataset import Cohort
from train.phantom.patient import make_eye
from train.phantom.render import render
from train.study.measures.coefficients import fit_coefficients
from train.study.measures.failures import missed, pictures_of
from train.study.measures.figures_of_merit import answer_of, evidence_of, figures_of
from train.study.measures.measured_eyes import (
    MeasuredEye,
    analyzer_of_the_study,
    cohort_sha256,
    jobs,
    measured_eyes,
)
from train.study.measures.truths import has_cataract, severity_db, truly_opaque

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> list[MeasuredEye]:
    cohort = Cohort.plan("grading", seed=3, patients=14)
    folder = tmp_path_factory.mktemp("measured")
    found = measured_eyes(cohort, folder / "a.ledger")
    assert measured_eyes(cohort, folder / "a.ledger") == found  # read back, not measured again
    return found


@pytest.fixture(scope="module")
def exams_in_pairs(eyes: list[MeasuredEye]) -> list[MeasuredEye]:
    """Every eye examined twice, the second time with fractions that are 0.02 higher."""
    again = [replace(eye, fractions=tuple(fraction + 0.02 for fraction in eye.fractions)) for eye in eyes]
    return eyes + again


def test_zones_and_thickness_agree_with_the_truth(eyes: list[MeasuredEye]) -> None:
    measured = [eye for eye in eyes if eye.measures and eye.truths]
    assert len(measured) >= 25
    dice = [truth.zone_dice["nucleus"] for eye in measured for truth in eye.truths]
    assert sum(dice) / len(dice) > 0.88
    errors = [abs(eye.measures.thickness_mm - eye.facts.thickness_mm) for eye in measured if eye.measures]
    assert sorted(errors)[len(errors) // 2] < 0.1


def test_how_far_exams_are_apart_is_measured_in_eyes_with_two(
    eyes: list[MeasuredEye], exams_in_pairs: list[MeasuredEye]
) -> None:
    band = fit_coefficients(exams_in_pairs, "in pairs").repeatability.band([0.5] * 6)
    assert band == pytest.approx((0.5 - 1.96 * 0.02, 0.5 + 1.96 * 0.02), abs=1e-4)
    with pytest.raises(ValueError, match="examined twice"):
        fit_coefficients(eyes, "one exam each")


def test_a_dense_nucleus_is_graded_above_a_clear_one(
    eyes: list[MeasuredEye], exams_in_pairs: list[MeasuredEye]
) -> None:
    coefficients = fit_coefficients(exams_in_pairs, "a few eyes")
    figures = figures_of(eyes, coefficients)
    assert figures["grade"]["rank"] > 0.8
    assert figures["eyes"] == len(eyes) == 28
    assert coefficients.pictures_sha256 == cohort_sha256(exams_in_pairs)
    dense = [eye for eye in eyes if (severity_db(eye) or 0) > 5]
    assert dense
    assert {answer_of(eye, coefficients) for eye in dense} <= {Answer.REFER, Answer.REPEAT}


def test_the_evidence_of_the_eyes_of_the_fit_adds_up_to_those_that_have_a_cataract(
    eyes: list[MeasuredEye], exams_in_pairs: list[MeasuredEye]
) -> None:
    """As that of every logistic regression with an intercept: the weights are those of the terms as they are."""
    coefficients = fit_coefficients(exams_in_pairs, "a few eyes")
    found = [(evidence_of(eye, coefficients), has_cataract(eye)) for eye in exams_in_pairs]
    known = [(share, present) for share, present in found if share is not None]
    assert len(known) > 50
    assert sum(share for share, _ in known) == pytest.approx(sum(present for _, present in known), abs=0.02)
    figures = figures_of(eyes, coefficients)["cataract_evidence"]
    assert figures["truly_opaque"]["eyes"] <= figures["eyes"] <= len(eyes)
    assert figures["cataract"]["evidence"]["auc"] > 0.75
    clear = [eye for eye in eyes if not has_cataract(eye)]
    assert "evidence" not in figures_of(clear, coefficients)["cataract_evidence"]["cataract"]
    without = replace(coefficients, cataract=None)
    assert figures_of(eyes, without)["cataract_evidence"] is None
    assert evidence_of(eyes[0], without) is None
    with pytest.raises(ValueError, match="with and without"):
        fit_coefficients([eye for eye in exams_in_pairs if has_cataract(eye)], "no clear eye")


def test_an_eye_is_truly_opaque_or_a_cataract_eye(eyes: list[MeasuredEye]) -> None:
    opaque = next(eye for eye in eyes if truly_opaque(eye))
    bare = next(eye for eye in eyes if not truly_opaque(eye))
    for eye, group, has in ((opaque, "clear", True), (bare, "cataract", True), (bare, "clear", False)):
        assert has_cataract(replace(eye, facts=replace(eye.facts, group=group))) is has


def test_a_measured_eye_has_the_evidence_and_answer_of_a_device(eyes: list[MeasuredEye]) -> None:
    cohort = Cohort.plan("grading", seed=3, patients=14)
    analyzer = analyzer_of_the_study()
    coefficients = coefficients_of(analyzer.network.metadata.measures)
    assert coefficients is not None
    for job, eye in list(zip(jobs(cohort, None), eyes, strict=True))[:6]:
        made = make_eye(job.eye)
        rendered = [render(made, plan) for plan in job.scans]
        profiles = {str(scan.notes["profile"]) for scan in rendered}
        device = analyzer_of_the_study(profiles.pop() if len(profiles) == 1 else None)
        found = device.analyze_exam(frames=[scan.picture for scan in rendered])
        assert evidence_of(eye, coefficients) == pytest.approx(found.findings.cataract_evidence, abs=1e-6)
        assert answer_of(eye, coefficients) is found.answer


def test_the_verb_fits_and_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exams_in_pairs: list[MeasuredEye]
) -> None:
    words = ["measures", "--cohort", "grading", "--seed", "3", "--out", str(tmp_path / "fit"), "--fit"]
    with monkeypatch.context() as measured_already:
        measured_already.setattr("train.commands.measures.measured_eyes", lambda *_: exams_in_pairs)
        assert main(words) == 0
    coefficients = tmp_path / "fit" / "coefficients.json"
    assert "cohort grading" in MeasureCoefficients.from_json(coefficients.read_text()).fitted_on
    judged = ["measures", "--cohort", "validation", "--seed", "4", "--patients", "2", "--out", str(tmp_path / "judged")]
    assert main([*judged, "--coefficients", str(coefficients)]) == 0
    figures = json.loads((tmp_path / "judged" / "figures.json").read_text())
    assert figures["together"]["answers"]["clear"]
    assert (tmp_path / "judged" / "agreement.pdf").is_file()
    assert main([*judged, "--coefficients", str(tmp_path / "none.json")]) == UsageError.exit_code
    few = [
        "measures",
        "--cohort",
        "validation",
        "--seed",
        "4",
        "--patients",
        "2",
        "--out",
        str(tmp_path / "few"),
        "--fit",
    ]
    assert main(few) == UsageError.exit_code


def test_an_opaque_lens_without_a_sign_is_drawn(
    eyes: list[MeasuredEye], exams_in_pairs: list[MeasuredEye], monkeypatch: pytest.MonkeyPatch
) -> None:
    coefficients = fit_coefficients(exams_in_pairs, "a few eyes")
    monkeypatch.setattr("train.study.measures.failures.answer_of", lambda *_: Answer.NO_SIGN)
    wrong = missed(eyes, coefficients)
    assert wrong
    assert all(truly_opaque(eye) for eye in wrong)
    ((name, picture),) = pictures_of(Cohort.plan("grading", seed=3, patients=14), wrong[:1])
    assert name == f"missed_{wrong[0].facts.patient}_{wrong[0].facts.eye}_1.png"
    assert picture.startswith(b"\x89PNG")
