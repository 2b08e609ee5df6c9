"""Statistics of one scan and its lens mask, measured in the same way on real and on simulated scans.

Reproduces the columns of `statistics.csv` and `axial_profiles.csv` as far as their making could be inferred.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAK_MM = 0.21  # left out on either side of the apex streak
FRAME_WIDTH_MM = 16.5
PROFILE_BINS = 100
LOCAL_WINDOW_PX = 15  # window of the texture contrast: standard deviation over mean


@dataclass(frozen=True, slots=True)
class ScanStatistics:
    """Numbers of one scan, in grey levels and pixels of its own frame; NaN where they cannot be measured."""

    lens_width_px: float
    lens_axial_px: float
    cornea_axial_px: float
    lens_mean: float
    lens_std: float
    cornea_mean: float
    aqueous_mean: float
    vitreous_mean: float
    iris_shadow_mean: float
    lens_over_cornea: float
    front_mean: float
    nucleus_mean: float
    back_mean: float
    nucleus_over_cornea: float
    front_over_nucleus: float
    back_over_nucleus: float
    contrast_lens: float
    contrast_cornea: float
    width_lateral_px: float
    width_axial_px: float

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def measure(picture: NDArray[np.generic], mask: NDArray[np.bool_]) -> tuple[ScanStatistics, NDArray[np.float64]]:
    """Measure one scan, mask True on the visible lens; also its axial profile, (100,) float64 grey against depth."""
    grey = picture.astype(np.float32)
    raw = picture.dtype == np.uint16
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    column_mm = FRAME_WIDTH_MM / grey.shape[1]
    apex = find_apex(grey)
    away = np.abs(np.arange(grey.shape[1]) - apex) > (0 if raw else STREAK_MM / column_mm)
    lens = mask & away[None, :]
    profile = axial_profile(grey, mask, away)
    cornea, cornea_px, cornea_contrast = _cornea(grey, apex, column_mm)
    left, right, top, bottom = columns[0], columns[-1], rows[0], rows[-1]
    width, height = right - left + 1, bottom - top + 1
    third = width // 4
    aqueous = grey[max(top - height // 4, 0) : max(top - height // 12, 1), left + 5 : left + third]
    below = grey[min(bottom + 12, grey.shape[0]) : min(bottom + 60, grey.shape[0] - 40), left + 5 : left + third]
    shadow = grey[bottom - height // 4 : bottom - 10, max(left - width // 4, 0) : max(left - 12, 1)]
    front, nucleus, back = profile[5:25].mean(), profile[35:70].mean(), profile[75:95].mean()
    contrast = _contrast(grey)
    eroded = cv2.erode(mask.astype(np.uint8), np.ones((LOCAL_WINDOW_PX, LOCAL_WINDOW_PX))) > 0
    widths = _correlation(grey, left, top, width, height, apex)
    mean = float(grey[lens].mean())
    numbers = ScanStatistics(
        float(mask[(top + bottom) // 2].sum()),
        float(mask.sum(axis=0).max()),
        cornea_px,
        mean,
        float(grey[lens].std()),
        cornea,
        _mean(aqueous),
        _mean(below),
        _mean(shadow),
        mean / cornea,
        float(front),
        float(nucleus),
        float(back),
        float(nucleus / cornea),
        float(front / nucleus),
        float(back / nucleus),
        float(np.median(contrast[eroded & away[None, :]])),
        cornea_contrast,
        *widths,
    )
    return numbers, profile


def _mean(region: NDArray[np.float32]) -> float:
    return float(region.mean()) if region.size else float("nan")


def find_apex(grey: NDArray[np.float32]) -> int:
    """Find the column of the corneal apex: the middle of the highest part of the surface."""
    coarse = cv2.GaussianBlur(grey, (0, 0), 2.5)
    level = 0.45 * np.percentile(coarse, 98) + 0.55 * np.median(coarse)
    columns = np.arange(grey.shape[1])
    inner = np.abs(columns - grey.shape[1] / 2) < 0.30 * grey.shape[1]
    bright = coarse > level
    top = np.where(bright.any(axis=0), bright.argmax(axis=0), grey.shape[0]).astype(float)
    scale = 16.5 / grey.shape[1]
    keep = (
        inner
        & (np.abs(columns - grey.shape[1] / 2) * scale > 0.8)
        & (top < np.median(top[inner]) + 0.3 * grey.shape[0])
    )
    fit = np.polyfit(columns[keep], top[keep], 2)
    for _ in range(4):
        residual = np.abs(np.polyval(fit, columns) - top)
        good = keep & (residual < 3 * np.median(residual[keep]) + 1)
        fit = np.polyfit(columns[good], top[good], 2)
    return int(np.clip(-fit[1] / (2 * fit[0]), 0.35 * grey.shape[1], 0.65 * grey.shape[1]))


def axial_profile(grey: NDArray[np.float32], mask: NDArray[np.bool_], away: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return mean grey against depth over the central 40 % of the pupil, (100,)."""
    columns = np.flatnonzero(mask.any(axis=0))
    chosen = columns[int(0.3 * len(columns)) : int(0.7 * len(columns))]
    centres = (np.arange(PROFILE_BINS) + 0.5) / PROFILE_BINS
    lines = []
    for column in chosen[away[chosen]]:
        rows = np.flatnonzero(mask[:, column])
        top, bottom = rows[0], rows[-1] + 1
        lines.append(
            np.interp(centres, (np.arange(top, bottom) + 0.5 - top) / (bottom - top), grey[top:bottom, column])
        )
    profile: NDArray[np.float64] = np.mean(lines, axis=0)
    return profile


def _contrast(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the local standard deviation over the local mean, in the same shape."""
    size = (LOCAL_WINDOW_PX, LOCAL_WINDOW_PX)
    mean = cv2.blur(grey, size)
    variance = cv2.blur(grey * grey, size) - mean * mean
    return (np.sqrt(np.maximum(variance, 0)) / np.maximum(mean, 1e-3)).astype(np.float32, copy=False)


def _cornea(grey: NDArray[np.float32], apex: int, column_mm: float) -> tuple[float, float, float]:
    """Measure grey, thickness in px and texture contrast of the central cornea, 0.6 to 2.2 mm from the apex."""
    soft = cv2.GaussianBlur(grey, (0, 0), 3.0)
    floor = np.median(grey[: grey.shape[0] // 12])
    reference = np.percentile(soft[:, apex - int(2.2 / column_mm) : apex + int(2.2 / column_mm)], 97)
    contrast = _contrast(grey)
    means, heights, textures = [], [], []
    for side in (-1, 1):
        for offset in np.arange(0.6, 2.2, 3 * column_mm):
            column = apex + side * int(offset / column_mm)
            above = soft[:, column] > floor + 0.35 * (reference - floor)
            top = int(above.argmax())
            end = int((~above[top:]).argmax()) + top
            if end - top < 20:
                continue
            inside = slice(top + (end - top) // 5, end - (end - top) // 8)
            means.append(grey[inside, column].mean())
            heights.append(end - top)
            textures.append(np.median(contrast[top + (end - top) // 4 : end - (end - top) // 4, column]))
    if not means:
        return float("nan"), float("nan"), float("nan")
    return float(np.median(means)), float(np.median(heights)), float(np.median(textures))


def _correlation(
    grey: NDArray[np.float32], left: int, top: int, width: int, height: int, apex: int
) -> tuple[float, float]:
    """Measure the half width of the lens texture's autocorrelation, lateral and axial, px (median of patches)."""
    pairs = []
    for first, last in ((0.10, 0.25), (0.35, 0.60), (0.62, 0.80)):
        for start, stop in ((0.12, 0.38), (0.62, 0.88)):
            a, b = left + int(start * width), left + int(stop * width)
            if a <= apex + 5 and b >= apex - 5:
                continue
            patch = grey[top + int(first * height) : top + int(last * height), a:b]
            residue = patch - cv2.GaussianBlur(patch, (0, 0), 8)
            power = np.abs(np.fft.fft2(residue)) ** 2
            correlation = np.fft.ifft2(power).real
            correlation /= correlation[0, 0]
            pairs.append((_half_width(correlation[0, :20]), _half_width(correlation[:20, 0])))
    lateral, axial = np.median(np.array(pairs), axis=0) if pairs else (np.nan, np.nan)
    return float(lateral), float(axial)


def _half_width(line: NDArray[np.float64]) -> float:
    below = np.flatnonzero(line < 0.5)
    if not len(below):
        return float("nan")
    i = below[0]
    return float(i - 1 + (line[i - 1] - 0.5) / (line[i - 1] - line[i]))
