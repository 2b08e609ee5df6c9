"""The interface of an opacity: a solid in the axes of the lens, so that every scan of an eye cuts the same one.

An opacity gives its excess over the clear lens in dB, which is 0 where there is no opacity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.measure.kinds import OpacityKind
    from train.phantom.eye.lens import LensPoints, LensShape


class Opacity(Protocol):
    """One opacity of an eye."""

    @property
    def kind(self) -> OpacityKind:
        """Its kind."""

    @property
    def harmless(self) -> bool:
        """True for findings that no one calls a cataract; they are never significant."""

    def excess_db(self, points: LensPoints, shape: LensShape) -> NDArray[np.float32]:
        """Excess at every point, (rows, columns) float32 dB; negative where fluid scatters less."""


def plateau(distance: NDArray[np.floating[Any]], half_width: float) -> NDArray[Any]:
    """A soft plateau: 1 within half of the width, then falling to 0 at the width."""
    height: NDArray[Any] = np.clip(2 - 2 * np.abs(distance) / half_width, 0, 1)
    return height
