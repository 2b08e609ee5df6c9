"""Where the zones of the lens lie in a label map, from the outline of the lens alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .lens import TissueLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUCLEUS_DEPTH = (0.35, 0.70)  # share of the lens thickness of a column, from the front
NUCLEUS_WIDTH = 0.40  # central share of the lens columns


def nucleus_of(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the nucleus lies, by proportion alone: the central columns of the lens, at middle depth.

    Parameters
    ----------
    labels
        (rows, columns) uint8 of `TissueLabel`.

    Returns
    -------
    (rows, columns) bool, inside the lens; empty where there is no lens.
    """
    lens = labels != TissueLabel.BACKGROUND
    nucleus: NDArray[np.bool_] = np.zeros(lens.shape, bool)
    columns = np.flatnonzero(lens.any(axis=0))
    if not columns.size:
        return nucleus
    left, right = int(columns[0]), int(columns[-1]) + 1
    aside = (1 - NUCLEUS_WIDTH) / 2 * (right - left)
    centre = np.arange(lens.shape[1]) + 0.5
    thick = lens.any(axis=0) & (centre >= left + aside) & (centre <= right - aside)
    front = lens.argmax(axis=0)
    back = lens.shape[0] - lens[::-1].argmax(axis=0)
    depth = (np.arange(lens.shape[0])[:, None] + 0.5 - front) / np.maximum(back - front, 1)
    nucleus[:] = lens & thick & (depth >= NUCLEUS_DEPTH[0]) & (depth <= NUCLEUS_DEPTH[1])
    return nucleus
