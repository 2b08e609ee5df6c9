"""What a run decides before its first step: how many there will be, from what one costs."""

from __future__ import annotations

import copy
import json
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from .batches import Batches, Place
from .loss import segmentation_loss
from .recipe import OptimiserKind, Recipe, RecipeError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from train.data.frames import GridFrames
    from train.unet import UNet

TIMED_STEPS = 4
# Of the minutes given, what is kept for measuring on the way and at the end.
TRAINING_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How to run, apart from what to learn.

    Attributes
    ----------
    max_minutes
        Wall time to stay within, or None: the number of steps follows from a step's cost, measured before the first
        one.
    devices, accelerator, precision
        Passed to Lightning Fabric: processes, "cpu", "cuda" ..., "32-true", "bf16-mixed" ...
    threads
        Of torch, or None for its default.
    steps
        Instead of the recipe's.
    cache
        Folder for prepared frames, or None for the one beside the data.
    """

    max_minutes: float | None = None
    devices: int = 1
    accelerator: str = "cpu"
    precision: str = "32-true"
    threads: int | None = None
    steps: int | None = None
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has decided before its first step; written down, so that a restart follows it.

    Attributes
    ----------
    steps
        Optimiser steps of the whole run.
    seconds_per_step
        Measured before the first step.
    recipe
        TOML text.
    dataset_sha256
        What is learnt from.
    training_commit
        Revision of the code.
    world, precision
        Number of processes, and arithmetic.
    """

    steps: int
    seconds_per_step: float
    recipe: str
    dataset_sha256: str
    training_commit: str
    world: int
    precision: str


def make_optimiser(unet: UNet, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; only convolution weights decay."""
    config = recipe.optimiser
    groups = [
        {
            "params": [value for value in unet.parameters() if value.ndim > 1],
            "weight_decay": config.weight_decay,
        },
        {"params": [value for value in unet.parameters() if value.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.kind is OptimiserKind.ADAMW:
        return torch.optim.AdamW(groups, lr=config.learning_rate)
    return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum)


def make_plan(
    recipe: Recipe,
    recipe_text: str,
    unet: UNet,
    batches: Batches,
    frames: GridFrames,
    options: FitOptions,
    fabric: Fabric,
    spent_s: float,
) -> Plan:
    """Measure the cost of a step on a throw-away copy, and fix the number of steps."""
    trial = copy.deepcopy(unet).to(fabric.device).train()
    optimiser = make_optimiser(trial, recipe)
    usual = [step for step in range(1000) if batches.view(step)[0] == recipe.window][: TIMED_STEPS + 1]
    whole = [step for step in range(1000) if batches.view(step)[0] != recipe.window][: TIMED_STEPS // 2]
    seconds = {True: 0.0, False: 0.0}
    for number, step in enumerate(usual + whole):
        began = time.perf_counter()
        for micro in range(recipe.accumulate):
            grey, labels = fabric.to_device(batches.at(Place(step, micro, fabric.global_rank, fabric.world_size)))
            with fabric.autocast():
                fabric.backward(segmentation_loss(trial(grey), labels, recipe.loss))
        optimiser.step()
        if number:  # the first one warms up
            seconds[step in whole] += time.perf_counter() - began
    share = recipe.augment.whole_frame if whole else 0.0
    cost = (1 - share) * seconds[False] / max(1, len(usual) - 1) + share * seconds[True] / max(1, len(whole))
    steps = options.steps or recipe.steps
    if options.max_minutes is not None:
        steps = min(steps, max(1, int((options.max_minutes * 60 - spent_s) * TRAINING_SHARE / cost)))
    steps, cost = fabric.broadcast((steps, cost))  # every process follows the first one's clock
    return Plan(steps, cost, recipe_text, frames.sha256, code_revision(), fabric.world_size, options.precision)


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(asdict(plan), indent=1), encoding="utf-8")
    part.replace(path)


def check_same_run(plan: Plan, recipe_text: str, frames: GridFrames, means: tuple[int, str], out: Path) -> None:
    """Check that a run folder continues this very run.

    Raises
    ------
    RecipeError
        Naming what is another.
    """
    for what, here, there in (
        ("recipe", recipe_text, plan.recipe),
        ("data", frames.sha256, plan.dataset_sha256),
        ("number of processes", means[0], plan.world),
        ("precision", means[1], plan.precision),
    ):
        if here != there:
            raise RecipeError("other-run", f"{out} holds a run with another {what}.", "Choose another --out.")


def code_revision() -> str:
    """Return the git revision of this checkout, "+changes" when files differ from it, or "unknown"."""
    folder = Path(__file__).parents[1]

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
