"""Train a network from a recipe and a dataset: one flat loop, resumable at any moment.

Everything a step does follows from the seed and the number of the step: which scans, which augmentation, which
learning rate. So a run that is killed and started again ends with the same weights as one that was left alone.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from .batches import Batch, Batches, Place, drawn_ahead
from .beginning import Beginning, first_weights
from .console import StepBar, announce
from .curves import write_log
from .finish import finish
from .held_out import log_row
from .loss import batch_loss
from .plan import Plan, make_optimiser, plan_of
from .processes import by_the_first, check_same_data, launch
from .run import FitOptions, Run
from .state import TrainingState, read_state
from .statistics import BatchStatistics
from .stopping import Interruption

if TYPE_CHECKING:
    from pathlib import Path

    from lightning_fabric import Fabric

    from train.data.dataset import Dataset
    from train.unet import UNet

    from .recipe import Recipe


def fit(recipe: Recipe, recipe_text: str, dataset: Dataset, out: Path, options: FitOptions) -> Path:
    """Train, and write `checkpoint`, `log.csv`, `held_out.csv` and `curves.png` into the run folder.

    Parameters
    ----------
    recipe, recipe_text
        What to do, and the text it was read from.
    dataset
        What to learn from; part of its patients is held out.
    out
        Run folder. One that holds an unfinished run is continued, a finished one is left as it is.
    options
        How to run.

    Returns
    -------
    Path of the checkpoint.

    Raises
    ------
    RecipeError
        When the run folder belongs to another recipe or other data, or the processes are not those asked for.
    DatasetError
        When an image or a mask cannot be used.
    CheckpointError
        When the weights to begin with cannot be read.
    """
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    fabric = launch(options)
    path = options.start
    beginning = None if path is None else by_the_first(fabric, lambda: Beginning.read(path, recipe))
    with fabric.rank_zero_first(local=True):  # the first process of each machine prepares its frames
        run = Run.on(dataset, recipe, recipe_text, options, out, beginning)
    check_same_data(fabric, run.frames.sha256)
    if run.frames.doubt:
        announce(fabric, f"Warning: {run.frames.doubt}")
    batches = Batches(run.frames, run.training, recipe)
    unet = first_weights(recipe, run.beginning)
    plan = by_the_first(fabric, lambda: plan_of(run, unet, batches, fabric, started))
    if by_the_first(fabric, run.checkpoint_path.is_file):
        announce(fabric, f"{out} holds a finished run of {plan.steps} steps: nothing to do.")
        return run.checkpoint_path
    announce(fabric, f"{len(run.training)} scans to learn from, {len(run.held_out)} held out; {plan.summary()}")
    announce(fabric, f"{run.recipe.name} {run.label}.")
    if run.beginning is not None:
        announce(fabric, run.beginning.remark)
    if run.missing_groups:
        without = " and no ".join(run.missing_groups)
        announce(fabric, f"Warning: no {without} eye is held out, so there will be no threshold to measure or export.")
    state = train(run, plan, unet, batches, fabric)
    if fabric.is_global_zero:
        finish(run, plan, unet, state.log, fabric)
    fabric.barrier()
    return run.checkpoint_path


def train(run: Run, plan: Plan, unet: UNet, batches: Batches, fabric: Fabric) -> TrainingState:
    """Take every step that is left of the plan; the weights of `unet` are trained in place."""
    recipe = run.recipe
    network, optimiser = fabric.setup(unet, make_optimiser(unet, recipe))
    state = TrainingState()
    if (saved := by_the_first(fabric, lambda: read_state(run.state_path))) is not None:
        state = TrainingState.continued(saved, unet, optimiser)
        announce(fabric, f"continues at step {state.step}")

    places = [
        Place(step=step, micro=micro, rank=fabric.global_rank, world=fabric.world_size)
        for step in range(state.step, plan.steps)
        for micro in range(recipe.accumulate)
    ]
    statistics = BatchStatistics(unet, fabric)
    network.train()
    with (
        StepBar(fabric, state.step, plan.steps) as bar,
        closing(drawn_ahead(batches.at, places, run.options.workers)) as coming,
        Interruption(wanted=fabric.world_size == 1) as interruption,
    ):
        for place, drawn in zip(places, coming, strict=True):
            batch: Batch = fabric.to_device(drawn)
            last_micro = place.micro == recipe.accumulate - 1
            statistics.before_pass()
            with fabric.no_backward_sync(network, enabled=not last_micro):
                loss = batch_loss(network, batch, recipe.loss) / recipe.accumulate
                fabric.backward(loss)
            statistics.after_pass()
            state.add(loss)
            if not last_micro:
                continue
            learning_rate = recipe.learning_rate(place.step, plan.steps)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate
            optimiser.step()
            optimiser.zero_grad()
            bar.advance()

            state.step = place.step + 1
            at_the_end = state.step == plan.steps
            if state.step % recipe.validate_every == 0 or at_the_end:
                bar.standing(state.step, validate(run, state, unet, learning_rate, fabric))
            if state.step % recipe.checkpoint_every == 0 or at_the_end or interruption.came:
                state.share_loss(fabric)
                if fabric.is_global_zero:
                    state.save(run.state_path, unet, optimiser)
                fabric.barrier()
                bar.saved()
            if interruption.came:
                raise KeyboardInterrupt
    return state


def validate(run: Run, state: TrainingState, unet: UNet, learning_rate: float, fabric: Fabric) -> str:
    """Measure the network on some scans of both sides, add the row to the log, and return its gist."""
    mean_loss = state.take_mean_loss(fabric)
    if not fabric.is_global_zero:
        state.log.append({"step": state.step})
        return ""
    row = {"step": state.step, "learning_rate": learning_rate, "loss": mean_loss} | log_row(run, unet)
    state.log.append(row)
    write_log(state.log, run.out / "log.csv")
    return f"loss {mean_loss:.4f}, held-out Dice of the lens {row['held_out_dice_lens'] or 0:.4f}"
