"""Posterior polar cataract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind
from train.phantom.field import WaveField

from .plaque import Plaque

if TYPE_CHECKING:
    import numpy as np


def draw_posterior_polar(rng: np.random.Generator) -> Plaque:
    """Draw a posterior polar disc with onion rings."""
    return Plaque(
        front=False,
        x_mm=float(rng.normal(0, 0.1)),
        y_mm=float(rng.normal(0, 0.1)),
        radius_mm=float(rng.uniform(0.25, 0.9)),
        depth_mm=float(rng.uniform(0.15, 0.5)),
        strength_db=float(rng.uniform(12, 22)),
        grain_db=1.5,
        rings=1.0,
        holes=0.1,
        texture=WaveField.draw(rng, (0.12, 0.12, 0.08)),
        edge=WaveField.draw(rng, (0.6, 0.6, 0.6)),
        kind=OpacityKind.POSTERIOR_POLAR,
    )
