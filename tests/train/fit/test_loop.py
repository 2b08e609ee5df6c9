from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.train.synthetic import tiny_recipe_text
from train.__main__ import main
from train.checkpoint import load_checkpoint
from train.data.dataset import read_dataset
from train.data.frames import prepare
from train.data.split import split_by_patient
from train.fit.augment import apply, centred
from train.fit.recipe import parse_recipe
from train.fit.run import FitOptions, Run
from train.fit.stopping import Interruption

# One thread: the order of floating-point sums is then the same in every process.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def recipe_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(tiny_recipe_text())
    return path


def start(recipe: Path, data: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "train",
        "fit",
        "--recipe",
        str(recipe),
        "--data",
        str(data),
        "--out",
        str(out),
        *more,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert output == ""
    return errors


@pytest.fixture(scope="module")
def undisturbed(recipe_path: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "undisturbed"
    finish(start(recipe_path, data, out))
    return out


def last_row(run: Path) -> dict[str, str]:
    with (run / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))[-1]


@pytest.mark.slow
def test_a_small_training_finds_lenses_and_opacities_of_unseen_patients(undisturbed: Path) -> None:
    row = last_row(undisturbed)
    assert float(row["held_out_dice_lens"]) > 0.9
    assert float(row["held_out_dice_cataract"]) > 0.8
    assert float(row["held_out_auc"]) == 1


@pytest.mark.slow
def test_the_operating_point_lies_between_the_held_out_eyes(undisturbed: Path) -> None:
    with (undisturbed / "held_out.csv").open(newline="") as file:
        fractions = {group: [] for group in ("clear", "cataract")}
        for row in csv.DictReader(file):
            fractions[row["group"]].append(float(row["cataract_fraction"]))
    metadata = load_checkpoint(undisturbed / "checkpoint").metadata
    point = metadata.operating_point
    assert point is not None
    middle = (max(fractions["clear"]) + min(fractions["cataract"])) / 2
    assert point.cf_threshold == pytest.approx(middle, abs=2e-6)
    assert "2 clear and 2 cataract eyes of held-out patients" in point.method


@pytest.mark.slow
def test_the_checkpoint_says_what_it_learnt_from(undisturbed: Path, recipe_path: Path) -> None:
    metadata = load_checkpoint(undisturbed / "checkpoint").metadata
    assert (metadata.name, metadata.grid, metadata.steps) == ("tiny", 16, 120)
    assert metadata.recipe == recipe_path.read_text()
    assert metadata.training_data == "data"
    assert len(metadata.dataset_sha256) == 64


@pytest.mark.slow
def test_the_checkpoint_keeps_windows_for_an_int8_export(undisturbed: Path, recipe_path: Path, data: Path) -> None:
    windows = load_checkpoint(undisturbed / "checkpoint").calibration
    recipe = parse_recipe(recipe_path.read_text(), "tiny")
    dataset = read_dataset(data)
    split = split_by_patient(dataset.scans, recipe.held_out, recipe.seed)
    assert windows is not None
    assert windows.shape == (len(split.training), *recipe.window)
    frames = prepare(dataset, recipe.grid, recipe.target)
    first = next(index for index, scan in enumerate(dataset.scans) if scan.scan_id == split.training[0].scan_id)
    grey = apply(centred(frames.scans[first], recipe.window), *frames.frame(first), recipe.window)[0]
    assert abs(windows[0].numpy() - grey * 255).max() <= 0.5
    assert (undisturbed / "curves.png").stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    recipe_path: Path, data: Path, undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    process = start(recipe_path, data, out)
    deadline = time.monotonic() + 60
    while not (out / "state.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (out / "state.pt").exists()
    assert not (out / "checkpoint").exists()
    errors = finish(start(recipe_path, data, out))
    assert "continues at step" in errors
    resumed, whole = load_checkpoint(out / "checkpoint"), load_checkpoint(undisturbed / "checkpoint")
    assert all(torch.equal(resumed.weights[name], value) for name, value in whole.weights.items())
    assert (out / "log.csv").read_text() == (undisturbed / "log.csv").read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
def test_an_interrupted_run_saves_the_step_it_names_and_ends_like_an_undisturbed_one(
    data: Path, undisturbed: Path, tmp_path: Path
) -> None:
    seldom, out = tmp_path / "seldom.toml", tmp_path / "interrupted"
    seldom.write_text(tiny_recipe_text(checkpoint_every=1000))
    process = start(seldom, data, out)
    deadline = time.monotonic() + 60
    while not (out / "log.csv").exists() and time.monotonic() < deadline:  # after step 40, long before the first state
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    named = re.search(r"continues after step (\d+) of 120", errors)
    assert named is not None
    assert 40 <= int(named[1]) < 120
    assert torch.load(out / "state.pt", weights_only=True)["step"] == int(named[1])
    assert f"continues at step {named[1]}" in finish(start(seldom, data, out))
    resumed, whole = load_checkpoint(out / "checkpoint"), load_checkpoint(undisturbed / "checkpoint")
    assert all(torch.equal(resumed.weights[name], value) for name, value in whole.weights.items())


def fit_here(recipe: Path, data: Path, out: Path, *more: str) -> int:
    """The same command in this process: quicker where no process has to die."""
    return main(["fit", "--recipe", str(recipe), "--data", str(data), "--out", str(out), *more])


@pytest.mark.slow
def test_a_finished_run_is_left_alone(
    undisturbed: Path, data: Path, recipe_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (undisturbed / "checkpoint").stat().st_mtime_ns
    assert fit_here(recipe_path, data, undisturbed) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert (undisturbed / "checkpoint").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_run_folder_of_another_recipe_is_refused(
    undisturbed: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(tiny_recipe_text(steps=7))
    assert fit_here(other, data, undisturbed) == 2
    assert "error[other-run]" in (errors := capsys.readouterr().err)
    assert "another recipe" in errors


@pytest.mark.slow
def test_a_time_budget_fixes_the_number_of_steps_before_the_first_one(
    recipe_path: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_here(recipe_path, data, tmp_path / "run", "--max-minutes", "0.0001") == 0
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert plan["steps"] == 1
    assert f"{plan['steps']} steps of {plan['seconds_per_step']:.3f} s" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "run" / "checkpoint").metadata.steps == 1


def test_a_run_says_which_label_it_really_learns(data: Path, recipe_path: Path, tmp_path: Path) -> None:
    recipe = parse_recipe(recipe_path.read_text(), "tiny")
    dataset = read_dataset(data)
    masks = tuple(replace(scan, truth_labels=None) for scan in dataset.scans)
    said = {}
    for name, scans, target in (
        ("truth", dataset.scans, "truth_labels"),
        ("mask", dataset.scans, "mask"),
        ("fallback", masks, "truth_labels"),
        ("both", dataset.scans[:6] + masks[6:], "truth_labels"),
    ):
        options = FitOptions(cache=tmp_path / name)
        run = Run.on(replace(dataset, scans=scans), replace(recipe, target=target), "", options, tmp_path)
        said[name] = run.label
    assert run.missing_groups == ()
    clear = tuple(scan for scan in dataset.scans if scan.group == "clear")
    alone = Run.on(replace(dataset, scans=clear), recipe, "", FitOptions(cache=tmp_path / "clear"), tmp_path)
    assert alone.missing_groups == ("cataract",)
    assert said["truth"] == "learns truth_labels of 12 scans"
    assert said["mask"] == said["fallback"] == "learns the mask of 12 scans"
    assert re.fullmatch(r"learns truth_labels of \d scans and the mask of \d scans", said["both"])


@pytest.mark.slow
def test_a_time_budget_holds_for_a_run_that_is_continued(
    recipe_path: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as stopped:
        stopped.setattr(Interruption, "came", True, raising=False)
        stopped.setattr(Interruption, "__init__", lambda self, wanted: setattr(self, "_listens", False))
        assert fit_here(recipe_path, data, out) == 130
    assert json.loads((out / "plan.json").read_text())["steps"] == 120
    assert "continues after step 1 of 120" in capsys.readouterr().err
    assert fit_here(recipe_path, data, out, "--max-minutes", "0.0001") == 0
    assert "0.0001 minutes hold 2 of the 120 steps planned." in capsys.readouterr().err
    assert load_checkpoint(out / "checkpoint").metadata.steps == 2


@pytest.mark.slow
def test_two_processes_train_as_one_process_with_two_passes(data: Path, tmp_path: Path) -> None:
    text = tiny_recipe_text(steps=6, validate_every=1, checkpoint_every=6)
    recipes = {"two": text, "accumulated": text.replace("batch = 4", "batch = 4\naccumulate = 2"), "alone": text}
    weights, losses = {}, {}
    for name, recipe_text in recipes.items():
        (tmp_path / f"{name}.toml").write_text(recipe_text)
        if name == "alone":
            assert fit_here(tmp_path / "alone.toml", data, tmp_path / name) == 0
        else:
            more = ("--devices", "2") if name == "two" else ()
            finish(start(tmp_path / f"{name}.toml", data, tmp_path / name, *more))
        with (tmp_path / name / "log.csv").open(newline="") as file:
            losses[name] = [float(row["loss"]) for row in csv.DictReader(file)]
        weights[name] = load_checkpoint(tmp_path / name / "checkpoint").weights
    assert len(losses["two"]) == 6
    assert losses["two"] == pytest.approx(losses["accumulated"], rel=1e-4)
    assert losses["two"] != pytest.approx(losses["alone"], rel=1e-3)  # half of the scans: another curve
    # Each process keeps its own running means of the batch norm, from its own passes; nothing is trained on them.
    learnt = [name for name in weights["two"] if "running" not in name and "num_batches" not in name]
    for name in learnt:
        assert torch.allclose(weights["two"][name], weights["accumulated"][name], rtol=1e-4, atol=1e-5), name
    assert not all(
        torch.allclose(weights["two"][name], weights["alone"][name], rtol=1e-4, atol=1e-5) for name in learnt
    )


@pytest.mark.slow
def test_a_run_begins_with_the_weights_of_a_checkpoint(
    recipe_path: Path, data: Path, undisturbed: Path, tmp_path: Path
) -> None:
    start_with, out = undisturbed / "checkpoint", tmp_path / "further"
    text = recipe_path.read_text().replace("learning_rate = ", "learning_rate = 1e-9  # ")
    recipe = tmp_path / "still.toml"
    recipe.write_text(text)
    finish(start(recipe, data, out, "--steps", "1", "--start", str(start_with)))
    before, after = load_checkpoint(start_with), load_checkpoint(out / "checkpoint")
    for name, value in before.weights.items():
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            assert torch.allclose(after.weights[name], value, atol=1e-6), name
    digest = hashlib.sha256(start_with.read_bytes()).hexdigest()
    assert json.loads((out / "plan.json").read_text())["start_sha256"] == digest
    assert digest[:12] in after.metadata.training_data
    assert set(before.pictures) <= set(after.pictures)
    other = start(recipe, data, out)
    assert other.wait() == 2
    assert "another start" in other.communicate()[1]


@pytest.mark.slow
def test_a_run_does_not_begin_with_the_weights_of_another_network(
    recipe_path: Path, data: Path, undisturbed: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "wider.toml"
    recipe.write_text(re.sub(r"width = \d+", "width = 12", recipe_path.read_text()))
    process = start(recipe, data, tmp_path / "run", "--start", str(undisturbed / "checkpoint"))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "another network" in errors
