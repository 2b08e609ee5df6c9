"""Dots and flakes in the periphery of the cortex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind

from .small_bodies import Depth, Look, SmallBodies, draw_small_bodies

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.eye.lens import LensShape

LOOK = Look(
    kind=OpacityKind.DOTS,
    depth=Depth.CORTEX,
    least_area=0.25,
    half_width_mm=(0.03, 0.10),
    strength_db=(5, 12),
    height=0.5,
)


def draw_dots(rng: np.random.Generator, shape: LensShape, count: int, harmless: bool = False) -> SmallBodies:
    """Draw so many dots; harmless ones are never significant, and clear eyes have them too."""
    return draw_small_bodies(rng, shape, LOOK, count, harmless=harmless)
