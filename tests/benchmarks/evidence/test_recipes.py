from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evidence.recipes import Child, Run, curve_of, draw, fix_split, main, train
from tests.train.synthetic import make_dataset, tiny_recipe_text
from train.data.dataset import read_dataset
from train.data.split import split_by_patient


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two tiny recipes with other grids, targets and shares to hold out; the first one never measures on the way."""
    folder = tmp_path_factory.mktemp("recipes")
    data = make_dataset(folder / "data", patients=10)
    (folder / "slow.toml").write_text(
        tiny_recipe_text(steps=4000, validate_every=3999)
        .replace("grid = 16", "grid = 8")
        .replace("truth_labels", "mask")
    )
    (folder / "quick.toml").write_text(tiny_recipe_text(validate_every=20).replace("held_out = 0.25", "held_out = 0.4"))
    words = ["--data", data, "--minutes", "0.2", "--threads", "1", "--out", folder / "recipes.json", "--figure",
             folder / "recipes.png", "--recipes", folder / "slow.toml", folder / "quick.toml"]  # fmt: skip
    assert main([str(word) for word in words]) == 0
    assert (folder / "recipes.png").stat().st_size > 10_000
    results: dict[str, Any] = json.loads((folder / "recipes.json").read_text())
    return results


@pytest.mark.slow
def test_a_recipe_that_never_measures_on_the_way_is_measured_at_the_end(found: dict[str, Any]) -> None:
    slow = found["recipes"][0]
    assert slow["steps"] < 3999
    assert [point["step"] for point in slow["curve"]] == [slow["steps"]]
    assert slow["lens_dice"] > 0


@pytest.mark.slow
def test_the_minutes_bound_the_training_time_of_each(found: dict[str, Any]) -> None:
    for one in found["recipes"]:
        assert one["training_s"] == pytest.approx(one["steps"] * one["seconds_per_step"])
        assert one["training_s"] <= 0.2 * 60
        assert one["full_hours"] == pytest.approx(one["full_steps"] * one["seconds_per_step"] / 3600)
        assert one["child"]["wall_s"] > 0
        assert 100 < one["child"]["peak_memory_mb"] < 10_000
    assert [one["recipe"] for one in found["recipes"]] == ["slow", "quick"]


@pytest.mark.slow
def test_both_are_measured_on_the_same_held_out_patients(found: dict[str, Any]) -> None:
    assert found["held_out"] == {"patients": 2, "eyes": 4, "scans": 4}
    assert found["recipes"][1]["eyes_with_lens"] == 4
    assert found["recipes"][1]["auc"] == 1
    assert found["recipes"][1]["lens_dice"] > 0.8
    assert found["machine"]["processor"]
    assert found["commit"]


def test_memory_is_that_of_the_training_process_and_not_of_the_one_that_starts_it() -> None:
    small, large = (train([sys.executable, "-c", f"bytearray({size})"]) for size in (1, 300_000_000))
    assert small.peak_memory_mb < 60  # a bare Python; this process holds torch
    assert large.peak_memory_mb == pytest.approx(small.peak_memory_mb + 300, abs=15)


def test_a_training_that_fails_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="training ended with 3"):
        train([sys.executable, "-c", "raise SystemExit(3)"])


def test_tables_with_a_fixed_split_name_the_same_files_and_decide_for_every_recipe(tmp_path: Path) -> None:
    dataset = read_dataset(make_dataset(tmp_path / "data", patients=10))
    fixed = fix_split(dataset, tmp_path / "fixed")
    assert [scan.image.resolve() for scan in fixed.scans] == [scan.image.resolve() for scan in dataset.scans]
    sides = [split_by_patient(fixed.scans, share, seed) for share, seed in ((0.1, 5), (0.5, 6))]
    assert sides[0] == sides[1]
    assert len({scan.patient_id for scan in sides[0].held_out}) == 2
    again = fix_split(fixed, tmp_path / "again")  # a dataset's own split is kept
    assert [scan.split for scan in again.scans] == [scan.split for scan in fixed.scans]


def test_a_figure_is_drawn_where_an_auc_is_undefined(tmp_path: Path) -> None:
    run = Run("paper", 2, 40.0, 20.0, 8463, 47.0, Child(40.0, 2900.0), (), 0.6, None, 2)
    draw([run], tmp_path / "docs/recipes.png")
    assert (tmp_path / "docs/recipes.png").stat().st_size > 10_000


def test_a_curve_counts_time_in_steps_and_leaves_gaps_empty(tmp_path: Path) -> None:
    with (tmp_path / "log.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("step", "held_out_dice_lens", "held_out_auc"), (10, "0.5", ""), (20, "0.7", "1")])
    first, second = curve_of(tmp_path / "log.csv", 0.5)
    assert (first.training_s, first.lens_dice, first.auc) == (5, 0.5, None)
    assert (second.step, second.auc) == (20, 1)
