"""Plots of a study: ROC (Fig. 2 of the paper), Cataract Fractions, calibration, and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import auc, roc_curve

from .agreement import by_exam
from .diagnosis import ScoredUnits, eye_units, scan_units
from .repeatability import limits_of_agreement
from .rows import first_exams

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .resampling import BootstrapSettings
    from .results import StudyResults
    from .summarise import Study
    from .truth import Calibration

COLOURS = {"clear": "tab:blue", "cataract": "tab:red"}
DPI = 300  # as journals ask for
GRID = np.linspace(0, 1, 201)
SHARES = (-0.03, 1.03)  # limits of an axis from 0 to 1 on which no eye at its ends is cut


def draw_figures(study: Study, results: StudyResults, folder: Path) -> list[str]:
    """Draw every figure that the data allow, as PNG and as PDF; return the names of the PNG files."""
    names = []
    for name, figure in _figures(study, results):
        figure.savefig(folder / name, dpi=DPI, metadata={"Software": None})
        figure.savefig((folder / name).with_suffix(".pdf"), metadata={"CreationDate": None})
        names.append(name)
    return names


def _figures(study: Study, results: StudyResults) -> Iterator[tuple[str, Figure]]:
    units = eye_units(first_exams(study.eyes))
    if any(units.positive) and not all(units.positive):
        yield "roc.png", _roc(study, units)
    if units.scores:
        yield "cataract_fraction.png", _histogram(study, units)
    if results.calibration is not None:
        yield "calibration.png", _reliability(results.calibration)
    if results.against_truth is not None:
        yield "against_truth.png", _against_truth(study)
    if results.repeatability:
        yield "repeated.png", _repeatability(study)
    if results.paired_comparison is not None:
        yield "moved.png", _paired_comparison(study)


def _roc(study: Study, units: ScoredUnits) -> Figure:
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    curves = [("eyes", units, "-"), ("scans", scan_units(study.rows), ":")]
    if study.development is not None:
        curves.append(("eyes that fixed the threshold", eye_units(first_exams(study.development.eyes)), "--"))
    for name, one, style in curves:
        if not any(one.positive) or all(one.positive):
            continue
        false, true, _ = roc_curve(one.positive, one.scores)
        axes.plot(false, true, style, label=f"{name}, AUC {auc(false, true):.3f}", color="black")
    if (band := roc_band(units, study.bootstrap)) is not None:
        axes.fill_between(GRID, *band, color="0.85", linewidth=0, label="eyes, 95 % of resamples")
    threshold = study.threshold.cf_threshold
    scores, positive = np.array(units.scores), np.array(units.positive)
    called = scores >= threshold
    axes.plot(called[~positive].mean(), called[positive].mean(), "o", color="tab:red", label=f"CF {threshold:.3f}")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=SHARES, ylim=SHARES, aspect="equal")
    axes.legend(loc="lower right", fontsize="small")
    return figure


def roc_band(
    units: ScoredUnits, bootstrap: BootstrapSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Sensitivity between which 95 % of the resamples lie, at each 1 - specificity of `GRID`; None without an interval.

    It holds at each place of the curve, not for the curve as a whole.
    """

    def curves(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.full((len(weights), len(GRID)), np.nan)
        positive = np.array(units.positive)
        for row, weight in zip(found, weights, strict=True):
            if weight[positive].any() and weight[~positive].any():
                false, true, _ = roc_curve(units.positive, units.scores, sample_weight=weight)
                row[:] = np.interp(GRID, false, true)
        return found

    return units.resampling(bootstrap).band(curves)


def _histogram(study: Study, units: ScoredUnits) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    for axes, (group, colour) in zip(figure.subplots(2, 1, sharex=True), COLOURS.items(), strict=True):
        scores = units.only(group == "cataract").scores
        axes.hist(scores, bins=np.linspace(0, 1, 41).tolist(), color=colour, label=f"{group}, {len(scores)} eyes")
        axes.axvline(study.threshold.cf_threshold, color="black", linewidth=1, label="threshold")
        axes.set(ylabel="eyes", xlim=SHARES)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize="small")
    axes.set(xlabel="Cataract Fraction of an eye")
    return figure


def _reliability(calibration: Calibration) -> Figure:
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    points = [(one.mean_probability, one.opaque_share) for one in calibration.classes]
    there = [(x, y) for x, y in points if x is not None and y is not None]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot([x for x, _ in there], [y for _, y in there], "o-", color="black")
    axes.set(xlabel="P(cataract), mean of a class", ylabel="share of truly opaque pixels", aspect="equal")
    axes.set(xlim=SHARES, ylim=SHARES)
    return figure


def _against_truth(study: Study) -> Figure:
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    for group, colour in COLOURS.items():
        points = [
            (eye.truth_opacity_fraction, eye.cataract_fraction) for eye in first_exams(study.eyes) if eye.group == group
        ]
        there = [(x, y) for x, y in points if x is not None and y is not None]
        axes.plot([x for x, _ in there], [y for _, y in there], ".", color=colour, alpha=0.6, label=group)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.set(xlabel="true opaque share of the lens", ylabel="Cataract Fraction", aspect="equal")
    axes.set(xlim=SHARES, ylim=SHARES)
    axes.legend(fontsize="small")
    return figure


def _repeatability(study: Study) -> Figure:
    first, values, _ = by_exam(study.eyes)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for group, colour in COLOURS.items():
        part = values[[eye.group == group for eye in first]]
        if len(part):
            axes.plot(part[:, :2].mean(axis=1), part[:, 0] - part[:, 1], ".", color=colour, label=group)
    for line in limits_of_agreement(values):
        axes.axhline(line, color="grey", linewidth=1)
    axes.set(xlabel="mean Cataract Fraction of the first two exams", ylabel="first minus second")
    axes.legend(fontsize="small")
    return figure


def _paired_comparison(study: Study) -> Figure:
    others = {eye.eye_id: eye for eye in (study.pair.eyes if study.pair else ())}
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    for group, colour in COLOURS.items():
        points = [
            (others[eye.eye_id].cataract_fraction, eye.cataract_fraction)
            for eye in study.eyes
            if eye.group == group and eye.eye_id in others
        ]
        there = [(x, y) for x, y in points if x is not None and y is not None]
        axes.plot([x for x, _ in there], [y for _, y in there], ".", color=colour, alpha=0.6, label=group)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.set(xlabel="Cataract Fraction in the other report", ylabel="Cataract Fraction here", aspect="equal")
    axes.set(xlim=SHARES, ylim=SHARES)
    axes.legend(fontsize="small")
    return figure
