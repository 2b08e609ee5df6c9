"""The maps of one scan, and the way from the network grid to the pixels of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from edge_runtime.frame.resample import on_scan_pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_runtime.frame.window import CropWindow
    from edge_runtime.model.predictor import Prediction


@dataclass(frozen=True, slots=True, eq=False)
class ScanMaps:
    """Where each network-grid map lies on the scan.

    Attributes
    ----------
    prediction
        Maps on the network grid; its labels hold the measured piece of lens only.
    grid
        Native pixels per network-grid pixel.
    window
        The crop that was labelled, in native pixels.
    frame_shape, scan_shape
        (rows, columns) of the native frame and of the scan.
    """

    prediction: Prediction
    grid: int
    window: CropWindow
    frame_shape: tuple[int, int]
    scan_shape: tuple[int, int]

    @property
    def pixels(self) -> int:
        """Pixels of the scan, or of its native frame where that has more."""
        return max(prod(self.scan_shape), prod(self.frame_shape))

    def on_scan(self, grid_map: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float32] | NDArray[np.uint8]:
        """Enlarge one of the maps to the scan's pixels."""
        return on_scan_pixels(grid_map, self.grid, self.window, self.frame_shape, self.scan_shape)
