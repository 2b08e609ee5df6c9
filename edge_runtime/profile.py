"""Device profiles: what a frame measures, where the lens lies in it, how its grey levels are shown; and the way back.

The network learnt at one pixel pitch. Every scan is brought to it here, once, and nowhere else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ScanError, UsageError
from .headers import MAX_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .scan import Scan

NATIVE_PITCH_UM = 7.675  # 16.5 mm / 2150 columns = 14.0 mm / 1824 rows (Zeboulon et al. 2022: 2150 x 1824 pixels)
MAX_ASPECT_DEVIATION = 0.01
MIN_PITCH_UM, MAX_PITCH_UM = (
    1.0,
    40.0,
)  # a pitch outside is a slip of units; above, the lens cortex is a few pixels thick
_ROWS_AT_ONCE = 64  # through a table of grey levels: numpy makes 8 bytes of every index


@dataclass(frozen=True, slots=True)
class CropWindow:
    """Rectangle of a native frame: `top`, `left`, `rows`, `columns` in native pixels of 7.675 um."""

    top: int
    left: int
    rows: int
    columns: int

    def cut(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The window's part of a (rows, columns) native frame, contiguous."""
        return np.ascontiguousarray(frame[self.top : self.top + self.rows, self.left : self.left + self.columns])

    def centred_on(self, row: float, column: float, frame_shape: tuple[int, int], step: int = 1) -> CropWindow:
        """The same window moved to a centre, in whole steps of native pixels, as far as the frame allows."""
        top = min(max(round((row - self.rows / 2) / step) * step, 0), frame_shape[0] - self.rows)
        left = min(max(round((column - self.columns / 2) / step) * step, 0), frame_shape[1] - self.columns)
        return CropWindow(top, left, self.rows, self.columns)

    def within(self, frame_shape: tuple[int, int]) -> CropWindow:
        """The same window, no larger than the frame and moved inside it."""
        rows, columns = min(self.rows, frame_shape[0]), min(self.columns, frame_shape[1])
        top, left = min(self.top, frame_shape[0] - rows), min(self.left, frame_shape[1] - columns)
        return CropWindow(top, left, rows, columns)


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One way in which a device exports its frames.

    Attributes
    ----------
    name
        Lower-case identifier, recorded in every result.
    columns, rows
        Reference size of the frame in its own pixels; a scan of the same aspect ratio (within 1 %) is such a frame.
    width_mm, height_mm
        What the frame measures (height along depth, as the device scales it).
    depths
        Bits per sample the device writes.
    window_top, window_left, window_rows, window_columns
        Where the lens is looked for first, in native pixels. When the lens reaches a side of it, or is not there at
        all, it is located in the whole frame and the window is centred on it. ``window_rows == 0``: the whole frame.
    display_low, display_high
        Grey 0 and grey 255, as fractions of the full scale that the file declares.
    """

    name: str
    columns: int
    rows: int
    width_mm: float
    height_mm: float
    depths: tuple[int, ...] = (8, 16)
    window_top: int = 0
    window_left: int = 0
    window_rows: int = 0
    window_columns: int = 0
    display_low: float = 0.0
    display_high: float = 1.0

    def __post_init__(self) -> None:
        whole = (self.columns, self.rows, self.window_top, self.window_left, self.window_rows, self.window_columns)
        self._check(isinstance(self.name, str) and bool(self.name), "name must be a text")
        self._check(all(type(number) is int for number in whole), "columns, rows and window_* must be whole numbers")
        self._check(self.columns > 0 and self.rows > 0, "columns and rows must be positive")
        self._check(self.width_mm > 0 and self.height_mm > 0, "width_mm and height_mm must be positive")
        self._check(self.display_high > self.display_low, "display_high must be above display_low")
        self._check(
            min(self.window_top, self.window_left, self.window_rows, self.window_columns) >= 0,
            "window_* must not be negative",
        )
        self._check(set(self.depths) <= {8, 16} and bool(self.depths), "depths must be 8, 16 or both")

    def _check(self, holds: bool, rule: str) -> None:
        if not holds:
            raise UsageError("bad-profile", f"Profile {self.name!r}: {rule}.", "Correct the profile.")

    def fits(self, rows: int, columns: int, bits: int) -> bool:
        """Whether a frame of this shape and depth is one of this profile."""
        return bits in self.depths and abs(columns / rows / (self.columns / self.rows) - 1) <= MAX_ASPECT_DEVIATION

    def pitch_um(self, rows: int, columns: int) -> tuple[float, float]:
        """(row, column) pixel pitch in um of a frame of this size."""
        return self.height_mm * 1000 / rows, self.width_mm * 1000 / columns

    def window(self, frame_shape: tuple[int, int]) -> CropWindow:
        """The first crop window for a native frame of this (rows, columns)."""
        if not self.window_rows or not self.window_columns:
            return CropWindow(0, 0, *frame_shape)
        return CropWindow(self.window_top, self.window_left, self.window_rows, self.window_columns).within(frame_shape)


# The paper's 1100 x 1100 window (8.4 mm square). Its place is chosen so that both kinds of frame hold the lens:
# refraction-corrected ones, and those that show depth as optical path, where the lens reaches lower and looks thicker.
_WINDOW: dict[str, Any] = {"window_top": 640, "window_left": 525, "window_rows": 1100, "window_columns": 1100}

PROFILES: dict[str, DeviceProfile] = {
    profile.name: profile
    for profile in (
        # Heidelberg ANTERION, exported picture: 2150 x 1824 (Zeboulon et al. 2022) or the same frame smaller.
        DeviceProfile("anterion", 2150, 1824, 16.5, 14.0, **_WINDOW),
        # The same family of device, raw 16-bit export: 768 A-scans, pixels of 21.5 x 8.9 um. Its noise floor lies at
        # 0.16 to 0.22 of full scale, its cornea at 0.51: shown as in the exported pictures, black and 87 of 255.
        DeviceProfile("anterion-raw", 768, 1519, 16.5, 13.52, (16,), **_WINDOW, display_low=0.2, display_high=1.11),
    )
}

_EXPORT_SHAPES = {"anterion": {(1824, 2150), (1459, 1713)}, "anterion-raw": {(1519, 768)}}


def profile_for(rows: int, columns: int, bits: int) -> DeviceProfile:
    """The bundled profile whose frame has this aspect ratio and depth.

    Raises
    ------
    ScanError
        ``unknown-frame`` when none fits: pixel size is never guessed.
    """
    for profile in PROFILES.values():
        if profile.fits(rows, columns, bits):
            return profile
    raise ScanError(
        "unknown-frame",
        f"{columns} x {rows} pixels of {bits} bits fit no known device frame, so the pixel size is unknown.",
        "Name it with --profile, or give --pixel-um ROW,COLUMN.",
    )


def load_profile(name: str) -> DeviceProfile:
    """A bundled profile by name, or one from a TOML file with the fields of `DeviceProfile`.

    Raises
    ------
    UsageError
        For an unknown name, or a file that is no profile.
    """
    if name in PROFILES:
        return PROFILES[name]
    if not os.path.exists(name):
        raise UsageError(
            "unknown-profile", f"There is no profile or file {name!r}.", f"Known profiles: {', '.join(PROFILES)}."
        )
    import tomllib

    try:
        with open(name, "rb") as file:
            entries: dict[str, Any] = tomllib.load(file)
        unknown = set(entries) - {field.name for field in fields(DeviceProfile)}
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}")
        if "depths" in entries:
            entries["depths"] = tuple(entries["depths"])
        return DeviceProfile(**entries)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            "bad-profile", f"{name!r} is no device profile: {error}.", "See the README for its fields."
        ) from error


def profile_of_pitch(row_um: float, column_um: float, rows: int, columns: int) -> DeviceProfile:
    """A profile for one scan from an unknown frame of known pixel pitch; the lens is looked for in the whole frame.

    Raises
    ------
    UsageError
        For a pitch outside 1 to 40 um.
    """
    if not all(MIN_PITCH_UM <= pitch <= MAX_PITCH_UM for pitch in (row_um, column_um)):
        raise UsageError(
            "bad-pixel-pitch",
            f"A pixel pitch of {row_um:g} x {column_um:g} um is out of range.",
            f"Give {MIN_PITCH_UM:g} to {MAX_PITCH_UM:g} um.",
        )
    return DeviceProfile("pixel-um", columns, rows, columns * column_um / 1000, rows * row_um / 1000)


def has_device_pixels(scan_shape: tuple[int, int], profile: DeviceProfile) -> bool:
    """Whether a scan of (rows, columns) pixels is as a bundled device exports it, and nobody resampled it since."""
    return PROFILES.get(profile.name) == profile and scan_shape in _EXPORT_SHAPES[profile.name]


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
            "too-many-pixels", f"The frame would be {columns} x {rows} native pixels.", "Check --pixel-um or --profile."
        )
    return rows, columns


def native_frame(scan: Scan, profile: DeviceProfile) -> NDArray[np.uint8]:
    """Show the scan as the network learnt to see it: display window, then the native pitch.

    Returns
    -------
    (rows, columns) uint8 at 7.675 um; a frame already there is returned as it is.
    """
    return _resized(_displayed(scan, profile), native_shape((scan.rows, scan.columns), profile))


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
    """Area mean along an axis that shrinks, linear along one that grows."""
    import cv2

    for axis in (0, 1):
        if grey.shape[axis] == shape[axis]:
            continue
        size = (grey.shape[1], shape[0]) if axis == 0 else (shape[1], grey.shape[0])
        shrinks = shape[axis] < grey.shape[axis]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR).astype(
            np.uint8, copy=False
        )
    return grey


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
