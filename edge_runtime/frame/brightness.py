"""Brightness on the eye's own scale, so that the Cataract Fraction depends on the lens and not on the display.

Grey is the evidence for opacity, and every display shows it differently. Two tissues that no cataract changes are in
every frame: the corneal stroma, and the brightest tissue beside the lens (iris or sclera). Their levels tell where the
scale lies; their contrast and the speckle of the stroma tell what a step of grey means in decibel. A frame is brought
to that scale by one table of 256 entries, before it is cut into windows and tiles, so tiles see what the whole frame
sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from .resample import COARSE_STEP as _STEP
from .window import NATIVE_PITCH_UM

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Median over simulated eyes (docs/brightness.md).
BRIGHT_OVER_STROMA_DB = 12.6
STROMA_SPECKLE_DB = 1.27  # standard deviation of a pixel
# How far the speckle may pull the scale from the contrast: down, as devices that average more show less of it; up, as
# a diseased cornea can be as bright as the iris.
SPECKLE_OVER_CONTRAST = (0.75, 2.0)
# Where a display that hides the noise puts black: 96 % of the aqueous is black in the real scans.
BLACK_OVER_NOISE_DB = 3.2
LOWEST_DB, HIGHEST_DB = -12.0, 14.0  # relative to the stroma, shown as 0 and 255
NO_SIGNAL_DB = -30.0

_MM = _STEP * NATIVE_PITCH_UM / 1000  # side of a coarse pixel
_SMALLEST = (40, 60)  # coarse rows and columns: 2.5 x 3.7 mm, less cannot hold a cornea
_RADII_MM = (6.8, 7.3, 7.8, 8.4, 9.2)  # of the anterior cornea: 7.79 +- 0.27 (Dubbelman et al. 2006), and wider
_HALF_WIDTH_MM, _APEX_MM, _BETWEEN_MM = 4.5, 1.5, 0.2  # cornea and apex lie so near the middle; steps of the apex
_MIN_SHARE, _NEAR_MOST, _EDGE_SHARE = 0.35, 0.6, 0.18  # columns that show it; of the most votes; of the brightest
_APART, _SAME_SURFACE = 12, 8  # coarse rows: 0.7 mm between surfaces, 0.5 mm within one
_STROMA_MM, _STROMA_COLUMNS_MM = (0.2, 0.45), (0.5, 2.8)  # below the surface; beside the apex, whose streak is left out
_BRIGHT_MM, _BRIGHT_COLUMNS_MM, _BRIGHT_PERCENTILE = (1.0, 5.0), (2.0, 6.5), 80.0
_AIR_MM = 0.5  # above the surface
_AROUND = 15  # native pixels: speckle is what differs from the mean of a square of this side
_GAUSSIAN = (9, 290, 3538, 15858, 26146, 15858, 3538, 290, 9)  # of 65536; standard deviation 1
_MIN_CONTRAST, _MAX_CONTRAST = 20.0, 190.0  # grey between stroma and brightest tissue


class Brightness(StrEnum):
    """What grey means to a model."""

    AS_SHOWN = "as-shown"  # the grey levels of the display
    REFERENCED = "referenced"  # decibel relative to the corneal stroma


@dataclass(frozen=True, slots=True)
class ReferenceLevels:
    """Grey levels, 0 to 255, that fix the scale of one frame.

    Attributes
    ----------
    stroma
        Median of the corneal stroma.
    brightest
        Grey of iris or sclera: 80th percentile over columns of the brightest coarse pixel.
    speckle
        Standard deviation of the stroma's pixels about their surroundings; None where it says nothing.
    air
        Median above the cornea: 0 where the display hides the noise.
    apex_row, radius_mm
        Native row of the corneal apex, and radius of the cornea's front: no grey, but where the stroma was found.
    """

    stroma: float
    brightest: float
    speckle: float | None
    air: float = 0.0
    apex_row: float = 0.0
    radius_mm: float = 7.2

    @property
    def contrast_grey_per_db(self) -> float:
        """Grey levels per decibel, by the contrast of the tissues alone."""
        return (self.brightest - self.stroma) / BRIGHT_OVER_STROMA_DB

    @property
    def grey_per_db(self) -> float:
        """Grey levels per decibel: geometric mean of what contrast and speckle say, whose errors are independent."""
        by_contrast = self.contrast_grey_per_db
        if self.speckle is None:
            return by_contrast
        by_speckle = self.speckle / STROMA_SPECKLE_DB
        return float(by_contrast * np.clip(by_speckle / by_contrast, *SPECKLE_OVER_CONTRAST) ** 0.5)


# The usual display of the device whose scans are at hand; for frames that do not show both tissues.
NOMINAL_LEVELS = ReferenceLevels(stroma=87.0, brightest=178.0, speckle=9.1)


def find_reference_levels(
    frame: NDArray[np.uint8], coarse: NDArray[np.uint8], *, device_pixels: bool = True
) -> ReferenceLevels | None:
    """Measure the reference tissues of a native frame.

    Parameters
    ----------
    frame
        (rows, columns) uint8 at 7.675 um.
    coarse
        The same frame, shrunk by `resample.coarse_grey`.
    device_pixels
        Whether the scan had the pixels of a known device. A frame that was exported smaller has lost speckle, so there
        the contrast alone gives the scale.

    Returns
    -------
    ReferenceLevels | None
        None where the tissues cannot be found.
    """
    rows, columns = coarse.shape
    if rows < _SMALLEST[0] or columns < _SMALLEST[1]:
        return None
    smooth = _smoothed(coarse.astype(np.int64))
    surface = _corneal_surface(smooth)
    if surface is None:
        return None
    column = np.arange(columns, dtype=np.float32)
    below = (np.arange(rows, dtype=np.float32)[:, None] - np.polyval(surface, column).astype(np.float32)) * _MM
    beside = np.abs(column + surface[1] / (2 * surface[0])) * _MM

    def within(values: NDArray[np.floating], limits: tuple[float, float]) -> NDArray[np.bool_]:
        return (values > limits[0]) & (values < limits[1])

    stroma = within(below, _STROMA_MM)[:, within(beside, _STROMA_COLUMNS_MM)]
    stroma_grey = smooth[:, within(beside, _STROMA_COLUMNS_MM)]
    bright = within(below, _BRIGHT_MM)[:, within(beside, _BRIGHT_COLUMNS_MM)]
    bright_grey = smooth[:, within(beside, _BRIGHT_COLUMNS_MM)]
    air = smooth[(below < -_AIR_MM) & (beside < _HALF_WIDTH_MM)]
    deep = stroma.sum(axis=0)
    if not bright.any() or not deep.any():
        return None
    # Sums of a few whole multiples of 2**-32 are exact in float64, in any order.
    per_column = (stroma_grey * stroma).sum(axis=0, dtype=np.float64)[deep > 0] / deep[deep > 0]
    levels = ReferenceLevels(
        stroma=_median(per_column),
        brightest=_percentile((bright_grey * bright).max(axis=0), _BRIGHT_PERCENTILE),
        speckle=_speckle(frame, surface) if device_pixels else None,
        air=_median(air) if air.size else 0.0,
        apex_row=float(np.polyval(surface, -surface[1] / (2 * surface[0])) + 0.5) * _STEP,
        radius_mm=float(_MM / (2 * surface[0])),
    )
    contrast = levels.brightest - levels.stroma
    return levels if _MIN_CONTRAST < contrast < _MAX_CONTRAST and levels.stroma > levels.air + _MIN_CONTRAST else None


def _smoothed(coarse: NDArray[np.int64]) -> NDArray[np.float32]:
    """Gaussian smoothing with a standard deviation of one pixel, in whole numbers: floats differ between processors."""
    for axis in (0, 1):
        reach = len(_GAUSSIAN) // 2
        width = [(reach, reach) if axis == other else (0, 0) for other in (0, 1)]
        padded = np.pad(coarse, width, mode="reflect")
        length = coarse.shape[axis]
        coarse = np.sum(
            [weight * np.take(padded, range(k, k + length), axis) for k, weight in enumerate(_GAUSSIAN)], axis=0
        )
    smooth: NDArray[np.float32] = (coarse / sum(_GAUSSIAN) ** 2).astype(np.float32)
    return smooth


def _speckle(frame: NDArray[np.uint8], surface: NDArray[np.float64]) -> float:
    """Median over blocks of 16 columns of the stroma: standard deviation of the grey about its 15 x 15 mean."""
    import cv2

    apex = (0.5 - surface[1] / (2 * surface[0])) * _STEP
    column = np.arange(frame.shape[1])
    beside = np.abs(column - apex) * NATIVE_PITCH_UM / 1000
    column = column[(beside > _STROMA_COLUMNS_MM[0]) & (beside < _STROMA_COLUMNS_MM[1])]
    front = (np.polyval(surface, (column + 0.5) / _STEP - 0.5) + 0.5) * _STEP
    first, last = (depth * 1000 / NATIVE_PITCH_UM for depth in _STROMA_MM)
    rows = (front + first).astype(np.int64) + np.arange(round(last - first))[:, None]
    band = frame[np.clip(rows, 0, frame.shape[0] - 1), column].astype(np.float32)
    # Sums of whole numbers are exact in float32 here, and from then on whole numbers are used.
    around = cv2.boxFilter(band, -1, (_AROUND, _AROUND), normalize=False).astype(np.int64)
    excess = _AROUND**2 * band.astype(np.int64) - around
    blocks = excess[:, : band.shape[1] // 16 * 16].reshape(len(band), -1, 16)
    if not blocks.size:
        return 0.0
    count = blocks.shape[0] * blocks.shape[2]
    sums, squares = blocks.sum(axis=(0, 2)), (blocks**2).sum(axis=(0, 2))
    deviation = np.sqrt((count * squares - sums**2) / count**2) / _AROUND**2
    return _median(deviation)


def _corneal_surface(coarse: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Parabola (as of `numpy.polyfit`) through the front of the cornea, in coarse pixels; None where there is none.

    Every rising edge of a column votes for the parabolas of a corneal radius that pass through it; lashes, lids and
    mirror images lie on no common one. Iris and lens may, so the highest parabola with many votes is taken.
    """
    rows, columns = coarse.shape
    first = int(max(columns / 2 - _HALF_WIDTH_MM / _MM, 0))
    last = int(min(columns / 2 + _HALF_WIDTH_MM / _MM, columns))
    upper = coarse[: int(0.7 * rows), first:last]
    dark = _median(coarse[: rows // 16])
    over = upper > dark + _EDGE_SHARE * (_median(upper.max(axis=0)) - dark)
    edge = over.copy()
    edge[1:] &= ~over[:-1]
    row, column = np.nonzero(edge)
    column += first
    found = []
    for radius in _RADII_MM:
        curve = _MM / (2 * radius)
        for apex in np.arange(columns / 2 - _APEX_MM / _MM, columns / 2 + _APEX_MM / _MM, _BETWEEN_MM / _MM):
            top = np.rint(row - curve * (column - apex) ** 2).astype(np.int64)
            votes = np.bincount(np.clip(top, -1, rows) + 1, minlength=rows + 2)[1:-1]
            votes = votes[:-2] + votes[1:-1] + votes[2:]
            found += [(height + 1, int(votes[height]), curve, float(apex)) for height in _peaks(votes)]
    enough = max(_MIN_SHARE * (last - first), _NEAR_MOST * max(votes for _, votes, _, _ in found))
    many = [candidate for candidate in found if candidate[1] >= enough]
    if not many:
        return None
    highest = min(many)[0]
    # Parabolas of other radii stand a little higher than the best of the same surface.
    height, _, curve, apex = max((one for one in many if one[0] <= highest + _SAME_SURFACE), key=lambda one: one[1])
    parabola = np.array([curve, -2 * curve * apex, curve * (apex * apex) + height])
    for _ in range(3):
        near = np.abs(np.polyval(parabola, column) - row) < 2
        if np.count_nonzero(np.bincount(column[near])) < _MIN_SHARE * (last - first):
            return None
        parabola = _fitted(column[near], row[near], columns // 2)
    return parabola if parabola[0] > 0 else None


def _fitted(column: NDArray[np.int64], row: NDArray[np.int64], middle: int) -> NDArray[np.float64]:
    """The parabola of least squares through points of whole numbers, as of `numpy.polyfit`, by Cramer's rule.

    About the middle column all sums are whole numbers that float64 holds, so every processor gets the same bits.
    """
    x = column - middle
    s = [float((x**power).sum()) for power in range(5)]
    t = [float((x**power * row).sum()) for power in range(3)]

    def determinant(a: list[float], b: list[float], c: list[float]) -> float:
        first, second, third = b[1] * c[2] - b[2] * c[1], a[1] * c[2] - a[2] * c[1], a[1] * b[2] - a[2] * b[1]
        return a[0] * first - b[0] * second + c[0] * third

    columns, right = (s[2:5][::-1], s[1:4][::-1], s[0:3][::-1]), t[::-1]
    if not (whole := determinant(*columns)):
        return np.zeros(3)
    replaced = ([right if one == other else columns[other] for other in range(3)] for one in range(3))
    curve, slope, height = (determinant(*three) / whole for three in replaced)
    return np.array([curve, slope - 2 * curve * middle, (curve * middle - slope) * middle + height])


def _peaks(votes: NDArray[np.int64]) -> list[int]:
    """The place with most votes, and the one above it (at least `_APART` away) with most."""
    most = int(votes.argmax())
    above = votes[: max(most - _APART, 0)]
    return [most, int(above.argmax())] if above.size else [most]


def _median(values: NDArray[np.floating]) -> float:
    """The number that `numpy.median` gives, without the masked arrays that it imports: 10 ms of a cold start."""
    first, last = (values.size - 1) // 2, values.size // 2
    return float(np.partition(values, (first, last), axis=None)[first : last + 1].mean())


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """The number that `numpy.percentile` gives, interpolated in float32 as there, and as light as `_median`."""
    place = (values.size - 1) * (percent / 100)
    below = int(place)
    above = min(below + 1, values.size - 1)
    low, high = np.partition(values, (below, above))[[below, above]]
    part = place - below
    return float(low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part))


def referenced_grey(levels: ReferenceLevels | None) -> NDArray[np.uint8]:
    """Table from the grey of a display to grey on the eye's own scale, (256,) uint8; None takes the nominal levels.

    The signal is what exceeds the noise: S = 10 log10(10^(L / 10) - 1), with the level L in dB over the noise.
    """
    levels = levels or NOMINAL_LEVELS
    shown = np.arange(256, dtype=np.float64)
    grey_per_db = levels.grey_per_db
    noise = levels.air if levels.air > 1.0 else -BLACK_OVER_NOISE_DB * grey_per_db

    def signal_db(grey: NDArray[np.float64]) -> NDArray[np.float64]:
        signal = 10 ** ((grey - noise) / grey_per_db / 10) - 1
        return np.asarray(10 * np.log10(np.maximum(signal, 10 ** (NO_SIGNAL_DB / 10))))

    # The mean of what both tissues say about the level of a usual stroma.
    tissues = signal_db(np.array([levels.stroma, levels.brightest])) - np.array([0.0, BRIGHT_OVER_STROMA_DB])
    relative = signal_db(shown) - tissues.mean()
    table: NDArray[np.uint8] = np.rint(
        np.clip((relative - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0.0, 1.0) * 255.0
    ).astype(np.uint8)
    table[0] = 0  # black stays black: what the display hid is not known
    return table
