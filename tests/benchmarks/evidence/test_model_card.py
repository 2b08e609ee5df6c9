from __future__ import annotations

import argparse
import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from benchmarks.evidence import model_card as model_card_module
from benchmarks.evidence.committed import Committed
from benchmarks.evidence.model_card import CHECKPOINTS, PAGE, RECIPES, ROOT, card
from edge_runtime import CataractAnalyzer
from edge_runtime.measure.coefficients import coefficients_of
from tests.export.test_bundled import network_version
from train.checkpoint import load_checkpoint
from train.fit.recipe import load_recipe
from train.phantom.cohorts.dataset import Cohort, CohortStamp


def test_the_card_is_that_of_the_bundled_model_and_its_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == card(Committed.read())


def test_the_card_names_the_model_that_ships() -> None:
    network = CataractAnalyzer().network
    text = card(Committed.read())
    assert text.startswith(f"# Model card: {network.metadata.name} {network.metadata.version}\n")
    assert network.sha256[:16] in text


def test_the_last_number_of_a_version_is_not_of_the_network() -> None:
    assert network_version("0.5.1") == network_version("0.5.0") == "0.5.0"


def commands_of(text: str, verb: str) -> list[argparse.Namespace]:
    """The commands of the card that begin with a verb of training, as the program itself reads them."""
    module = importlib.import_module(f"train.commands.{verb}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    start = f"python -m train {verb} "
    lines = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
    return [parser.parse_args(shlex.split(line)) for line in lines]


def test_the_commands_of_the_card_make_the_model_that_ships() -> None:
    model, checkpoint = CataractAnalyzer().network.metadata, load_checkpoint(next(CHECKPOINTS.iterdir())).metadata
    text = card(Committed.read())
    [phantom] = commands_of(text, "phantom")
    made = CohortStamp(phantom.cohort, phantom.seed, phantom.patients)
    assert made.describe() == checkpoint.training_data == model.training_data
    [fit] = commands_of(text, "fit")
    assert fit.data == phantom.out
    recipe, _ = load_recipe(ROOT / fit.recipe)
    assert (recipe.name, recipe.version) == (model.name, network_version(model.version))
    assert tomllib.loads((ROOT / fit.recipe).read_text(encoding="utf-8")) == tomllib.loads(checkpoint.recipe)
    [study] = commands_of(text, "study")
    [cohort] = study.cohorts
    assert CohortStamp(cohort, study.seed, study.patients).describe() in model.cf_threshold_method
    [measures] = commands_of(text, "measures")
    coefficients = coefficients_of(model.measures)
    assert coefficients is not None
    assert "; ".join(Cohort.plan(name, measures.seed).stamp.describe() for name in measures.cohort) == (
        coefficients.fitted_on
    )


def test_pages_name_the_recipe_that_ships() -> None:
    recipes = [path.name for path in RECIPES.glob("*.toml")]
    for page in (ROOT / "docs/training.md", ROOT / "docs/evidence.md"):
        said = [
            sentence
            for sentence in re.split(r"[.;:] ", page.read_text(encoding="utf-8"))
            if "that ships" in sentence and any(name in sentence for name in recipes)
        ]
        assert all("edge-evidence.toml" in sentence for sentence in said), page.name


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_card_module, "PAGE", tmp_path / "page.md")
    assert model_card_module.main() == 0
    assert (tmp_path / "page.md").read_bytes() == PAGE.read_bytes()
