"""What a run leaves when its last step is done: the operating point, the table of held-out eyes, the checkpoint."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from edge_runtime.report.files import write_all
from train.checkpoint import Checkpoint, CheckpointMetadata, save_checkpoint
from train.data.scan_checks import short

from .augment import apply, centred
from .console import announce
from .curves import draw_curves
from .held_out import choose_operating_point, eyes_of, measure
from .run import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_fabric import Fabric

    from train.data.grid import GridFrames
    from train.unet import UNet

    from .curves import LogRow
    from .held_out import EyeMeasure
    from .plan import Plan
    from .run import Run

CALIBRATION_SCANS = 32  # kept for an int8 export; more change its ranges by little


def finish(run: Run, plan: Plan, unet: UNet, log: Sequence[LogRow], fabric: Fabric) -> None:
    """Choose the operating point on every held-out scan, then write the checkpoint and what belongs to it."""
    recipe = run.recipe
    take_back_class_weights(unet, recipe.loss.class_weights)
    windows = calibration_windows(run.frames, spread(run.training, CALIBRATION_SCANS), recipe.window)
    seen = () if run.beginning is None else run.beginning.checkpoint.pictures
    checkpoint = Checkpoint(
        metadata=_metadata(run, plan),
        weights=unet.state_dict(),
        calibration=windows,
        pictures=(*seen, *(short(run.frames.pictures[index]) for index in run.training)),
    )
    eyes = eyes_of(list(measure(unet, run.frames, run.dataset.scans, run.held_out, recipe.window)))
    write_all({str(run.out / "held_out.csv"): _table(eyes)})
    point = choose_operating_point(eyes)
    if point is None:
        announce(fabric, "No operating point: the held-out eyes give none. The checkpoint cannot be exported.")
    else:
        announce(fabric, f"cf_threshold {point.cf_threshold:.4f}: {point.method}")
        if point.doubts:
            announce(fabric, f"The threshold is in doubt: {'; '.join(point.doubts)}.")
        checkpoint = checkpoint.with_operating_point(point)
    draw_curves(log, run.out / "curves.png")
    save_checkpoint(checkpoint, run.checkpoint_path)


def take_back_class_weights(unet: UNet, class_weights: Sequence[float]) -> None:
    """Subtract the logarithm of each class's weight in the loss from its logits, so that they state chances again.

    A network that learns with a class weighed `w` times as heavily overstates the odds of that class by about `w`
    (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2). The weight is there for learning what is
    rare, not for what a pixel is called.
    """
    bias = cast("torch.Tensor", unet.head.bias)
    excess = torch.log(torch.tensor(class_weights, dtype=bias.dtype, device=bias.device))
    with torch.no_grad():
        bias -= excess.repeat_interleave(len(bias) // len(class_weights))


def calibration_windows(frames: GridFrames, indices: Sequence[int], window: tuple[int, int]) -> torch.Tensor:
    """Cut the windows about the lens of some scans.

    Returns
    -------
    (n, rows, columns) uint8
    """
    windows = [apply(centred(frames.scans[index], window), *frames.frame(index), window)[0] for index in indices]
    return torch.from_numpy(np.rint(np.stack(windows) * 255).astype(np.uint8))


def _metadata(run: Run, plan: Plan) -> CheckpointMetadata:
    recipe = run.recipe
    origins = [run.dataset.description] + ([] if run.beginning is None else [run.beginning.remark])
    return CheckpointMetadata(
        name=recipe.name,
        version=recipe.version,
        network=recipe.network,
        grid=recipe.grid,
        profile=recipe.profile,
        brightness=recipe.brightness,
        training_data=" ".join(origins),
        dataset_sha256=plan.dataset_sha256,
        training_commit=plan.training_commit,
        recipe=plan.recipe,
        steps=plan.steps,
    )


def _table(eyes: Sequence[EyeMeasure]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("eye", "group", "cataract_fraction", "scans"))
    writer.writerows((eye.eye_id, eye.group, f"{eye.cataract_fraction:.6f}", eye.scans) for eye in eyes)
    return text.getvalue().encode()
