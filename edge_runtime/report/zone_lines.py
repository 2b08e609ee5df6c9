"""The borders of the lens zones, drawn over a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import on_scan_pixels
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.measure.lens_measures import measure_zones
from edge_runtime.measure.zones import Zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.measure.lens_measures import MeasuredLens
    from edge_runtime.results import ScanResult

BORDER = (64, 160, 255)  # orange, in cv2's order: apart from grey, and to the colour-blind apart from white


def zones_of(result: ScanResult) -> MeasuredLens | None:
    """The zones of the lens of a scan; None where they could not be measured."""
    return None if result.lens is None else measure_zones(result.lens, None, None)


def draw_zones(panel: NDArray[np.uint8], result: ScanResult, found: MeasuredLens, unit: int) -> None:
    """Draw the borders of nucleus, cortex and subcapsular layers.

    Parameters
    ----------
    panel
        (rows, columns, 3) uint8, the scan as it is drawn.
    result
        The scan.
    found
        Its zones.
    unit
        Width of a thin line in pixels.
    """
    import cv2

    labels = result.maps.prediction.labels
    rows, columns = (np.flatnonzero((labels != TissueLabel.BACKGROUND).any(axis=axis)) for axis in (1, 0))
    zones = np.zeros_like(labels)
    zones[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = found.zones
    maps = result.maps
    drawn = on_scan_pixels(zones, maps.grid, maps.window, maps.frame_shape, (panel.shape[0], panel.shape[1]))
    canvas = np.ascontiguousarray(panel)
    for zone in Zone:
        if zone is not Zone.OUTSIDE:
            lines, _ = cv2.findContours((drawn == zone).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(canvas, lines, -1, BORDER, unit, cv2.LINE_8)
    panel[:] = canvas
