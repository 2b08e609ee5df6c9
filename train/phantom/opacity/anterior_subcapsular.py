"""Anterior subcapsular and polar cataract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField

from .plaque import Plaque

if TYPE_CHECKING:
    import numpy as np


def draw_anterior_subcapsular(rng: np.random.Generator) -> Plaque:
    """Draw an anterior subcapsular or polar plaque."""
    return Plaque(
        front=True,
        x_mm=float(rng.normal(0, 0.4)),
        y_mm=float(rng.normal(0, 0.4)),
        radius_mm=float(rng.uniform(0.3, 1.4)),
        depth_mm=float(rng.uniform(0.06, 0.25)),
        strength_db=float(rng.uniform(12, 25)),
        grain_db=2.0,
        rings=0.0,
        holes=0.05,
        texture=WaveField.draw(rng, (0.15, 0.15, 0.05)),
        edge=WaveField.draw(rng, (0.5, 0.5, 0.5)),
        kind=OpacityKind.ANTERIOR_SUBCAPSULAR,
    )
