"""The bundled models against the checkpoint on a small simulated cohort; and a model that is not that of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.parity.cohort import RESULTS, main
from benchmarks.parity.comparison import broken
from export.bundle import BUNDLE
from train.__main__ import main as train
from train.checkpoint import load_checkpoint, save_checkpoint

REGISTER = json.loads((BUNDLE / "register.json").read_text(encoding="utf-8"))
(CHECKPOINT,) = (Path(__file__).parents[3] / "train" / "checkpoints").iterdir()
SEED = 41  # of no cohort that anything is trained or judged on


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    assert (
        train(["phantom", "--cohort", "age-matched", "--patients", "2", "--seed", str(SEED), "--out", str(folder)]) == 0
    )
    return folder


def compare(checkpoint: Path, cohort: Path, out: Path, *words: str) -> int:
    models = [str(BUNDLE / entry["file"]) for entry in REGISTER.values()]
    return main(["--checkpoint", str(checkpoint), "--model", *models, "--data", str(cohort), "--out", str(out), *words])


@pytest.mark.slow
def test_every_bundled_model_keeps_its_limits(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "parity.json"
    assert compare(CHECKPOINT, cohort, out) == 0
    content = json.loads(out.read_text(encoding="utf-8"))
    assert f"seed {SEED}" in content["data"]["description"]
    assert [one["model"]["precision"] for one in content["models"]] == list(REGISTER)
    for one in content["models"]:
        assert one["broken"] == []
        assert one["found"]["scans"] == content["data"]["scans"] == 12
        assert one["found"]["eyes"] == len(one["eyes"]) == 4
        assert one["found"]["auc"]["drift"] <= 0.002


@pytest.mark.slow
def test_a_changed_weight_breaks_parity(cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = load_checkpoint(CHECKPOINT)
    weights = dict(checkpoint.weights)
    name = next(name for name, value in weights.items() if value.dim() == 4)
    weights[name] = weights[name].clone()
    weights[name][0] *= 1.01
    save_checkpoint(replace(checkpoint, weights=weights), tmp_path / "changed")
    assert compare(tmp_path / "changed", cohort, tmp_path / "parity.json", "--limit", "2") == 1
    assert "probability: " in capsys.readouterr().out


def test_the_committed_comparison_is_of_the_bundled_models_and_says_which_limits_they_break() -> None:
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    compared = {one["model"]["precision"]: one for one in content["models"]}
    assert {name: one["model"]["sha256"] for name, one in compared.items()} == {
        name: entry["sha256"] for name, entry in REGISTER.items()
    }
    for precision, one in compared.items():
        assert one["broken"] == broken(one["found"], precision)
        assert one["found"]["decisions_changed"] == 0
    assert compared["fp32"]["broken"] == []
    # Known, and told: docs/decisions/log.md, "int8 of edge 0.5.0".
    names = [sentence.partition(":")[0] for sentence in compared["int8"]["broken"]]
    assert names == ["Cataract Fraction", "Cataract Fraction, 99th percentile"]
