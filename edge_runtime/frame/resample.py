"""Show a scan as its device does, at the native pitch at which the network learnt; and its maps on its own pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import ScanError
from edge_runtime.scan import MAX_PIXELS

from .profiles import MAX_PITCH_UM, DeviceProfile
from .window import NATIVE_PITCH_UM, CropWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.scan import Scan

MIN_BRIGHTEST = 1 / 8  # of the way from black to white: the brightest pixel of any scan lies above
MAX_DARKEST = 0.45  # every scan shows dark aqueous and air; signed values with an offset have nothing below a half
OFFSET_SPECKS = 1e-3  # share of pixels below: noise that fell under the zero of signed values
COARSE_STEP = 8  # native pixels per coarse pixel, on which whole frames are looked at
_ROWS_AT_ONCE = 64  # of large scans, so that no step holds another copy of all pixels


def native_shape(scan_shape: tuple[int, int], profile: DeviceProfile) -> tuple[int, int]:
    """(rows, columns) at which a scan's frame of (rows, columns) pixels is analysed, at the network's native pitch.

    Raises
    ------
    ScanError
        ``too-coarse`` when its pixels are larger than 40 um; ``too-many-pixels`` when the native frame has too many.
    """
    pitch = profile.pitch_um(*scan_shape)
    if max(pitch) > MAX_PITCH_UM:
        raise ScanError(
            "too-coarse",
            f"Its pixels measure {pitch[0]:.3g} x {pitch[1]:.3g} um, above {MAX_PITCH_UM:g}.",
            "Export the scan at the size of the device.",
        )
    rows, columns = (round(side * um / NATIVE_PITCH_UM) for side, um in zip(scan_shape, pitch, strict=True))
    if rows * columns > MAX_PIXELS or min(rows, columns) < 1:
        raise ScanError(
            "too-many-pixels",
            f"The frame would be {columns} x {rows} native pixels.",
            "Check the pixel pitch or profile.",
        )
    return rows, columns


def native_frame(scan: Scan, profile: DeviceProfile) -> NDArray[np.uint8]:
    """Show the scan as the network learnt to see it: display window, then the native pitch.

    Returns
    -------
    (rows, columns) uint8 at 7.675 um; a frame already there is returned as it is.
    """
    return _resized(_displayed(scan, profile), native_shape((scan.rows, scan.columns), profile))


def check_depth(scan: Scan, profile: DeviceProfile) -> None:
    """Refuse 16-bit levels that do not fill the range from black to white which their file, user or profile declares.

    Parameters
    ----------
    scan
        One B-scan; one of 8 bits is never refused.
    profile
        The device profile of its frame, whose display window says where black and white lie.

    Raises
    ------
    ScanError
        ``undeclared-depth`` when the brightest pixel is below an eighth of white, as 12 bits in 16 are;
        ``offset-grey`` when the darkest are near half of white, as signed values saved with an offset of 32768 are.
    """
    if scan.bits != 16:
        return
    black, white = (level * scan.full_scale for level in (profile.display_low, profile.display_high))
    brightest = int(scan.pixels.max())
    if brightest < black + MIN_BRIGHTEST * (white - black):
        # The bits of the container say nothing then; those that the values need are a hint for the reader alone.
        raise ScanError(
            "undeclared-depth",
            f"The brightest pixel is {brightest}, and white is {white:.0f}: {max(brightest.bit_length(), 8)} bits "
            "would hold it.",
            "If the device records fewer bits than the file holds, declare them (--bits 12, or bits=12 in Python); "
            "otherwise export the scan again.",
        )
    if not _shows_dark(scan, black + MAX_DARKEST * (white - black)):
        raise ScanError(
            "offset-grey",
            f"The darkest pixel is {int(scan.pixels.min())}, and white is {white:.0f}: signed values were perhaps "
            "saved with an offset of 32768.",
            "Export the scan as unsigned levels with black as 0.",
        )


def _shows_dark(scan: Scan, level: float) -> bool:
    """Whether more pixels than specks lie below a level; nearly every scan shows it in its first rows."""
    dark = 0
    for start in range(0, scan.rows, _ROWS_AT_ONCE):
        dark += int(np.count_nonzero(scan.pixels[start : start + _ROWS_AT_ONCE] < level))
        if dark > OFFSET_SPECKS * scan.pixels.size:
            return True
    return False


def _displayed(scan: Scan, profile: DeviceProfile) -> NDArray[np.uint8]:
    """Grey levels 0 to 255 by the declared full scale and the profile's window; never by the data."""
    return at_8_bits(scan.pixels, profile.display_low * scan.full_scale, profile.display_high * scan.full_scale)


def at_8_bits(pixels: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Show (rows, columns) uint8 or uint16 levels from `low` to `high` as 0 to 255, what lies beyond as those."""
    if pixels.dtype == np.uint8 and (low, high) == (0.0, 255.0):
        return pixels.astype(np.uint8, copy=False)
    levels = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float64)
    table: NDArray[np.uint8] = np.rint(np.clip((levels - low) / (high - low), 0.0, 1.0) * 255.0).astype(np.uint8)
    grey = np.empty(pixels.shape, np.uint8)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):  # an index of the whole scan would take 8 bytes per pixel
        rows = slice(start, start + _ROWS_AT_ONCE)
        grey[rows] = table[pixels[rows]]
    return grey


def _resized(grey: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Area mean along an axis that shrinks, linear along one that grows; whole numbers, the same on every processor."""
    import cv2

    for axis in (0, 1):
        if shape[axis] < grey.shape[axis]:
            grey = _area_mean(grey, axis, shape[axis])
        elif shape[axis] > grey.shape[axis]:
            size = (grey.shape[1], shape[0]) if axis == 0 else (shape[1], grey.shape[0])
            # Not INTER_LINEAR: builds of OpenCV for ARM round it in another way.
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR_EXACT).astype(np.uint8, copy=False)
    return grey


def _area_mean(grey: NDArray[np.uint8], axis: int, length: int) -> NDArray[np.uint8]:
    """Shrink one axis to `length` pixels; each is the mean of what it covers, rounded half up."""
    if axis == 0:
        return np.ascontiguousarray(_area_mean(np.ascontiguousarray(grey.T), 1, length).T)
    columns = grey.shape[1]
    # Edges of the new pixels in units of 1 / length of an old one, and the old pixel that each lies in.
    whole, part = np.divmod(np.arange(length + 1, dtype=np.int64) * columns, length)
    shrunk = np.empty((grey.shape[0], length), np.uint8)
    for start in range(0, grey.shape[0], _ROWS_AT_ONCE):
        rows = np.pad(grey[start : start + _ROWS_AT_ONCE], ((0, 0), (0, 1))).astype(np.int64)
        sums = np.zeros((rows.shape[0], columns + 2), np.int64)
        np.cumsum(rows, axis=1, out=sums[:, 1:])
        edges = length * sums[:, whole] + part * rows[:, whole]
        shrunk[start : start + _ROWS_AT_ONCE] = (2 * np.diff(edges, axis=1) + columns) // (2 * columns)
    return shrunk


def coarse_grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 8 x 8 pixels of a (rows, columns) uint8 native frame; what fills no block is left out.

    Returns
    -------
    (rows // 8, columns // 8) uint8; empty where a side is shorter than a block
    """
    import cv2

    rows, columns = frame.shape[0] // COARSE_STEP, frame.shape[1] // COARSE_STEP
    if not rows or not columns:
        return frame[:0, :0]
    whole_steps = frame[: rows * COARSE_STEP, : columns * COARSE_STEP]  # by a whole number it is 7 ms faster
    return cv2.resize(whole_steps, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def on_scan_pixels(
    grid_map: NDArray[Any], grid: int, window: CropWindow, frame_shape: tuple[int, int], scan_shape: tuple[int, int]
) -> NDArray[Any]:
    """The way back: a map on the network grid, enlarged to the pixels of the scan; 0 outside the window.

    Parameters
    ----------
    grid_map
        (ceil(window.rows / grid), ceil(window.columns / grid)); float32 is interpolated, uint8 labels take the nearest.
    grid
        Native pixels per network-grid pixel, along each axis.
    frame_shape, scan_shape
        (rows, columns) of the native frame and of the scan.

    Returns
    -------
    (rows, columns) of the scan, dtype of `grid_map`.
    """
    import cv2

    def one_axis(axis: int, start: int) -> tuple[float, float]:
        # Pixel centres: (grid index + 0.5) * grid = (scan index + 0.5) * native_per_scan - start
        native_per_scan = frame_shape[axis] / scan_shape[axis]
        return native_per_scan / grid, (0.5 * native_per_scan - start) / grid - 0.5

    row_scale, row_shift = one_axis(0, window.top)
    column_scale, column_shift = one_axis(1, window.left)
    matrix = np.array([[column_scale, 0.0, column_shift], [0.0, row_scale, row_shift]])
    smooth = np.issubdtype(grid_map.dtype, np.floating)
    flags = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
    # The border is repeated, or it would fade; what lies outside the window is cleared afterwards.
    enlarged = cv2.warpAffine(
        grid_map, matrix, (scan_shape[1], scan_shape[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    rows = _native_centres(scan_shape[0], frame_shape[0])
    columns = _native_centres(scan_shape[1], frame_shape[1])
    enlarged[(rows < window.top) | (rows > window.top + window.rows)] = 0
    enlarged[:, (columns < window.left) | (columns > window.left + window.columns)] = 0
    return enlarged


def _native_centres(count: int, native: int) -> NDArray[np.float64]:
    """Centres of a scan's pixels along one axis, in native pixels."""
    centres: NDArray[np.float64] = (np.arange(count) + 0.5) * native / count
    return centres


def block_sum(frame: NDArray[np.uint8], grid: int) -> NDArray[np.uint16]:
    """Sum blocks of grid x grid pixels, up to 16 x 16.

    Parameters
    ----------
    frame
        (rows, columns) uint8; the last row and column are repeated where they do not fill a block.

    Returns
    -------
    (ceil(rows / grid), ceil(columns / grid)) uint16

    Raises
    ------
    ValueError
        For a larger grid: 16 * 16 * 255 is the most that uint16 holds.
    """
    if not 1 <= grid <= 16:
        raise ValueError(f"a grid from 1 to 16 was expected, got {grid}")
    rows, columns = frame.shape
    if rows % grid or columns % grid:
        frame = np.pad(frame, ((0, -rows % grid), (0, -columns % grid)), mode="edge").astype(np.uint8, copy=False)
    down: NDArray[np.uint16] = np.zeros((frame.shape[0] // grid, frame.shape[1]), np.uint16)
    for row in range(grid):
        down += frame[row::grid]
    sums: NDArray[np.uint16] = np.zeros((down.shape[0], down.shape[1] // grid), np.uint16)
    for column in range(grid):
        sums += down[:, column::grid]
    return sums
