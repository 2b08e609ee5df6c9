"""The exposure of one scan: gain, focus and speckle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from train.phantom.seeds import generator

from .detector import NOMINAL_FOCUS_MM, NOMINAL_RAYLEIGH_MM, Detector

if TYPE_CHECKING:
    from train.phantom.patient import Eye

    from .plan import ScanPlan


# Gain over depth, dB per mm of optical path: focus and roll-off set cornea and lens apart.
DEPTH_SLOPE_DB, WIDE_DEPTH_SLOPE_DB, MOST_DEPTH_SLOPE_DB = 0.12, 0.2, 1.2
_OF_THE_EXAM = 0.5  # of the slope's spread, which all scans of an exam share
# Speckle's grain in training, native pixels, even on a logarithmic scale. Exports that were averaged, smoothed or
# resampled have a coarser one than the detector's own, and it must not tell whether a lens is opaque.
_WIDE_GRAIN_ROWS, _WIDE_GRAIN_COLUMNS = (0.4, 1.5), (0.35, 1.5)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_exposure(rng: np.random.Generator, eye: Eye, plan: ScanPlan, cornea_mm: float) -> Detector:
    """Draw the exposure of one scan whose cornea lies at this optical path."""
    visit = generator(eye.plan.cohort, eye.plan.patient, eye.plan.eye, plan.exam, "exposure", plan.imaging)
    low = bool(visit.uniform() < 0.06 * eye.artefact_factor) or plan.forced == "low-signal"
    gain = (
        eye.gain_db
        + 0.3 * visit.standard_normal()
        - (visit.uniform(2, 6) if low else 0.0)
        + 0.2 * rng.standard_normal()
    )
    if plan.forced == "drift":  # the exposure differs from the eye's other scans
        gain += float(rng.choice((-1, 1)) * rng.uniform(1.5, 3.5))
    wide = plan.wide and rng.uniform() < 0.4
    looks = _log_uniform(rng, 4, 12) if wide else float(rng.uniform(5.5, 9.0))
    spread = WIDE_DEPTH_SLOPE_DB if plan.wide else DEPTH_SLOPE_DB
    slope = _OF_THE_EXAM * visit.standard_normal() + np.sqrt(1 - _OF_THE_EXAM**2) * rng.standard_normal()
    exposure = Detector(
        gain_db=float(gain + (rng.normal(0, 1.0) if wide else 0.0)),
        lateral_slope_db=float(rng.normal(0, 0.4)) + (float(rng.uniform(-3, 3)) if low else 0.0),
        focus_mm=float(rng.normal(NOMINAL_FOCUS_MM, 0.8)),
        rayleigh_mm=float(np.clip(rng.normal(NOMINAL_RAYLEIGH_MM, 0.8), 3.0, 9.0)),
        roll_off_db=float(rng.normal(0, 0.5)),
        looks=looks,
        grain_rows=float(rng.uniform(0.42, 0.92)) if not wide else _log_uniform(rng, *_WIDE_GRAIN_ROWS),
        grain_columns=float(rng.uniform(0.42, 0.58)) if not wide else _log_uniform(rng, *_WIDE_GRAIN_COLUMNS),
        row_pattern_db=float(rng.uniform(0.2, 0.5)) if rng.uniform() < 0.15 else 0.0,
        heavy_tail_db=float(rng.uniform(0.3, 1.0)) if wide and rng.uniform() < 0.5 else 0.0,
        depth_slope_db=float(np.clip(spread * slope, -MOST_DEPTH_SLOPE_DB, MOST_DEPTH_SLOPE_DB)),
        slope_from_mm=cornea_mm,
    )
    if plan.forced == "rows":
        exposure = replace(exposure, row_pattern_db=float(rng.uniform(0.8, 2.0)))
    if eye.plan.shifted:  # speckle with a long log-normal tail, a law that training never meets
        exposure = replace(
            exposure, looks=float(rng.uniform(9, 14)), heavy_tail_db=1.3, grain_rows=0.95, grain_columns=0.75
        )
    if eye.plan.no_artefacts:
        exposure = replace(exposure, row_pattern_db=0.0)
    return exposure
