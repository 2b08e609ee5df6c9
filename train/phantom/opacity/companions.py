"""Opacities that come with age beside the main one, and the white lenses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

from .lamellar_separation import draw_lamellar_separation
from .morgagnian import draw_morgagnian
from .retrodots import draw_retrodots
from .vacuoles import draw_vacuoles
from .water_clefts import draw_water_clefts
from .white import draw_white

if TYPE_CHECKING:
    from train.phantom.eye.lens import LensShape

    from .opacity import Opacity


def draw_companions(
    rng: np.random.Generator, age_years: float, shape: LensShape, white: OpacityKind | None
) -> list[Opacity]:
    """Draw what a lens with cataract has besides; `white` is the kind of white lens that it is, if any."""
    found: list[Opacity] = []
    if age_years > 60:
        if rng.uniform() < 0.25:
            found.append(draw_water_clefts(rng))
        if rng.uniform() < 0.20:
            found.append(draw_retrodots(rng, shape, int(np.exp(rng.uniform(np.log(20), np.log(300))))))
        if rng.uniform() < 0.20:
            found.append(draw_vacuoles(rng, shape, int(rng.integers(3, 41))))
        if rng.uniform() < 0.15:
            found.append(draw_lamellar_separation(rng))
    if white is OpacityKind.WHITE:
        found.append(draw_white(rng))
    if white is OpacityKind.MORGAGNIAN:
        found.append(draw_morgagnian(rng))
    return found
