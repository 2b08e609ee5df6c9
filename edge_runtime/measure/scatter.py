"""How much light opacities take away and scatter forwards, from the network's estimate of their excess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .zones import CENTRAL_RADIUS_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import LensPoints

CLEAR_LOSS_PER_MM = 0.02  # optical depth of a clear lens; an assumption, so the figures rank lenses, no more
MOST_PER_MM = 3.0
_LEAST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class ExcessTable:
    """Excess of scatter over the clear lens as a function of the network's log-odds of cataract (isotonic regression).

    Attributes
    ----------
    log_odds
        Increasing natural log-odds of P(cataract) against P(clear).
    excess_db
        Mean true excess in dB at each of them; between them it is interpolated, outside it is held.
    """

    log_odds: tuple[float, ...]
    excess_db: tuple[float, ...]

    def at(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Excess in dB, of the same shape."""
        return np.interp(log_odds, self.log_odds, self.excess_db)


@dataclass(frozen=True, slots=True)
class Scatter:
    """Means over the columns of the central 3 mm.

    Attributes
    ----------
    optical_depth
        Natural logarithm of the light that is lost on the way through the opacities; 0 and more.
    forward_scatter
        Share of light that is scattered, 1 - exp(-optical depth), 0 to 1.
    """

    optical_depth: float
    forward_scatter: float


def scatter_of(excess_db: NDArray[np.float64], lens: NDArray[np.bool_], points: LensPoints) -> Scatter | None:
    """Sum what opacities take away along every column of the central 3 mm.

    Parameters
    ----------
    excess_db
        (rows, columns) float64.
    lens
        (rows, columns) bool, pixels of the lens.
    points
        Where they lie in the lens.

    Returns
    -------
    Scatter | None
        None when fewer than eight columns are seen.
    """
    central = lens & (np.abs(points.across_mm) <= CENTRAL_RADIUS_MM)
    columns = central.any(axis=0)
    if np.count_nonzero(columns) < _LEAST_COLUMNS:
        return None
    excess = np.maximum(excess_db[:, columns], 0.0)
    loss = np.minimum(CLEAR_LOSS_PER_MM * (10 ** (excess / 10) - 1), MOST_PER_MM)
    depth = (loss * central[:, columns]).sum(axis=0) * points.row_mm
    return Scatter(float(depth.mean()), float((1 - np.exp(-depth)).mean()))
