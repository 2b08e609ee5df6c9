"""Vacuoles: hollow bodies below the capsule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind

from .small_bodies import Depth, Look, SmallBodies, draw_small_bodies

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.eye.lens import LensShape

LOOK = Look(
    kind=OpacityKind.VACUOLES,
    depth=Depth.SUBCAPSULAR,
    least_area=0.0,
    half_width_mm=(0.04, 0.125),
    strength_db=(6, 12),
    height=0.8,
    hollow=True,
)


def draw_vacuoles(rng: np.random.Generator, shape: LensShape, count: int) -> SmallBodies:
    """Draw so many vacuoles."""
    return draw_small_bodies(rng, shape, LOOK, count)
