"""The operating point from a report: the eyes of a study fix the threshold that a model ships with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from train.fit.held_out import EyeMeasure, choose_operating_point
from train.study.earlier_report import read_report

from .errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import ChosenThreshold


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
