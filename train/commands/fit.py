"""`python -m train fit`: train a network from a recipe and a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from train.data.dataset import read_dataset
from train.fit.loop import fit
from train.fit.recipe import load_recipe
from train.fit.run import FitOptions

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--recipe", type=Path, required=True, help="TOML file, see train/recipes")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument(
        "--out", type=Path, required=True, help="run folder; continues where it holds an unfinished run"
    )
    parser.add_argument("--max-minutes", type=float, help="wall time to stay within; sets the number of steps")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--devices", type=int, help="processes of a machine (default: as torchrun says, or 1)")
    parser.add_argument("--nodes", type=int, help="machines that train together (default: as torchrun says, or 1)")
    parser.add_argument("--accelerator", default="cpu", help="cpu, cuda, auto (default cpu)")
    parser.add_argument("--precision", default="32-true", help="32-true, bf16-mixed (default 32-true)")
    parser.add_argument("--threads", type=int, help="threads of a process")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw batches (default 1: a thread)")
    parser.add_argument("--start", type=Path, help="checkpoint to begin with, of the same network (default: none)")
    parser.add_argument("--cache", type=Path, help="folder for prepared frames (default: cache/ in the dataset)")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; return the exit code.

    Raises
    ------
    RecipeError
        When the recipe is at fault, or the run folder belongs to another recipe or other data.
    DatasetError
        When a table, an image or a mask is at fault.
    """
    recipe, text = load_recipe(arguments.recipe)
    options = FitOptions(
        max_minutes=arguments.max_minutes,
        devices=arguments.devices,
        num_nodes=arguments.nodes,
        accelerator=arguments.accelerator,
        precision=arguments.precision,
        threads=arguments.threads,
        steps=arguments.steps,
        cache=arguments.cache,
        workers=arguments.workers,
        start=arguments.start,
    )
    fit(recipe, text, read_dataset(arguments.data), arguments.out, options)
    return 0
