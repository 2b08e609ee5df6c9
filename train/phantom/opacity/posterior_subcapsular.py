"""Posterior subcapsular cataract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField

from .plaque import Plaque

if TYPE_CHECKING:
    import numpy as np


def draw_posterior_subcapsular(rng: np.random.Generator, radius_mm: float) -> Plaque:
    """Draw a granular plaque on the posterior capsule."""
    look = rng.choice(3, p=(0.45, 0.16, 0.39))  # vacuolar, solid, mixed (series of 160 eyes)
    return Plaque(
        front=False,
        x_mm=float(rng.normal(0, 0.35)),
        y_mm=float(rng.normal(0, 0.35)),
        radius_mm=radius_mm,
        depth_mm=float(rng.uniform(0.08, 0.35)),
        strength_db=float(rng.uniform(9, 20)),
        grain_db=(3.5, 1.2, 2.5)[look],
        rings=0.0,
        holes=(0.45, 0.0, 0.25)[look],
        texture=WaveField.draw(rng, (0.12, 0.12, 0.05), 20),
        edge=WaveField.draw(rng, (0.5, 0.5, 0.5)),
        kind=OpacityKind.POSTERIOR_SUBCAPSULAR,
    )
