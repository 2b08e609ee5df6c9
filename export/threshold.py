"""The operating point that a model ships with: from the eyes of a study, or from an earlier export of the network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from edge_runtime.model.onnx_file import inspect
from train.checkpoint import ChosenThreshold
from train.fit.held_out import EyeMeasure, choose_operating_point
from train.study.earlier_report import read_report

from .errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import CheckpointMetadata


def operating_point_of_release(model: Path, checkpoint: CheckpointMetadata) -> ChosenThreshold:
    """Take over the operating point of an earlier export of the same network.

    Parameters
    ----------
    model
        The exported model.
    checkpoint
        What the checkpoint says of itself.

    Raises
    ------
    ExportError
        When the model was exported from another network.
    EdgeCataractError
        When it is no model.
    """
    earlier = inspect(model.read_bytes())
    if (earlier.training_commit, earlier.training_data) != (checkpoint.training_commit, checkpoint.training_data):
        raise ExportError(
            "other-network", f"{model.name} was exported from another network.", "Name an export of this checkpoint."
        )
    doubts = tuple(filter(None, earlier.doubts.split("; ")))
    return ChosenThreshold(earlier.cf_threshold, earlier.cf_threshold_method, earlier.guard_band, doubts)


def operating_point_of(report: Path, checkpoint: Path) -> ChosenThreshold:
    """Choose the operating point on the eyes of a report.

    Parameters
    ----------
    report
        Folder written by `python -m train evaluate --model CHECKPOINT`.
    checkpoint
        File that the report must be about.

    Raises
    ------
    ReportError
        When the folder is no finished report, or one of another model.
    ExportError
        When its eyes justify no threshold.
    """
    measured = read_report(report, hashlib.sha256(checkpoint.read_bytes()).hexdigest())
    eyes = [
        EyeMeasure(eye.eye_id, eye.group, eye.cataract_fraction, eye.scans_graded)
        for eye in measured.eyes
        if eye.cataract_fraction is not None
    ]
    point = choose_operating_point(eyes, measured.description)
    if point is None:
        raise ExportError(
            "no-operating-point", f"The eyes of {report} give no threshold.", "Take data with clear and cataract eyes."
        )
    return point
