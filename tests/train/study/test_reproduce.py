from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.make_tiny_model import TinyModel, tiny_model_bytes
from train.__main__ import main
from train.phantom.cohorts.catalogue import COHORTS as PHANTOM_COHORTS
from train.study.reproduce import AIMS, COHORTS, PAIRS, Aim, summary, verdict


def test_every_cohort_of_the_study_can_be_made() -> None:
    assert set(COHORTS) <= set(PHANTOM_COHORTS)
    assert {aim.cohort for aim in AIMS} <= set(COHORTS)


def test_the_other_cohort_of_a_pair_is_measured_first() -> None:
    assert all(COHORTS.index(other) < COHORTS.index(cohort) for cohort, other in PAIRS.items())
    assert {aim.cohort for aim in AIMS if aim.path[0] == "moved"} == PAIRS.keys()


@pytest.mark.parametrize(
    ("aim", "one", "expected"),
    [
        (Aim("", "", (), 0.98), {"value": 0.98, "low": 0.9}, "yes"),
        (Aim("", "", (), 0.98), {"value": 0.97, "low": 0.9}, "no"),
        (Aim("", "", (), 0.02, at_least=False), {"value": 0.03, "low": 0.0}, "no"),
        (Aim("", "", (), 0.0, of="low"), {"value": 0.1, "low": 0.0}, "no"),
        (Aim("", "", (), 0.0, of="low"), {"value": 0.1, "low": 0.01}, "yes"),
        (Aim("", "", (), 0.0), {"value": None, "low": None}, "not measured"),
        (Aim("", "", (), 0.0), None, "not measured"),
    ],
)
def test_an_aim_is_reached_or_not_or_not_measured(aim: Aim, one: dict[str, float | None] | None, expected: str) -> None:
    assert verdict(aim, one) == expected


def test_without_any_cohort_there_is_no_claim() -> None:
    assert "reached" not in summary({}).split("|---")[-1]


@pytest.mark.slow
def test_a_small_study_runs_from_seeds_and_leaves_its_reports(tmp_path: Path) -> None:
    model = tmp_path / "tiny.onnx"
    model.write_bytes(tiny_model_bytes(TinyModel(grid=8)))
    out = tmp_path / "study"
    words = ["study", "--model", str(model), "--out", str(out), "--seed", "3", "--patients", "1", "--workers", "1",
             "--resamples", "50", "--cohorts", "corneal-disease-without", "corneal-disease"]  # fmt: skip
    assert main(words) == 0
    results = json.loads((out / "corneal-disease/results.json").read_text())
    assert results["cohort"] == {
        "name": "corneal-disease", "seed": 3, "patients": 1, "threshold_from": None,
        "pair_with": "corneal-disease-without",
    }  # fmt: skip
    assert "corneal-disease-without" in results["moved_from"]
    assert not any("no such report was given" in sentence for sentence in results["left_out"])
    assert "minus the same eyes without" in (out / "study.md").read_text()
    assert results["table_1"]["clear"]["images"] == 6
    assert "[corneal-disease](corneal-disease/report.md)" in (out / "study.md").read_text()
    assert not (out / "scans/corneal-disease").exists()
    before = (out / "corneal-disease/results.json").stat().st_mtime_ns
    assert main(words) == 0  # nothing left to do
    assert (out / "corneal-disease/results.json").stat().st_mtime_ns == before
    assert main([word for word in words if word != "corneal-disease-without"]) == 0  # now without its pair
    assert json.loads((out / "corneal-disease/results.json").read_text())["moved_from"] is None
