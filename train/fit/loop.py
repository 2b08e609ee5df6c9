"""Train a network from a recipe and a dataset: one flat loop, resumable at any moment.

Everything a step does follows from the seed and the number of the step: which scans, which augmentation, which
learning rate. So a run that is killed and started again ends with the same weights as one that was left alone.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning_fabric import Fabric
from tqdm import tqdm

from train.checkpoint import Checkpoint, CheckpointMetadata, save_checkpoint, write_atomically
from train.data.dataset import Dataset, read_dataset
from train.data.frames import GridFrames, prepare
from train.data.split import split_by_patient
from train.metrics import area_under_curve
from train.unet import UNet

from .augment import apply, centred
from .batches import Batches, Place
from .curves import draw_curves, write_log
from .held_out import choose_operating_point, dice_of, eyes_of, measure
from .loss import segmentation_loss
from .plan import FitOptions, Plan, check_same_run, make_optimiser, make_plan, write_plan
from .recipe import Recipe, load_recipe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

CALIBRATION_SCANS = 32  # kept for an int8 export; more change its ranges by little
STATE_FORMAT = "edge-cataract/training-state/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `python -m train fit`."""
    parser.add_argument("--recipe", type=Path, required=True, help="TOML file, see train/recipes")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument(
        "--out", type=Path, required=True, help="run folder; continues where it holds an unfinished run"
    )
    parser.add_argument("--max-minutes", type=float, help="wall time to stay within; sets the number of steps")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--devices", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--accelerator", default="cpu", help="cpu, cuda, auto (default cpu)")
    parser.add_argument("--precision", default="32-true", help="32-true, bf16-mixed (default 32-true)")
    parser.add_argument("--threads", type=int, help="threads of a process")
    parser.add_argument("--cache", type=Path, help="folder for prepared frames (default: cache/ in the dataset)")


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m train fit`."""
    recipe, text = load_recipe(arguments.recipe)
    options = FitOptions(
        max_minutes=arguments.max_minutes,
        devices=arguments.devices,
        accelerator=arguments.accelerator,
        precision=arguments.precision,
        threads=arguments.threads,
        steps=arguments.steps,
        cache=arguments.cache,
    )
    fit(recipe, text, read_dataset(arguments.data), arguments.out, options)
    return 0


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
        When the run folder belongs to another recipe or other data.
    DatasetError
        When an image or a mask cannot be used.
    """
    started = time.monotonic()
    checkpoint_path, state_path, plan_path = out / "checkpoint", out / "state.pt", out / "plan.json"
    out.mkdir(parents=True, exist_ok=True)
    if options.threads:
        torch.set_num_threads(options.threads)
    precision: Any = options.precision  # Fabric types it as one of many literals, and checks it itself
    fabric = Fabric(accelerator=options.accelerator, devices=options.devices, precision=precision)
    fabric.launch()

    with fabric.rank_zero_first():
        frames = _prepare_with_bar(dataset, recipe, options)
    split = split_by_patient(dataset.scans, recipe.held_out, recipe.seed)
    position = {scan.scan_id: index for index, scan in enumerate(dataset.scans)}
    training = [position[scan.scan_id] for scan in split.training]
    held_out = [position[scan.scan_id] for scan in split.held_out]
    batches = Batches(frames, training, recipe)

    torch.manual_seed(recipe.seed)
    unet = UNet(recipe.network)
    unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it for modules
    optimiser = make_optimiser(unet, recipe)
    if plan_path.is_file():
        plan = Plan(**json.loads(plan_path.read_text(encoding="utf-8")))
        check_same_run(plan, recipe_text, frames, (fabric.world_size, options.precision), out)
    else:
        plan = make_plan(recipe, recipe_text, unet, batches, frames, options, fabric, time.monotonic() - started)
        if fabric.is_global_zero:
            write_plan(plan, plan_path)
    if checkpoint_path.is_file():
        _say(fabric, f"{out} holds a finished run of {plan.steps} steps: nothing to do.")
        return checkpoint_path
    _say(
        fabric,
        f"{len(training)} scans to learn from, {len(held_out)} held out; "
        f"{plan.steps} steps of {plan.seconds_per_step:.3f} s, "
        f"about {plan.steps * plan.seconds_per_step / 60:.0f} min and the time to measure.",
    )

    network, optimiser = fabric.setup(unet, optimiser)
    first_step, log, loss_sum = 0, [], torch.zeros((), dtype=torch.float64)
    if state_path.is_file():
        state = torch.load(state_path, map_location=fabric.device, weights_only=True)
        unet.load_state_dict(state["weights"])
        optimiser.load_state_dict(state["optimiser"])
        first_step, log, loss_sum = state["step"], state["log"], state["loss_sum"].cpu()
        _say(fabric, f"continues at step {first_step}")

    def batch_of(step: int, micro: int) -> tuple[torch.Tensor, torch.Tensor]:
        grey, labels = batches.at(Place(step, micro, fabric.global_rank, fabric.world_size))
        return fabric.to_device((grey, labels))  # type: ignore[no-any-return]  # Fabric returns what it was given

    network.train()
    steps = range(first_step, plan.steps)
    passes = [(step, micro) for step in steps for micro in range(recipe.accumulate)]
    with (
        tqdm(total=plan.steps, initial=first_step, unit="step", disable=_no_bar(fabric)) as bar,
        ThreadPoolExecutor(1) as ahead,
    ):
        # The next batch is drawn while the network works on this one.
        coming = ahead.submit(batch_of, *passes[0]) if passes else None
        for number, (step, micro) in enumerate(passes):
            grey, labels = coming.result()  # type: ignore[union-attr]  # there is one while there are passes
            if number + 1 < len(passes):
                coming = ahead.submit(batch_of, *passes[number + 1])
            last_micro = micro == recipe.accumulate - 1
            with fabric.no_backward_sync(network, enabled=not last_micro):
                loss = segmentation_loss(network(grey), labels, recipe.loss) / recipe.accumulate
                fabric.backward(loss)
            loss_sum += loss.detach().double().cpu()
            if not last_micro:
                continue
            learning_rate = recipe.learning_rate(step, plan.steps)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate
            optimiser.step()
            optimiser.zero_grad()
            bar.update()

            done = step + 1
            if done % recipe.validate_every == 0 or done == plan.steps:
                since = done - (log[-1]["step"] if log else 0)
                over_processes: Any = fabric.all_reduce(loss_sum.clone(), reduce_op="mean")
                mean_loss = over_processes.item() / since
                loss_sum.zero_()
                if fabric.is_global_zero:
                    sides = (("training", training), ("held_out", held_out))
                    row = {"step": done, "learning_rate": learning_rate, "loss": mean_loss}
                    for side, indices in sides:
                        row |= _measured(side, unet, frames, dataset, _spread(indices, recipe.validation_scans), recipe)
                    log.append(row)
                    write_log(log, out / "log.csv")
                    standing = f"loss {mean_loss:.4f}, held-out Dice of the lens {row['held_out_dice_lens'] or 0:.4f}"
                    bar.set_postfix_str(standing)
                    if bar.disable:
                        _tell(f"step {done} of {plan.steps}: {standing}")
                else:
                    log.append({"step": done})
            if done % recipe.checkpoint_every == 0 or done == plan.steps:
                if fabric.is_global_zero:
                    write_atomically(
                        {
                            "format": STATE_FORMAT,
                            "step": done,
                            "weights": unet.state_dict(),
                            "optimiser": optimiser.state_dict(),
                            "log": log,
                            "loss_sum": loss_sum,
                        },
                        state_path,
                    )
                fabric.barrier()

    if fabric.is_global_zero:
        windows = _calibration_windows(frames, _spread(training, CALIBRATION_SCANS), recipe.window)
        checkpoint = Checkpoint(_metadata(recipe, plan, dataset), unet.state_dict(), windows)
        _finish(checkpoint, unet, frames, dataset, held_out, recipe, log, out)
    fabric.barrier()
    return checkpoint_path


def _prepare_with_bar(dataset: Dataset, recipe: Recipe, options: FitOptions) -> GridFrames:
    with tqdm(total=len(dataset.scans), unit="scan", desc="prepare", disable=not sys.stderr.isatty()) as bar:
        return prepare(
            dataset,
            recipe.grid,
            recipe.target,
            recipe.brightness,
            cache=options.cache,
            report=lambda done, total: bar.update(done - bar.n),
        )


def _metadata(recipe: Recipe, plan: Plan, dataset: Dataset) -> CheckpointMetadata:
    return CheckpointMetadata(
        name=recipe.name,
        version=recipe.version,
        network=recipe.network,
        grid=recipe.grid,
        profile=recipe.profile,
        brightness=recipe.brightness,
        training_data=dataset.description,
        dataset_sha256=plan.dataset_sha256,
        training_commit=plan.training_commit,
        recipe=plan.recipe,
        steps=plan.steps,
    )


def _calibration_windows(frames: GridFrames, indices: Sequence[int], window: tuple[int, int]) -> torch.Tensor:
    """The windows about the lens of some scans, (n, rows, columns) uint8."""
    windows = [apply(centred(frames.scans[index], window), *frames.frame(index), window)[0] for index in indices]
    return torch.from_numpy(np.rint(np.stack(windows) * 255).astype(np.uint8))


def _finish(
    checkpoint: Checkpoint,
    unet: UNet,
    frames: GridFrames,
    dataset: Dataset,
    held_out: Sequence[int],
    recipe: Recipe,
    log: list[dict[str, Any]],
    out: Path,
) -> None:
    """Choose the operating point on every held-out scan, then write the checkpoint."""
    measures = list(measure(unet, frames, dataset.scans, held_out, recipe.window))
    eyes = eyes_of(measures)
    with (out / "held_out.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("eye", "group", "cataract_fraction", "scans"))
        writer.writerows((eye.eye_id, eye.group, f"{eye.cataract_fraction:.6f}", eye.scans) for eye in eyes)
    point = choose_operating_point(eyes)
    if point is None:
        _tell("No operating point: the held-out eyes give none. The checkpoint cannot be exported.")
    else:
        _tell(f"cf_threshold {point.cf_threshold:.4f}: {point.method}")
        checkpoint = checkpoint.with_operating_point(point)
    draw_curves(log, out / "curves.png")
    save_checkpoint(checkpoint, out / "checkpoint")


def _measured(
    side: str, unet: UNet, frames: GridFrames, dataset: Dataset, indices: Sequence[int], recipe: Recipe
) -> dict[str, float | None]:
    measures = list(measure(unet, frames, dataset.scans, indices, recipe.window))
    row = {f"{side}_dice_{name}": dice.mean for name, dice in dice_of(measures).items()}
    eyes = eyes_of(measures)
    row[f"{side}_auc"] = area_under_curve(
        [eye.cataract_fraction for eye in eyes], [eye.group == "cataract" for eye in eyes]
    )
    return row


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread, always the same."""
    if len(indices) <= count:
        return list(indices)
    return [indices[position * len(indices) // count] for position in range(count)]


def _no_bar(fabric: Fabric) -> bool:
    return not (fabric.is_global_zero and sys.stderr.isatty())


def _say(fabric: Fabric, text: str) -> None:
    if fabric.is_global_zero:
        _tell(text)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
