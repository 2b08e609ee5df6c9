"""Which tissue each sample of a scan shows: the truth of a look over the whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.look.tissues import Tissue
from train.phantom.eye.anatomy import LIMBUS_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .beams import Grid, Surfaces
    from .disturbances import Disturbances

LIT = 1.26  # a power that is 1 dB over the noise: what is darker cannot be told from nothing
LOST = 0.05  # of the light: below a lid, or a dense lash


@dataclass(slots=True, eq=False)
class TissueMap:
    """Codes on the device's grid, painted tissue by tissue: later ones hide earlier ones.

    Attributes
    ----------
    codes
        (rows, columns) uint8 of `Tissue`.
    """

    codes: NDArray[np.uint8]

    @classmethod
    def of_chamber(cls, surfaces: Surfaces, grid: Grid) -> TissueMap:
        """Cornea, sclera and aqueous; behind the iris is shadow, behind the pupil vitreous."""
        path = grid.depth_mm[:, None]
        codes = np.zeros((grid.rows, grid.columns), np.uint8)
        behind = path > surfaces.back_path
        inside = np.abs(surfaces.lateral) < LIMBUS_MM
        codes[behind & (surfaces.open < 0.5)] = Tissue.SHADOW
        codes[behind & (surfaces.open >= 0.5)] = Tissue.VITREOUS
        codes[behind & inside & (path < surfaces.lens_path)] = Tissue.AQUEOUS
        codes[(path > surfaces.cornea_path) & ~behind & inside] = Tissue.CORNEA
        codes[(path > surfaces.cornea_path) & ~behind & ~inside] = Tissue.IRIS_SCLERA
        return cls(codes)

    def light_of(self, tissue: Tissue, before: NDArray[np.float32], after: NDArray[np.float32]) -> None:
        """Paint where a tissue has added light that can be seen; the cornea stays."""
        added = (after - before > LIT) & (after > 2 * before) & (self.codes != Tissue.CORNEA)
        self.codes[added] = tissue

    def between(
        self, tissue: Tissue, columns: slice, front: NDArray[np.float32], back: NDArray[np.float32], grid: Grid
    ) -> None:
        """Paint from the optical path of one surface to that of another, (columns of the slice,) each; NaN: nothing."""
        path = grid.depth_mm[:, None]
        self.codes[:, columns][(path >= front) & (path <= back)] = tissue

    def fill_chamber(self, columns: slice, front: NDArray[np.float32], grid: Grid) -> None:
        """Before this surface lies aqueous, where vitreous was assumed."""
        codes = self.codes[:, columns]
        codes[(codes == Tissue.VITREOUS) & (grid.depth_mm[:, None] < front)] = Tissue.AQUEOUS

    def disturb(self, what: Disturbances, surfaces: Surfaces, grid: Grid) -> None:
        """Paint a lid, and the shadows of lids and lashes."""
        path = grid.depth_mm[:, None]
        below = path > surfaces.cornea_path
        for place, half_width, depth_db in what.lashes:
            dark = np.abs(surfaces.lateral - np.float32(place)) < half_width
            if 10 ** (-depth_db / 10) < LOST:
                self.codes[below & dark] = Tissue.SHADOW
        if what.lid_mm:
            covered = what.lid_side * grid.lateral_mm > 8.25 - what.lid_mm
            height = surfaces.cornea_path - np.float32(0.8)
            self.codes[(path > height) & covered] = Tissue.LID_LASHES
            self.codes[(path > height + np.float32(3.5)) & covered] = Tissue.SHADOW
