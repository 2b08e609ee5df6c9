"""Area of opacities below the capsule, as a share of a central disc of the lens (the unit of AREDS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .zones import Zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import LensPoints

DISC_RADII_MM = (1.5, 2.5)  # discs of 3 and of 5 mm
LEAST_OPAQUE_MM = {Zone.ANTERIOR_SUBCAPSULAR: 0.03, Zone.POSTERIOR_SUBCAPSULAR: 0.05}
_LEAST_VISIBLE = 0.5  # of the disc's area; behind a small pupil the area of a wider disc is not known


def subcapsular_area(
    opaque: NDArray[np.bool_], zones: NDArray[np.uint8], points: LensPoints, zone: Zone, radius_mm: float
) -> float | None:
    """Share of a central disc under which the layer below the capsule is opaque.

    A column counts as a whole when enough of its layer is opaque. It stands for a ring of the disc, so it weighs as
    much as its distance from the axis.

    Parameters
    ----------
    opaque
        (rows, columns) bool, lens pixels that are labelled cataract.
    zones
        (rows, columns) uint8 of `Zone`; `Zone.OUTSIDE` where the lens is not seen.
    points
        Where they lie in the lens.
    zone
        The layer, `Zone.ANTERIOR_SUBCAPSULAR` or `Zone.POSTERIOR_SUBCAPSULAR`.
    radius_mm
        Radius of the disc.

    Returns
    -------
    float | None
        0 to 1; None when less than half of the disc is seen.
    """
    layer = zones == zone
    deep = np.count_nonzero(layer, axis=0)
    seen = deep > 0
    if not seen.any():
        return None
    away = np.abs(np.where(layer, points.across_mm, 0.0)).sum(axis=0)[seen] / deep[seen]
    thick = np.count_nonzero(layer & opaque, axis=0)[seen] * points.row_mm
    inside = away <= radius_mm
    weight = away[inside]
    whole = _weight_of_disc(points, radius_mm)
    total = float(weight.sum())
    if total < _LEAST_VISIBLE * whole:
        return None
    return float(weight[thick[inside] >= LEAST_OPAQUE_MM[zone]].sum()) / total


def _weight_of_disc(points: LensPoints, radius_mm: float) -> float:
    """What the columns of a disc that is seen as a whole weigh together."""
    middle = points.across_mm[points.across_mm.shape[0] // 2]
    step = float(np.median(np.diff(middle)))
    return radius_mm**2 / step if step > 0 else 0.0
