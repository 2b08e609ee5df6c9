"""All opacities of one lens, and how they combine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.measure.kinds import OpacityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.phantom.eye.lens import LensPoints, LensShape

    from .nuclear import Nuclear
    from .opacity import Opacity


@dataclass(frozen=True, slots=True)
class LensOpacities:
    """All opacities of one lens.

    Attributes
    ----------
    diffuse
        Nucleus and haze; in a clear eye, its difference from the average clear lens of its age.
    focal
        The other opacities, which scatter more than it or, where there is fluid, less.
    """

    diffuse: Nuclear
    focal: tuple[Opacity, ...] = ()

    @property
    def kinds(self) -> tuple[OpacityKind, ...]:
        """The kinds that are present, in the order of their codes."""
        return tuple(sorted({self.diffuse.kind, *(opacity.kind for opacity in self.focal)}))

    def combine(
        self, points: LensPoints, shape: LensShape
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]:
        """Strongest excess in dB, its kind, and whether it may count as significant; each (rows, columns)."""
        excess = self.diffuse.excess_db(points, shape)
        core = self.diffuse.core(points, shape) > 0.5
        kind = np.where(core, np.uint8(OpacityKind.NUCLEAR), np.uint8(OpacityKind.CORTICAL_HAZE))
        may_count = np.ones(excess.shape, bool)
        for opacity in self.focal:
            own = opacity.excess_db(points, shape)
            wins = (own > excess) & (own > 0.5)
            fluid = own < -0.5
            excess = np.where(wins, own, excess)
            excess = np.where(fluid, np.minimum(excess, 0) + own, excess)
            kind = np.where(wins | fluid, np.uint8(opacity.kind), kind)
            if opacity.harmless:
                may_count &= ~wins
        return np.clip(excess, -12, 25).astype(np.float32), kind, may_count
