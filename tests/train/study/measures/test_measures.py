"""Measures against the truth of a few simulated eyes, fitted and judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.measure.answer import Answer
from edge_runtime.measure.coefficients import MeasureCoefficients
from train.__main__ import main
from train.phantom.cohorts.dataset import Cohort
from train.study.measures.coefficients import fit_coefficients
from train.study.measures.figures_of_merit import answer_of, figures_of
from train.study.measures.measured_eyes import MeasuredEye, cohort_sha256, measured_eyes
from train.study.measures.truths import severity_db

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> list[MeasuredEye]:
    cohort = Cohort.plan("grading", seed=3, patients=14)
    folder = tmp_path_factory.mktemp("measured")
    found = measured_eyes(cohort, folder / "a.ledger")
    assert measured_eyes(cohort, folder / "a.ledger") == found  # read back, not measured again
    return found


def test_zones_and_thickness_agree_with_the_truth(eyes: list[MeasuredEye]) -> None:
    measured = [eye for eye in eyes if eye.measures and eye.truths]
    assert len(measured) >= 25
    dice = [truth.zone_dice["nucleus"] for eye in measured for truth in eye.truths]
    assert sum(dice) / len(dice) > 0.88
    errors = [abs(eye.measures.thickness_mm - eye.facts.thickness_mm) for eye in measured if eye.measures]
    assert sorted(errors)[len(errors) // 2] < 0.1


def test_a_dense_nucleus_is_graded_above_a_clear_one(eyes: list[MeasuredEye]) -> None:
    coefficients = fit_coefficients(eyes, "a few eyes")
    figures = figures_of(eyes, coefficients)
    assert figures["grade"]["rank"] > 0.8
    assert figures["eyes"] == len(eyes) == 28
    assert coefficients.pictures_sha256 == cohort_sha256(eyes)
    dense = [eye for eye in eyes if (severity_db(eye) or 0) > 5]
    assert dense
    assert {answer_of(eye, coefficients) for eye in dense} <= {Answer.REFER, Answer.REPEAT}


def test_the_verb_fits_and_judges(tmp_path: Path) -> None:
    words = [
        "measures",
        "--cohort",
        "grading",
        "--seed",
        "3",
        "--patients",
        "14",
        "--out",
        str(tmp_path / "fit"),
        "--fit",
    ]
    assert main(words) == 0
    coefficients = tmp_path / "fit" / "coefficients.json"
    assert "cohort grading" in MeasureCoefficients.from_json(coefficients.read_text()).fitted_on
    judged = ["measures", "--cohort", "validation", "--seed", "4", "--patients", "2", "--out", str(tmp_path / "judged")]
    assert main([*judged, "--coefficients", str(coefficients)]) == 0
    figures = json.loads((tmp_path / "judged" / "figures.json").read_text())
    assert figures["together"]["answers"]["clear"]
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
