"""The training log as a table and as a figure (Fig. 1 of the paper)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, TypeAlias

from edge_runtime.report.files import write_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOG_COLUMNS = (
    "step", "learning_rate", "loss",
    "training_dice_background", "training_dice_clear_lens", "training_dice_cataract", "training_dice_lens",
    "held_out_dice_background", "held_out_dice_clear_lens", "held_out_dice_cataract", "held_out_dice_lens",
    "training_auc", "held_out_auc",
)  # fmt: skip

MARKER: dict[str, Any] = {"marker": "o", "markersize": 3}

# A row of the log: a number for each of `LOG_COLUMNS`, or None where there is nothing to measure.
LogRow: TypeAlias = dict[str, Any]


def write_log(log: Sequence[LogRow], path: Path) -> None:
    """Write the whole log, one row per measurement, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, LOG_COLUMNS)
    writer.writeheader()
    writer.writerows(log)
    write_all({str(path): text.getvalue().encode()})


def draw_curves(log: Sequence[LogRow], path: Path) -> None:
    """Draw the Dice of each class on both sides over the steps (Fig. 1 of the paper), as PNG and as PDF.

    Every measurement has a marker: a short run has a single one, and no line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    dice_axes, loss_axes = figure.subplots(1, 2)
    steps = [row["step"] for row in log]
    for name, colour in (("clear_lens", "tab:blue"), ("cataract", "tab:red"), ("lens", "tab:green")):
        for side, style in (("training", "--"), ("held_out", "-")):
            values = [row[f"{side}_dice_{name}"] for row in log]
            points = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
            if points:
                label = f"{name.replace('_', ' ')}, {side.replace('_', '-')}"
                dice_axes.plot(*zip(*points, strict=True), style, color=colour, label=label, **MARKER)
    dice_axes.set(xlabel="step", ylabel="Dice, mean over scans", ylim=(-0.03, 1.03))
    dice_axes.legend(fontsize="small")
    loss_axes.plot(steps, [row["loss"] for row in log], color="black", **MARKER)
    loss_axes.set(xlabel="step", ylabel="training loss", yscale="log")
    figure.savefig(path, dpi=300, metadata={"Software": None})
    figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
