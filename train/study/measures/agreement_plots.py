"""Plots of what was measured against the truth of simulated eyes: grade, posterior area, thickness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from edge_runtime.measure.grade import STEP_EDGES_DB
from train.study.figures import COLOURS, DPI

from .figures_of_merit import grade_of
from .truths import posterior_area, severity_db

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from edge_runtime.measure.coefficients import MeasureCoefficients

    from .measured_eyes import MeasuredEye

NAME = "agreement.png"


def draw_agreement(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients, folder: Path) -> None:
    """Draw one panel for each measure, as PNG and as PDF, into a folder.

    Parameters
    ----------
    eyes
        Those that have measures and a truth are drawn, in the colour of their group.
    coefficients
        What the grade is computed with, without age.
    folder
        An existing folder.
    """
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    grade, area, thickness = figure.subplots(1, 3)
    seen = [eye for eye in eyes if eye.measures and eye.truths]
    graded = [(severity_db(eye), grade_of(eye, coefficients), eye.facts.group) for eye in seen]
    _scatter(grade, [(true, found.value_db, group) for true, found, group in graded if found and true is not None])
    for edge in STEP_EDGES_DB:
        grade.axhline(edge, color="0.85", linewidth=0.6, zorder=0)
        grade.axvline(edge, color="0.85", linewidth=0.6, zorder=0)
    grade.set(title="Nuclear grade", xlabel="true excess of the nucleus, dB", ylabel="grade, dB")
    areas = [(posterior_area(eye), eye.measures.areas.posterior_3mm, eye.facts.group) for eye in seen if eye.measures]
    _scatter(area, [(100 * true, 100 * found, group) for true, found, group in areas if found is not None])
    area.set(title="Opacity below the back capsule", xlabel="true % of the central 3 mm", ylabel="measured %")
    thick = [(eye.facts.thickness_mm, eye.measures.thickness_mm, eye.facts.group) for eye in seen if eye.measures]
    _scatter(thickness, [(true, found, group) for true, found, group in thick if found is not None])
    thickness.set(title="Thickness of the lens", xlabel="true mm", ylabel="measured mm")
    grade.legend(frameon=False, markerscale=2)
    figure.savefig(folder / NAME, dpi=DPI, metadata={"Software": None})
    figure.savefig((folder / NAME).with_suffix(".pdf"), metadata={"CreationDate": None})


def _scatter(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Truth across, measure upwards, and the line on which both are equal."""
    for group, colour in COLOURS.items():
        some = np.array([(true, found) for true, found, of in points if of == group]).reshape(-1, 2)
        axes.plot(some[:, 0], some[:, 1], ".", markersize=3, alpha=0.6, color=colour, label=group)
    everything = np.array([point[:2] for point in points]).reshape(-1, 2)
    if everything.size:
        ends = [float(everything.min()), float(everything.max())]
        axes.plot(ends, ends, color="0.4", linewidth=0.8, zorder=0)
