"""The pose of the eye before the device during one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.optics import AQUEOUS_INDEX, CORNEA_INDEX, LENS_INDEX
from train.phantom.eye.plan import LensState
from train.phantom.field import smooth_walk
from train.phantom.seeds import generator

from .beams import View
from .plan import Geometry

if TYPE_CHECKING:
    from train.phantom.patient import Eye

    from .beams import Grid
    from .plan import ScanPlan


def draw_view(rng: np.random.Generator, eye: Eye, plan: ScanPlan, grid: Grid) -> View:
    """Pose of the eye during one scan, and of the exam it belongs to."""
    exam = generator(eye.plan.cohort, eye.plan.patient, eye.plan.eye, plan.exam, "exam")
    depth = eye.anatomy.pose.pole_z_mm - eye.anatomy.cornea.thickness_mm
    whole = (
        eye.anatomy.cornea.thickness_mm * CORNEA_INDEX
        + depth * AQUEOUS_INDEX
        + eye.anatomy.lens.thickness_mm * LENS_INDEX
    )
    apex = exam.normal(2.3, 0.3)
    pupil_scale = float(np.exp(0.04 * exam.standard_normal()))
    optical = plan.geometry is not Geometry.CORRECTED
    if optical and exam.uniform() < 0.9:  # the operator makes sure that the posterior capsule is in the frame
        apex = min(apex, (13.3 if plan.geometry is Geometry.RAW else 13.7) - whole)
    if plan.forced == "clipped":
        apex = 13.9 - whole + float(exam.uniform(0.2, 1.2)) if optical else 5.2
    apex = max(apex, 0.5)
    if eye.plan.state is LensState.OUTSIDE:
        apex = (
            float(exam.uniform(8.3, 11.0))
            - whole
            + eye.anatomy.lens.thickness_mm * LENS_INDEX
            + float(exam.uniform(2.2, 5.5))
        )
    apex_column = exam.normal(0, 0.15) + rng.normal(0, 0.12)
    wobble = 0.006 * smooth_walk(rng, grid.columns, 40)
    return View(
        meridian_deg=plan.meridian_deg,
        mirrored=eye.plan.eye == "OS",
        apex_column_mm=float(apex_column),
        apex_depth_mm=float(max(apex + rng.normal(0, 0.08), 0.3)),
        shift_x_mm=float(rng.normal(0, 0.08)),
        shift_y_mm=float(rng.normal(0, 0.08)),
        pupil_scale=pupil_scale,
        wobble_mm=wobble,
    )
