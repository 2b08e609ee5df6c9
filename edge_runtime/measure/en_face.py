"""The lens as seen from the front: what lies in depth along each half-meridian, where it was measured only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .areas import LEAST_OPAQUE_MM
from .lens import TissueLabel
from .zones import ANTERIOR_SUBCAPSULAR_MM, POSTERIOR_SUBCAPSULAR_MM, Zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lens_measures import LensMaps, MeasuredLens

RADIUS_MM, STEP_MM = 3.0, 0.1
STEPS = round(RADIUS_MM / STEP_MM)
_LAYERS_MM = {Zone.ANTERIOR_SUBCAPSULAR: ANTERIOR_SUBCAPSULAR_MM, Zone.POSTERIOR_SUBCAPSULAR: POSTERIOR_SUBCAPSULAR_MM}


@dataclass(frozen=True, slots=True, eq=False)
class Meridian:
    """One scan as seen from the front: two half-meridians of `STEPS` places each, from the axis of the lens outwards.

    The first row is the left half of the scan, the second its right half.

    Attributes
    ----------
    opaque
        (2, STEPS) float64, share of the lens in depth that is labelled cataract, 0 to 1; NaN where no lens is seen.
    anterior, posterior
        (2, STEPS) bool, whether the layer below the front, or the back, capsule is opaque there.
    """

    opaque: NDArray[np.float64]
    anterior: NDArray[np.bool_]
    posterior: NDArray[np.bool_]

    @classmethod
    def of(cls, maps: LensMaps, found: MeasuredLens) -> Meridian:
        """See a measured lens from the front."""
        across = found.surfaces.points((found.zones.shape[0], found.zones.shape[1])).across_mm
        place = np.floor(np.abs(across) / STEP_MM).astype(np.int64)
        inside = (found.zones != Zone.OUTSIDE) & (place < STEPS)
        index = np.where(across < 0, place, STEPS + place)
        cataract = maps.labels == TissueLabel.CATARACT

        def share_of_cataract(part: NDArray[np.bool_]) -> NDArray[np.float64]:
            whole, opaque = (
                np.bincount(index[chosen], minlength=2 * STEPS).reshape(2, STEPS) for chosen in (part, part & cataract)
            )
            return np.where(whole > 0, opaque / np.maximum(whole, 1), np.nan)

        def layer(zone: Zone) -> NDArray[np.bool_]:
            opaque_mm = share_of_cataract(inside & (found.zones == zone)) * _LAYERS_MM[zone]
            seen: NDArray[np.bool_] = np.nan_to_num(opaque_mm) >= LEAST_OPAQUE_MM[zone]
            return seen

        return cls(share_of_cataract(inside), layer(Zone.ANTERIOR_SUBCAPSULAR), layer(Zone.POSTERIOR_SUBCAPSULAR))
