"""The plan of a run: how many steps it will take, from what one step costs."""

from __future__ import annotations

import copy
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import torch

from edge_runtime.report.files import write_all
from train.parsing import build
from train.provenance import code_revision

from .batches import Batches, Place
from .console import announce
from .loss import batch_loss
from .recipe import OptimiserKind, Recipe, RecipeError
from .state import steps_taken

if TYPE_CHECKING:
    from pathlib import Path

    from lightning_fabric import Fabric

    from train.unet import UNet

    from .run import Run

TIMED_STEPS = 4
# Of the minutes given, what is kept for measuring on the way and at the end.
TRAINING_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has decided before its first step; written down, so that a restart follows it.

    Attributes
    ----------
    steps
        Number of optimiser steps of the whole run.
    seconds_per_step
        The cost of a step, measured before the first one.
    recipe
        The recipe as TOML text.
    dataset_sha256
        Digest of what the network learns from (`GridFrames.sha256`).
    training_commit
        Revision of the code.
    world, precision
        The number of processes, and Fabric's name of the arithmetic.
    start_sha256
        Digest of the checkpoint that it began with; "" for random weights.
    """

    steps: int
    seconds_per_step: float
    recipe: str
    dataset_sha256: str
    training_commit: str
    world: int
    precision: str
    start_sha256: str = ""

    def summary(self) -> str:
        """Return the number of steps and what they cost, in words."""
        return (
            f"{self.steps} steps of {self.seconds_per_step:.3f} s, "
            f"about {self.steps * self.seconds_per_step / 60:.0f} min and the time to measure."
        )


def make_optimiser(unet: UNet, recipe: Recipe) -> torch.optim.Optimizer:
    """Make the optimiser of a recipe; only convolution weights decay."""
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


def plan_of(run: Run, unet: UNet, batches: Batches, fabric: Fabric, started: float) -> Plan:
    """Read the plan of a run that was begun before, or make one and write it down: for the first process alone.

    Parameters
    ----------
    run
        The run; its folder may hold a plan already.
    unet, batches
        What a step is made of, to measure its cost.
    fabric
        The processes of the run.
    started
        Reading of `time.monotonic` when the run was started: the time since then is taken from its minutes.

    Raises
    ------
    RecipeError
        When the run folder belongs to another run.
    """
    if run.plan_path.is_file():
        plan = build(Plan, json.loads(run.plan_path.read_text(encoding="utf-8")))
        check_same_run(plan, run, fabric)
        if run.options.max_minutes is None or run.checkpoint_path.is_file():
            return plan
        within = shorten(plan, run, unet, batches, fabric, started)
        if within == plan:
            return plan
        announce(fabric, f"{run.options.max_minutes:g} minutes hold {within.steps} of the {plan.steps} steps planned.")
        plan = within
    else:
        plan = make_plan(run, unet, batches, fabric, time.monotonic() - started)
    write_plan(plan, run.plan_path)
    return plan


def shorten(plan: Plan, run: Run, unet: UNet, batches: Batches, fabric: Fabric, started: float) -> Plan:
    """Take so many of the steps that are left as the minutes given hold, at least one."""
    taken = steps_taken(run.state_path)
    cost = seconds_per_step(run.recipe, unet, batches, fabric, run.options.workers)
    held = steps_within(run.options.max_minutes, cost, time.monotonic() - started)
    return replace(plan, steps=min(plan.steps, taken + held))


def steps_within(minutes: float | None, cost_s: float, spent_s: float) -> int:
    """How many steps of this cost the minutes hold, less what is spent and what measuring needs; at least one."""
    return sys.maxsize if minutes is None else max(1, int((minutes * 60 - spent_s) * TRAINING_SHARE / cost_s))


def make_plan(run: Run, unet: UNet, batches: Batches, fabric: Fabric, spent_s: float) -> Plan:
    """Measure the cost of a step, and fix the number of steps."""
    options = run.options
    cost = seconds_per_step(run.recipe, unet, batches, fabric, run.options.workers)
    steps = min(options.steps or run.recipe.steps, steps_within(options.max_minutes, cost, spent_s))
    return Plan(
        steps=steps,
        seconds_per_step=cost,
        recipe=run.recipe_text,
        dataset_sha256=run.frames.sha256,
        training_commit=code_revision(),
        world=fabric.world_size,
        precision=options.precision,
        start_sha256="" if run.beginning is None else run.beginning.sha256,
    )


def seconds_per_step(recipe: Recipe, unet: UNet, batches: Batches, fabric: Fabric, workers: int = 1) -> float:
    """Measure what a step takes, on a copy of the network that is thrown away: the mean over windows and frames.

    Several processes draw batches while the network works, so that the slower of both counts; a single thread and the
    network share a processor.
    """
    trial = copy.deepcopy(unet).to(fabric.device).train()
    optimiser = make_optimiser(trial, recipe)
    usual = [step for step in range(1000) if batches.view(step)[0] == recipe.window][: TIMED_STEPS + 1]
    whole = [step for step in range(1000) if batches.view(step)[0] != recipe.window][: TIMED_STEPS // 2]
    drawing, working = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for number, step in enumerate(usual + whole):
        began = time.perf_counter()
        places = [Place(step, micro, fabric.global_rank, fabric.world_size) for micro in range(recipe.accumulate)]
        drawn = [batches.at(place) for place in places]
        ready = time.perf_counter()
        for batch in drawn:
            with fabric.autocast():
                fabric.backward(batch_loss(trial, fabric.to_device(batch), recipe.loss))
        optimiser.step()
        if fabric.device.type == "cuda":
            torch.cuda.synchronize()
        if number:  # the first one warms up
            drawing[step in whole] += ready - began
            working[step in whole] += time.perf_counter() - ready
    share = recipe.augment.whole_frame if whole else 0.0
    draw, work = (
        (1 - share) * of[False] / max(1, len(usual) - 1) + share * of[True] / max(1, len(whole))
        for of in (drawing, working)
    )
    return draw + work if workers == 1 else max(draw / workers, work)


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, whole or not at all."""
    write_all({str(path): json.dumps(asdict(plan), indent=1).encode()})


def check_same_run(plan: Plan, run: Run, fabric: Fabric) -> None:
    """Check that a run folder continues this very run.

    Raises
    ------
    RecipeError
        Naming what differs.
    """
    for what, here, there in (
        ("recipe", run.recipe_text, plan.recipe),
        ("data", run.frames.sha256, plan.dataset_sha256),
        ("number of processes", fabric.world_size, plan.world),
        ("precision", run.options.precision, plan.precision),
        ("start", "" if run.beginning is None else run.beginning.sha256, plan.start_sha256),
    ):
        if here != there:
            raise RecipeError("other-run", f"{run.out} holds a run with another {what}.", "Choose another --out.")
