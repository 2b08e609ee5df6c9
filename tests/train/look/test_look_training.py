"""A look is trained, continued, judged, exported and read by the runtime: one small run from scans to a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_runtime.frame.resample import coarse_grey
from edge_runtime.look.network import LookNetwork
from edge_runtime.look.tissues import Picture, Tissue
from edge_runtime.model.seal import check_seal
from export.errors import ParityError
from export.look import compare_look, export_look, main
from train.checkpoint import CheckpointError
from train.fit.recipe import RecipeError, read_recipe
from train.look.batches import LookBatch, LookBatches, changed
from train.look.checkpoint import LookCheckpoint, load_look
from train.look.fit import fit_look, look_loss
from train.look.frames import IGNORED, SHAPE, LookFrames, prepare_looks
from train.look.network import PICTURES, LookConfig
from train.look.network import LookNetwork as Network
from train.look.recipe import LookAugment, LookRecipe
from train.phantom.cohorts.dataset import Cohort, write_cohort

RECIPE = LookRecipe(
    name="tiny", version="0", steps=4, batch=4, pictures=6, picture_share=0.25, learning_rate=1e-3,
    network=LookConfig(width=4, levels=2, channel_cap=8), checkpoint_every=2, held_out=0.3,
)  # fmt: skip


def made_up(count: int = 12) -> LookFrames:
    """Frames whose lens is a bright box, on a random place."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 20, (count, *SHAPE), np.uint8)
    tissues = np.zeros((count, SHAPE[0] // 2, SHAPE[1] // 2), np.uint8)
    for one in range(count):
        top, left = int(rng.integers(20, 80)), int(rng.integers(20, 90))
        tissues[one, top : top + 30, left : left + 40] = Tissue.NATURAL_LENS
        grey[one, 2 * top : 2 * top + 60, 2 * left : 2 * left + 80] = 180
    kinds = np.array([0, 7] * (count // 2), np.int64)
    cornea = np.where(np.arange(count) % 4 == 3, -1, 0)
    return LookFrames(grey, tissues, kinds, cornea, tuple(map(str, range(count))), "0" * 64, "made up")


def test_run_that_was_stopped_goes_on_and_ends_as_one_that_was_not(tmp_path: Path) -> None:
    frames = made_up()
    whole = fit_look(RECIPE, "", frames, tmp_path / "whole")
    fit_look(replace(RECIPE, steps=2), "", frames, tmp_path / "parts")
    assert torch.load(tmp_path / "parts/state.pt", weights_only=True)["step"] == 2
    # The learning rate of a shorter run ends sooner: only that it goes on is looked at.
    assert fit_look(RECIPE, "", frames, tmp_path / "parts")["frames"] == whole["frames"] > 0
    assert load_look(tmp_path / "parts/checkpoint").metadata["steps"] == 4


def test_exported_look_says_what_the_trained_one_says(tmp_path: Path) -> None:
    fit_look(RECIPE, "the recipe", made_up(), tmp_path)
    assert main([str(tmp_path / "checkpoint"), "-o", str(tmp_path / "look.onnx")]) == 0
    data = (tmp_path / "look.onnx").read_bytes()
    check_seal(data)
    look = LookNetwork(data, 1).look_at(coarse_grey(np.zeros((640, 800), np.uint8)))
    assert look is not None
    assert look.tissues.shape == (40, 50)
    assert sum(look.probabilities) == pytest.approx(1.0, abs=1e-5)


def test_look_that_computes_something_else_is_not_exported(tmp_path: Path) -> None:
    torch.manual_seed(0)
    metadata = {
        "network": {"width": 4, "levels": 2, "channel_cap": 8}, "name": "n", "version": "0", "training_data": "none",
        "training_commit": "unknown", "steps": 0,
    }  # fmt: skip
    one, other = (LookCheckpoint(metadata, Network(LookConfig(4, 2, 8)).state_dict()) for _ in range(2))
    from export.look import LookPipeline

    with pytest.raises(ParityError):
        compare_look(LookPipeline(one).eval(), export_look(other))


def test_file_that_is_no_look_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        load_look(tmp_path / "x")
    assert main([str(tmp_path / "x"), "-o", str(tmp_path / "y")]) == 82
    assert not (tmp_path / "y").exists()


def test_loss_of_what_is_right_is_nothing_and_unknown_truth_does_not_count() -> None:
    frames = made_up(4)
    batch = LookBatches(frames, range(4), RECIPE, torch.device("cpu")).plain([0, 1])
    tissues = 100.0 * torch.nn.functional.one_hot(batch.tissues, len(Tissue)).permute(0, 3, 1, 2)
    kinds = torch.zeros(2, len(PICTURES) + 1)
    kinds[0, 0], kinds[1, 7], kinds[:, -1] = 100, 100, -100
    assert float(look_loss(tissues, kinds, batch, RECIPE)) == pytest.approx(0, abs=1e-6)
    unknown = LookBatch(batch.grey, batch.tissues, torch.full((2,), -1), torch.full((2,), -1))
    assert float(look_loss(tissues, -kinds, unknown, RECIPE)) == pytest.approx(0, abs=1e-6)


def test_tissues_move_with_the_grey_and_a_turned_eye_is_altered() -> None:
    batch = LookBatches(made_up(), range(12), RECIPE, torch.device("cpu")).plain(range(12))
    generator = torch.Generator().manual_seed(3)
    still = LookAugment(0, 0, 0, 0, 0, 0, 0, 0)
    same = changed(batch, replace(still, shift=0.0), torch.Generator().manual_seed(1))
    lens = same.tissues == Tissue.NATURAL_LENS
    bright = same.grey[:, 0, ::2, ::2] > 0.5
    assert float((lens == bright).float().mean()) > 0.99  # mirrored or not
    moved = changed(batch, replace(still, shift=0.1, rotation_deg=5, scale=0.1), generator)
    seen = moved.tissues != IGNORED
    assert 0 < float(seen.float().mean()) < 1
    agree = (moved.tissues == Tissue.NATURAL_LENS) == (moved.grey[:, 0, ::2, ::2] > 0.4)
    assert float(agree[seen].float().mean()) > 0.98
    turned = changed(batch, replace(still, turned=1.0), generator)
    altered = PICTURES.index(Picture.ALTERED)
    assert bool((turned.kinds[batch.cornea >= 0] == altered).all())
    assert bool((turned.kinds[batch.cornea < 0] == batch.kinds[batch.cornea < 0]).all())


@pytest.mark.slow
def test_frames_of_a_cohort_and_pictures_are_prepared(tmp_path: Path) -> None:
    write_cohort(Cohort.plan("looks", 3, 2), tmp_path / "looks")
    frames = prepare_looks([tmp_path / "looks"], 8, 1, 2)
    eyes = int(np.count_nonzero(frames.of_eyes))
    assert eyes == 12
    assert len(frames.patients) > eyes
    assert set(np.unique(frames.kinds[~frames.of_eyes])) <= {5, 6}
    learnt, held_out = frames.split(0.5, 1)
    assert {frames.patients[one] for one in learnt}.isdisjoint(frames.patients[one] for one in held_out)
    assert "cohort looks" in frames.description


def test_recipe_of_the_project_is_read_and_a_wrong_one_refused(tmp_path: Path) -> None:
    recipe, text = read_recipe(Path(__file__).parents[3] / "train/recipes/look.toml", LookRecipe)
    assert recipe.name in json.dumps(text)
    (tmp_path / "r.toml").write_text("name = 3\n")
    with pytest.raises(RecipeError):
        read_recipe(tmp_path / "r.toml", LookRecipe)
