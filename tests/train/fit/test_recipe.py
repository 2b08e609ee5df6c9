from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.train.synthetic import tiny_recipe_text
from train.fit.recipe import RecipeError, load_recipe, parse_recipe
from train.ladder import Upsampling

RECIPES = ROOT / "train" / "recipes"


def test_the_paper_recipe_says_what_the_paper_says() -> None:
    recipe, text = load_recipe(RECIPES / "paper.toml")
    assert recipe.network.channels == (64, 128, 256, 512, 1024)
    assert (recipe.network.stem, recipe.network.upsampling, recipe.grid) == (1, Upsampling.TRANSPOSED, 2)
    assert (recipe.optimiser.kind, recipe.optimiser.learning_rate, recipe.target) == ("sgd", 0.001, "mask")
    assert {recipe.learning_rate(step, 8463) for step in (0, 1, 4000, 8462)} == {0.001}
    assert (recipe.augment.rotation_deg, recipe.augment.flip, recipe.augment.gain, recipe.loss.dice) == (15, True, 0, 0)
    assert "rotation_deg" in text


def test_the_edge_recipe_is_readable_and_learns_the_true_opacity() -> None:
    recipe, _ = load_recipe(RECIPES / "edge.toml")
    assert (recipe.grid, recipe.network.width, recipe.network.stem, recipe.target) == (4, 16, 2, "truth_labels")


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    recipe = parse_recipe(tiny_recipe_text(), "tiny")
    rates = [recipe.learning_rate(step, 100) for step in range(100)]
    assert rates[:6] == sorted(rates[:6])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 3", "sead = 3", "unknown key sead"),
        ('name = "tiny"', 'name = ""', "a name of its own was expected"),
        ('name = "tiny"', 'name = "../tiny"', "a name of its own was expected"),
        ("flip = true", "flop = true", r"augment: unknown key flop; known are blur, flip"),
        ("seed = 3", 'seed = "3"', "seed: type int was expected, got '3'"),
        ("flip = true", "flip = 1", r"augment\.flip: type bool was expected, got 1"),
        ("batch = 4", "batch = true", "batch: type int was expected, got True"),
        ("window = [64, 64]", "window = [64, 60]", "multiples of the stride 8"),
        ('kind = "adamw"', 'kind = "adam"', r"optimiser\.kind: 'adam' is not a valid OptimiserKind"),
        ('target = "truth_labels"', 'target = "truth"', "target"),
        ("held_out = 0.25", "held_out = 1.0", "held_out"),
        ("batch = 4", "batch = 0", "batch of at least 1"),
        ("learning_rate = 0.01", "learning_rate = 0.0", "learning_rate above 0"),
        ("dice = 0.5", "dice = 0.5\nclass_weights = [1, 2]", "three class_weights"),
        ("grid = 16", "", "grid: missing"),
        ("seed = 3", "seed = = 3", "tiny: "),
        ("window = [64, 64]", 'window = ["64", 64]', r"window\[0\]: type int was expected, got '64'"),
        ("[loss]", "[[loss]]", "loss: a table was expected"),
    ],
)
def test_a_faulty_recipe_is_refused_by_name(old: str, new: str, message: str) -> None:
    text = tiny_recipe_text()
    assert old in text
    with pytest.raises(RecipeError, match=message):
        parse_recipe(text.replace(old, new), "tiny")


def test_every_fault_of_a_recipe_is_named_at_once() -> None:
    text = tiny_recipe_text().replace("seed = 3", "sead = 3").replace("flip = true", "flip = 1")
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "tiny")
    assert "augment.flip: type bool was expected, got 1" in str(caught.value)
    assert "unknown key sead" in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.toml cannot be read"):
        load_recipe(tmp_path / "none.toml")


def test_the_recipe_for_the_papers_label_differs_in_the_label_only() -> None:
    shipped, _ = load_recipe(RECIPES / "edge.toml")
    other, _ = load_recipe(RECIPES / "edge-paper-label.toml")
    assert (shipped.target, other.target) == ("truth_labels", "mask")
    assert replace(other, name=shipped.name, version=shipped.version, target=shipped.target) == shipped
