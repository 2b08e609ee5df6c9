from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.make_tiny_model import TinyModel, tiny_model_bytes
from train.__main__ import main
from train.phantom.cohorts.catalogue import COHORTS as PHANTOM_COHORTS
from train.study.aims import AIMS
from train.study.reproduce import COHORTS, PAIRS


def test_every_cohort_of_the_study_can_be_made() -> None:
    assert set(COHORTS) <= set(PHANTOM_COHORTS)
    assert {aim.cohort for aim in AIMS} <= set(COHORTS)


def test_the_other_cohort_of_a_pair_is_measured_first() -> None:
    assert all(COHORTS.index(other) < COHORTS.index(cohort) for cohort, other in PAIRS.items())


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
