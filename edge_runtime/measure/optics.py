"""From the pixels of a picture to millimetres in the eye, for pictures that show depth as optical path.

A device measures optical path along beams that are parallel in air and converge behind the cornea. Some pictures show
just that; others are corrected for refraction and show millimetres in tissue. Both stand in frames of the same size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORNEA_INDEX, AQUEOUS_INDEX, LENS_INDEX = 1.387, 1.342, 1.408  # group indices near 1310 nm
CONVERGENCE_PER_MM = 0.036  # a beam that is parallel in air narrows by this part per mm behind the cornea (paraxial)
CORNEAL_RADIUS_MM, CORNEAL_THICKNESS_MM = 7.8, 0.54  # of an average eye: Dubbelman et al. 2006

# Depth from the corneal apex to the back of the lens, less 0.3 of the thickness of the lens, both as shown: it hardly
# changes with age. Mean and standard deviation over the anatomy of docs/phantom.md, from 20 to 90 years.
_LESS_OF_THICKNESS = 0.3
_PATH_MM, _PATH_SD_MM = 8.65, 0.50
_TISSUE_MM, _TISSUE_SD_MM = 6.30, 0.38
_LEAST_ODDS = 7.4  # of the likelier scale, from which depth is known


class DepthScale(StrEnum):
    """What a row of a picture counts."""

    TISSUE = "tissue"  # millimetres in the eye, corrected for refraction
    PATH = "path"  # optical path along converging beams


@dataclass(frozen=True, slots=True)
class FrontOfEye:
    """Where the corneal apex lies in a window, in mm from its top and from its left side as shown."""

    depth_mm: float
    lateral_mm: float


def depth_scale_of(apex_to_back_mm: float, thickness_mm: float) -> tuple[DepthScale, bool]:
    """Tell optical path from millimetres in tissue by the size of the eye.

    A lens of 5 mm may be the lens of an old eye in millimetres, or that of a young one in optical path, but the eye
    around it differs by 2 mm.

    Parameters
    ----------
    apex_to_back_mm
        From the corneal apex to the back pole of the lens, as shown.
    thickness_mm
        Thickness of the lens on its axis, as shown.

    Returns
    -------
    scale : DepthScale
        The likelier one.
    certain : bool
        Whether it is at least `_LEAST_ODDS` times as likely as the other, of normal distributions: a large eye in
        millimetres looks like a small one in optical path.
    """
    size = apex_to_back_mm - _LESS_OF_THICKNESS * thickness_mm
    from_path, from_tissue = (size - _PATH_MM) / _PATH_SD_MM, (size - _TISSUE_MM) / _TISSUE_SD_MM
    scale = DepthScale.PATH if abs(from_path) < abs(from_tissue) else DepthScale.TISSUE
    return scale, abs(from_path**2 - from_tissue**2) >= 2 * math.log(_LEAST_ODDS)


def in_tissue(
    lateral_mm: NDArray[np.float64],
    depth_mm: NDArray[np.float64],
    front_mm: NDArray[np.float64],
    apex: FrontOfEye,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring points of the lens from optical path to millimetres in tissue.

    The beams are traced through an average cornea: along each, the path up to the front of the lens counts with the
    indices of cornea and aqueous, what lies behind with that of the lens.

    Parameters
    ----------
    lateral_mm, depth_mm
        Points as shown, of any shape that broadcasts.
    front_mm
        Depth of the front of the lens in their columns, as shown.
    apex
        The corneal apex, as shown.

    Returns
    -------
    lateral_mm, depth_mm
        From the corneal apex, in the eye.
    """
    beam = lateral_mm - apex.lateral_mm
    cornea = beam**2 / (2 * CORNEAL_RADIUS_MM)
    path = front_mm - apex.depth_mm
    thicker = (CORNEA_INDEX - AQUEOUS_INDEX) * CORNEAL_THICKNESS_MM
    lens = (path + (AQUEOUS_INDEX - 1) * cornea - thicker) / AQUEOUS_INDEX
    depth = lens + (depth_mm - front_mm) / LENS_INDEX
    return beam * (1 - CONVERGENCE_PER_MM * (depth - cornea)), depth
