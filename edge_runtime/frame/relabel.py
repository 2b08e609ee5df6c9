"""Labels of a person, painted on the pixels of a scan, brought to the network grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .resample import on_scan_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .window import CropWindow


def relabelled(
    grid_labels: NDArray[np.uint8],
    scan_labels: NDArray[np.uint8],
    grid: int,
    window: CropWindow,
    frame_shape: tuple[int, int],
) -> NDArray[np.uint8]:
    """Labels on the network grid, changed where a person changed them on the pixels of the scan.

    A pixel of the grid gets a new label where the person's map, at its centre, differs from the map that the labels of
    the grid give on the scan. So an untouched map changes nothing, however coarse the scan is.

    Parameters
    ----------
    grid_labels
        (rows, columns) of the window's network grid.
    scan_labels
        (rows, columns) of the scan, as the person left them.
    grid
        Native pixels per network-grid pixel, along each axis.
    frame_shape
        (rows, columns) of the native frame.
    """
    shown = on_scan_pixels(grid_labels, grid, window, frame_shape, (scan_labels.shape[0], scan_labels.shape[1]))
    before = at_grid_centres(shown, grid, window, frame_shape)
    after = at_grid_centres(scan_labels, grid, window, frame_shape)
    return np.where(before == after, grid_labels, after)


def at_grid_centres(
    scan_map: NDArray[Any], grid: int, window: CropWindow, frame_shape: tuple[int, int]
) -> NDArray[Any]:
    """A map on the pixels of the scan, at the centres of the network grid of a window.

    Parameters
    ----------
    scan_map
        (rows, columns) of the scan.
    grid
        Native pixels per network-grid pixel, along each axis.
    frame_shape
        (rows, columns) of the native frame.

    Returns
    -------
    (ceil(window.rows / grid), ceil(window.columns / grid)), dtype of `scan_map`.
    """

    def places(axis: int, start: int, length: int) -> NDArray[np.int64]:
        # The last pixel of the grid may have its centre beyond the window.
        centres = np.minimum((np.arange(-(-length // grid)) + 0.5) * grid, length - 0.5) + start
        found: NDArray[np.int64] = (centres * scan_map.shape[axis] / frame_shape[axis]).astype(np.int64)
        return found

    rows, columns = places(0, window.top, window.rows), places(1, window.left, window.columns)
    sampled: NDArray[Any] = scan_map[rows[:, None], columns]
    return sampled
