"""The three commands of docs/own-data.md, taken from the page, one after the other, on a small dataset."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from train.fit.recipe import RecipeError, parse_recipe

from .synthetic import make_dataset, tiny_recipe_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/own-data.md").read_text(encoding="utf-8")


def commands_of_the_page() -> list[str]:
    """The first block of commands under "Train, measure, export"."""
    block = re.search(r"^## Train, measure, export\n\n.*?\n\n```\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].splitlines()


def test_the_page_has_one_command_each_to_train_measure_and_export() -> None:
    verbs = [shlex.split(command)[:4] for command in commands_of_the_page()]
    assert [words[:3] for words in verbs] == [["python", "-m", "train"]] * 2 + [["python", "-m", "export"]]
    assert [words[3] for words in verbs[:2]] == ["fit", "evaluate"]


def test_the_recipe_of_the_page_wants_a_name_and_nothing_else() -> None:
    named = re.search(r"Copy `(\S+)` to `my-lens.toml`, and write `(name = \S+)`", PAGE)
    assert named is not None
    text = (ROOT / named[1]).read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match=r'name = "my-lens"; got \'\''):
        parse_recipe(text, named[1])
    assert text.count('name = ""') == 1
    recipe = parse_recipe(text.replace('name = ""', named[2]), named[1])
    assert (recipe.name, recipe.target) == ("my-lens", "mask")


@pytest.mark.slow
def test_own_scans_become_a_model_that_the_runtime_uses(tmp_path: Path) -> None:
    make_dataset(tmp_path / "dataset", patients=8)
    make_dataset(tmp_path / "other-dataset", patients=4, seed=1)
    recipe = tmp_path / "my-lens.toml"  # the page's recipe, so small that it learns within seconds
    recipe.write_text(tiny_recipe_text().replace('"tiny"', '"my-lens"'))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for command in commands_of_the_page():
        words = [sys.executable, *shlex.split(command)[1:]]
        if "export" in words:
            # Made-up scans are no eyes, and eight patients leave the threshold in doubt: the export says so.
            words += ["--no-look", "--force"]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "learnt from" not in done.stderr
    assert "Warning" not in (tmp_path / "report/report.md").read_text()
    again = ("-m", "train", "evaluate", "--model", "run/checkpoint", "--data", "dataset", "--out", "again")
    done = subprocess.run(
        [sys.executable, *again], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "the model learnt from 12 of these 16 scans" in done.stderr  # a quarter of the patients was held out
    assert "**Warning: the model learnt from 12 of these 16 scans" in (tmp_path / "again/report.md").read_text()
    named = re.search(r"--model (model/\S+\.onnx)", PAGE)
    assert named is not None
    model = tmp_path / named[1]
    result = CataractAnalyzer(model).analyze(tmp_path / "other-dataset/images/P1_OD_0.png")
    assert result.cataract_fraction is not None
    assert 0.3 < result.cataract_fraction < 0.7  # half of the made-up cataract lens is opaque
