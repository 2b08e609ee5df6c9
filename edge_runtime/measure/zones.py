"""Zones of the lens, from its outline alone: nucleus, cortex, and the layers below the capsule."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Self

import numpy as np

from .lens import TissueLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import LensGeometry, LensPoints

# Thickness of the cortex on the axis at birth, and its growth per year, in mm (Dubbelman et al. 2003).
FRONT_CORTEX_MM, BACK_CORTEX_MM = (0.51, 0.0126), (0.33, 0.0084)
ANTERIOR_SUBCAPSULAR_MM, POSTERIOR_SUBCAPSULAR_MM = 0.15, 0.35
CENTRAL_RADIUS_MM = 1.5
_MIDDLE_DEPTH = (0.35, 0.70)  # share of the lens thickness of a column, from the front
_MIDDLE_WIDTH = 0.40  # central share of the lens columns
# The zones of both halves pass into each other around the plane of the equator, further out over a wider flank.
_TURN_MM, _TURN_PER_MM = 0.30, 1.4


class Zone(IntEnum):
    """A zone of the lens; its value is its code in zone maps."""

    label: str

    OUTSIDE = 0, "outside"
    NUCLEUS = 1, "nucleus"
    ANTERIOR_CORTEX = 2, "anterior-cortex"
    POSTERIOR_CORTEX = 3, "posterior-cortex"
    ANTERIOR_SUBCAPSULAR = 4, "anterior-subcapsular"
    POSTERIOR_SUBCAPSULAR = 5, "posterior-subcapsular"

    def __new__(cls, code: int, label: str) -> Self:
        """Make a member of the list above from its code and its name in documents."""
        zone = int.__new__(cls, code)
        zone._value_ = code
        zone.label = label
        return zone


def zone_map(lens: LensGeometry, points: LensPoints) -> NDArray[np.uint8]:
    """The zone of every point, whether the outline of the lens holds it or not.

    Returns
    -------
    (rows, columns) uint8 of `Zone`, never `Zone.OUTSIDE`.
    """
    age = lens.age_of_thickness
    inner = 1 - points.shell
    front, back = inner * lens.front_depth_mm, inner * lens.back_depth_mm
    behind = points.depth_mm - lens.front_depth_mm
    turn = np.clip(behind / (_TURN_MM + _TURN_PER_MM * np.abs(points.across_mm)) + 0.5, 0.0, 1.0)
    share = turn * turn * (3 - 2 * turn)
    front_core = front - (FRONT_CORTEX_MM[0] + FRONT_CORTEX_MM[1] * age)
    back_core = back - (BACK_CORTEX_MM[0] + BACK_CORTEX_MM[1] * age)
    in_front = behind < 0
    zones = np.where(in_front, np.uint8(Zone.ANTERIOR_CORTEX), np.uint8(Zone.POSTERIOR_CORTEX))
    zones[in_front & (front <= ANTERIOR_SUBCAPSULAR_MM)] = Zone.ANTERIOR_SUBCAPSULAR
    zones[~in_front & (back <= POSTERIOR_SUBCAPSULAR_MM)] = Zone.POSTERIOR_SUBCAPSULAR
    zones[front_core + share * (back_core - front_core) > 0] = Zone.NUCLEUS
    return zones


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
    aside = (1 - _MIDDLE_WIDTH) / 2 * (right - left)
    centre = np.arange(lens.shape[1]) + 0.5
    thick = lens.any(axis=0) & (centre >= left + aside) & (centre <= right - aside)
    front = lens.argmax(axis=0)
    back = lens.shape[0] - lens[::-1].argmax(axis=0)
    depth = (np.arange(lens.shape[0])[:, None] + 0.5 - front) / np.maximum(back - front, 1)
    nucleus[:] = lens & thick & (depth >= _MIDDLE_DEPTH[0]) & (depth <= _MIDDLE_DEPTH[1])
    return nucleus
