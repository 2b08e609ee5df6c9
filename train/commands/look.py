"""`python -m train look`: train the network that looks at whole frames."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from train.fit.recipe import read_recipe
from train.look.fit import fit_look
from train.look.frames import prepare_looks
from train.look.recipe import LookRecipe

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--recipe", type=Path, required=True, help="TOML file, see train/recipes/look.toml")
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="folders of the cohort 'looks'")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an unfinished run is continued")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default cpu)")
    parser.add_argument("--max-minutes", type=float, default=1e9, help="wall time of training to stay within")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that prepare frames")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; return the exit code.

    Raises
    ------
    RecipeError
        When the recipe is at fault.
    """
    recipe, text = read_recipe(arguments.recipe, LookRecipe)
    frames = prepare_looks(arguments.data, recipe.pictures, recipe.seed, arguments.workers)
    found = fit_look(recipe, text, frames, arguments.out, device=arguments.device, max_minutes=arguments.max_minutes)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0
