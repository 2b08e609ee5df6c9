"""The vitreous."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.phantom.eye.plan import GRADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.patient import Eye

    from .beams import Grid, Surfaces


def paint_vitreous(signal: NDArray[np.float32], surfaces: Surfaces, eye: Eye, grid: Grid) -> None:
    """Paint the vitreous behind the lens, and its anterior face."""
    columns = np.flatnonzero(surfaces.open > 0)
    if not len(columns):
        return
    part = slice(columns[0], columns[-1] + 1)
    first = max(int(surfaces.lens_back_path[part].min() / grid.row_mm), 0)
    behind = grid.depth_mm[first:, None] - surfaces.lens_back_path[part]
    # A crystalline lens sends some light forwards into the vitreous behind it; an empty pupil does not.
    level = eye.tissue.vitreous_db - (0.0 if eye.plan.state in GRADABLE else 5.0)
    power = 10 ** (level / 10) * np.clip(behind / np.float32(grid.row_mm), 0, 1) * surfaces.open[part]
    signal[first:, part] += power.astype(np.float32)
