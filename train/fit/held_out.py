"""Measure a network on prepared frames: labels, Dice, Cataract Fraction per scan and eye, operating point."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import torch

from edge_runtime.measure.lens import LensPixels, largest_component
from train.checkpoint import ChosenThreshold
from train.metrics import MIN_CF_THRESHOLD, ConfusionMatrix, MeanDice, TissueOverlap, area_under_curve, youden_threshold

from .augment import apply, centred
from .run import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from train.data.dataset import ScanRecord
    from train.data.grid import GridFrames

    from .curves import LogRow
    from .run import Run


CHANCE = 0.5  # AUC of a model that learnt nothing
LEAST_EYES = 10  # of either group, however often each was examined; the threshold of fewer is an accident


@dataclass(frozen=True, slots=True)
class ScanMeasure:
    """What the network made of one scan, in the window about its lens.

    Attributes
    ----------
    scan
        The scan's row of the table.
    overlap
        Pixel counts of prediction and truth for each label.
    pixels
        Lens and cataract pixels of the largest connected lens, as the runtime counts them.
    """

    scan: ScanRecord
    overlap: TissueOverlap
    pixels: LensPixels


@dataclass(frozen=True, slots=True)
class EyeMeasure:
    """Cataract Fraction of one eye at one exam: the mean over its scans with a lens, as in the paper."""

    eye_id: str
    group: str
    cataract_fraction: float
    scans: int


@torch.inference_mode()
def measure(
    network: nn.Module,
    frames: GridFrames,
    records: Sequence[ScanRecord],
    indices: Sequence[int],
    window: tuple[int, int],
) -> Iterator[ScanMeasure]:
    """Run the network over scans, one at a time, and leave its mode as it was.

    Parameters
    ----------
    network
        It takes (n, 1, rows, columns) float32 and returns logits.
    frames, records
        Prepared frames and the rows they belong to, in the same order.
    indices
        Positions of the scans to measure.
    window
        (rows, columns) on the network grid, laid about the lens.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    try:
        for index in indices:
            grey, truth = apply(centred(frames.scans[index], window), *frames.frame(index), window)
            logits = network(torch.from_numpy(grey)[None, None].to(device))
            labels = logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
            kept, _ = largest_component(labels)
            yield ScanMeasure(records[index], TissueOverlap.of(labels, truth), LensPixels.counted(kept))
    finally:
        network.train(was_training)


def log_row(run: Run, network: nn.Module) -> LogRow:
    """Measure both sides of a run, on as many scans as the recipe allows on the way, for the log."""
    row: LogRow = {}
    for side, indices in (("training", run.training), ("held_out", run.held_out)):
        chosen = spread(indices, run.recipe.validation_scans)
        measures = list(measure(network, run.frames, run.dataset.scans, chosen, run.recipe.window))
        row |= {f"{side}_dice_{name}": dice.mean for name, dice in dice_of(measures).items()}
        eyes = eyes_of(measures)
        row[f"{side}_auc"] = area_under_curve(
            [eye.cataract_fraction for eye in eyes], [eye.group == "cataract" for eye in eyes]
        )
    return row


def dice_of(measures: Sequence[ScanMeasure]) -> dict[str, MeanDice]:
    """Mean Dice of each label, and of the lens as a whole, over scans with a gradable lens."""
    gradable = [one.overlap for one in measures if one.scan.group]
    return {
        name: MeanDice.of(getattr(overlap, name) for overlap in gradable)
        for name in ("background", "clear_lens", "cataract", "lens")
    }


def eyes_of(measures: Sequence[ScanMeasure]) -> list[EyeMeasure]:
    """Cataract Fraction of each eye; scans without a gradable lens, or where none was found, are left out."""
    fractions: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in measures:
        if one.scan.group and one.pixels.lens:
            fractions[one.scan.eye_id, one.scan.group].append(one.pixels.cataract_fraction)
    return [EyeMeasure(eye, group, fmean(values), len(values)) for (eye, group), values in sorted(fractions.items())]


def choose_operating_point(eyes: Sequence[EyeMeasure], whose: str = "held-out patients") -> ChosenThreshold | None:
    """Choose the Cataract Fraction that separates clear from cataract eyes best; `whose` names them in the method.

    The middle of the interval of the largest sensitivity + specificity, but at least `MIN_CF_THRESHOLD`. None where a
    group is missing, or where the best threshold is no number between 0 and 1: no operating point can be justified.
    """
    fractions, is_cataract = (
        [eye.cataract_fraction for eye in eyes],
        [eye.group == "cataract" for eye in eyes],
    )
    threshold = youden_threshold(fractions, is_cataract)
    if threshold is None or not 0 < threshold < 1:
        return None
    choice = "middle of the Youden-optimal interval"
    if threshold < MIN_CF_THRESHOLD:
        choice = f"{MIN_CF_THRESHOLD:g}, the least allowed (the {choice} is {threshold:.4f}),"
        threshold = MIN_CF_THRESHOLD
    sorting = ConfusionMatrix.at(threshold, fractions, is_cataract)
    auc = area_under_curve(fractions, is_cataract)
    clear, cataract = (
        {eye.eye_id.rpartition("/")[0] for eye in eyes if eye.group == group} for group in ("clear", "cataract")
    )
    exams = "" if len(eyes) == len(clear) + len(cataract) else f", {len(eyes)} exams,"
    method = (
        f"{choice} over {len(clear)} clear and {len(cataract)} cataract eyes{exams} "
        f"of {whose} (per eye: sensitivity {sorting.sensitivity:.3f}, "
        f"specificity {sorting.specificity:.3f}, AUC {auc:.3f})"
    )
    doubts = []
    if auc is None or auc <= CHANCE:
        doubts.append("its AUC is no better than chance")
    if min(len(clear), len(cataract)) < LEAST_EYES:
        doubts.append(f"it rests on fewer than {LEAST_EYES} eyes in a group")
    return ChosenThreshold(round(threshold, 6), method, doubts=tuple(doubts))
