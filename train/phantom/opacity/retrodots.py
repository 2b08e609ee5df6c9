"""Retrodots: round bodies at the border of the nucleus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.kinds import OpacityKind

from .small_bodies import Depth, Look, SmallBodies, draw_small_bodies

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.eye.lens import LensShape

LOOK = Look(
    kind=OpacityKind.RETRODOTS,
    depth=Depth.NUCLEAR_BORDER,
    least_area=0.0,
    half_width_mm=(0.04, 0.25),
    strength_db=(3, 7),
    height=0.6,
)


def draw_retrodots(rng: np.random.Generator, shape: LensShape, count: int) -> SmallBodies:
    """Draw so many retrodots."""
    return draw_small_bodies(rng, shape, LOOK, count)
