from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.make_tiny_model import TinyModel, tiny_model_bytes
from tests.train.synthetic import make_dataset, write_png
from train.__main__ import main
from train.dataset import read_dataset
from train.evaluate import evaluate, eyes_of, summarise


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("evaluate") / "data", patients=4, scans_per_eye=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey levels of the made-up lenses: 20 background, 90 clear, 200 cataract."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model_bytes(TinyModel(grid=8, clear_from=55.5, cataract_from=145.5)))
    return path


def test_a_model_that_knows_the_grey_levels_gets_everything_right(data: Path, model: Path) -> None:
    scans = evaluate(model, read_dataset(data), "truth_labels")
    results = summarise(scans, eyes_of(scans), 0.14)
    assert results["n"]["eyes"] == {"clear": 4, "cataract": 4}
    assert results["n"]["patients"] == 4
    assert results["auc_per_eye"] == 1
    assert (results["per_eye"]["sensitivity"], results["per_eye"]["specificity"]) == (1, 1)
    assert results["dice"]["lens"]["mean"] > 0.97
    assert results["dice"]["cataract"] == {"mean": pytest.approx(0.98, abs=0.02), "defined": 8, "undefined": 8}
    # Half of each cataract lens is opaque, none of a clear one.
    assert results["cataract_fraction"]["cataract"]["mean"] == pytest.approx(0.5, abs=0.02)
    assert results["cataract_fraction"]["clear"]["mean"] < 0.01


def test_the_papers_label_and_the_true_opacity_are_different_targets(data: Path, model: Path) -> None:
    scans = evaluate(model, read_dataset(data), "mask")
    assert summarise(scans, [], 0.14)["dice"]["cataract"]["mean"] == pytest.approx(2 / 3, abs=0.02)


def test_the_command_writes_one_row_per_scan_and_per_eye(data: Path, model: Path, tmp_path: Path) -> None:
    assert main(["evaluate", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report/results.json").read_text())
    with (tmp_path / "report/scans.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "report/eyes.csv").open(newline="") as file:
        eyes = list(csv.DictReader(file))
    assert len(rows) == 16
    assert len(eyes) == 8
    assert results["model"]["name"] == "tiny-grey-level"
    assert results["cf_threshold"] == 0.14
    row = next(row for row in rows if row["group"] == "cataract")
    assert float(row["cataract_fraction"]) == int(row["cataract_px"]) / int(row["lens_px"])
    members = [float(row["cataract_fraction"]) for row in rows if row["patient_id"] == "P1" and row["eye"] == "OD"]
    eye = next(eye for eye in eyes if eye["eye"] == "P1/OD/1")
    assert float(eye["cataract_fraction"]) == pytest.approx(sum(members) / 2)


def test_a_scan_without_a_lens_is_refused_and_counts_in_no_eye(model: Path, tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data", patients=2)
    dark = np.random.default_rng(0).integers(0, 30, (456, 538), dtype=np.uint8)
    write_png(folder / "images/P0_OD_0.png", dark)
    for kind in ("masks", "truth"):
        write_png(folder / kind / "P0_OD_0.png", np.zeros((456, 538), np.uint8))
    table = (folder / "scans.csv").read_text()
    (folder / "scans.csv").write_text(table.replace("P0_OD_0,P0,OD,1,clear", "P0_OD_0,P0,OD,1,"))
    scans = evaluate(model, read_dataset(folder), "mask")
    assert scans[0].reasons == ("lens-not-found",)
    assert scans[0].cataract_fraction is None
    counted = summarise(scans, eyes_of(scans), 0.14)["n"]
    assert (counted["scans_without_lens"], counted["scans_without_lens_refused"]) == (1, 1)
    assert counted["eyes"] == {"clear": 1, "cataract": 2}


def test_a_missing_dataset_ends_with_its_exit_code_and_one_message(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", str(model), "--data", str(tmp_path), "--out", str(tmp_path / "report")]) == 65
    assert "error[dataset]" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()
