"""From scattered power to the logarithmic picture of the device: speckle, noise, looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detector:
    """Settings of the device during one scan.

    Attributes
    ----------
    gain_db, lateral_slope_db
        Brightness of the whole scan, and its change from the middle to the right edge of the frame.
    focus_mm, rayleigh_mm
        Depth of the focus (optical path) and half depth of field, relative to the nominal gate.
    roll_off_db
        Extra loss over the whole depth.
    looks
        Number of independent speckle patterns that are averaged.
    grain_rows, grain_columns
        Sigma of the speckle in samples.
    row_pattern_db
        Spread of a fixed pattern over the rows.
    heavy_tail_db
        Spread of a log-normal texture on top (tissue that departs from fully developed speckle).
    depth_slope_db, slope_from_mm
        Gain that is won (or lost, below 0) per mm of optical path below this depth, that of the cornea.
    """

    gain_db: float
    lateral_slope_db: float
    focus_mm: float
    rayleigh_mm: float
    roll_off_db: float
    looks: float
    grain_rows: float
    grain_columns: float
    row_pattern_db: float
    heavy_tail_db: float = 0.0
    depth_slope_db: float = 0.0
    slope_from_mm: float = 0.0


NOMINAL_FOCUS_MM, NOMINAL_RAYLEIGH_MM = 7.0, 6.0


def gate_db(depth_mm: NDArray[np.float32], detector: Detector) -> NDArray[np.float32]:
    """Brightness against depth relative to the nominal confocal gate and roll-off, float32 dB."""

    def gate(focus: float, rayleigh: float) -> NDArray[np.float32]:
        loss: NDArray[np.float32] = -10 * np.log10(1 + ((depth_mm - focus) / rayleigh) ** 2)
        return loss

    relative = gate(detector.focus_mm, detector.rayleigh_mm) - gate(NOMINAL_FOCUS_MM, NOMINAL_RAYLEIGH_MM)
    slope = detector.depth_slope_db * np.maximum(depth_mm - detector.slope_from_mm, 0)
    total: NDArray[np.float32] = relative + slope - detector.roll_off_db * (depth_mm - 4.0) / 14.0
    return total.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Response:
    """Sensitivity to light of each sample of one exposure.

    Attributes
    ----------
    by_row
        (rows, 1) float32, from gain, gate, roll-off and row pattern.
    by_column
        (columns,) float32, from the lateral slope.
    """

    by_row: NDArray[np.float32]
    by_column: NDArray[np.float32]

    def to(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean signal over the mean noise for this light, (rows, columns) float32."""
        mean = light * self.by_row
        mean *= self.by_column
        return mean


def draw_response(
    depth_mm: NDArray[np.float32], columns: int, detector: Detector, rng: np.random.Generator
) -> Response:
    """Response over rows of these depths and so many columns; random where there is a row pattern."""
    f32 = np.float32
    scale = gate_db(depth_mm, detector)[:, None] + f32(detector.gain_db)
    if detector.row_pattern_db:
        scale = scale + f32(detector.row_pattern_db) * rng.standard_normal((len(depth_mm), 1), dtype=np.float32)
    ramp = np.linspace(-1, 1, columns, dtype=np.float32) * f32(detector.lateral_slope_db * np.log(10) / 10)
    return Response(np.exp(scale * f32(np.log(10) / 10)), np.exp(ramp))


def detect(
    light: NDArray[np.float32], response: Response, detector: Detector, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Level of every sample in dB over the mean noise, (rows, columns) float32.

    Light and noise are both circular Gaussian, so their sum follows one speckle law with the summed mean; averaging
    over L looks makes it a gamma variate of shape L (here by Wilson and Hilferty's cube of a normal one).
    """
    rows, columns = light.shape
    f32 = np.float32
    mean = response.to(light)
    mean += 1
    normal = grain(rng, rows, columns, detector.grain_rows, detector.grain_columns)
    if detector.heavy_tail_db:
        mean *= np.exp(
            f32(detector.heavy_tail_db * np.log(10) / 10) * rng.standard_normal(mean.shape, dtype=np.float32)
        )
    ninth = f32(1 / (9 * detector.looks))
    normal *= f32(np.sqrt(1 / (9 * detector.looks)))
    normal += 1 - ninth
    np.maximum(normal, f32(0.25), out=normal)
    level = np.log(mean)
    level += 3 * np.log(normal)
    level *= f32(10 / np.log(10))
    return level


def grain(
    rng: np.random.Generator, rows: int, columns: int, sigma_rows: float, sigma_columns: float
) -> NDArray[np.float32]:
    """White noise made smooth over these sigmas and brought back to variance one, (rows, columns) float32."""
    normal = rng.standard_normal((rows, columns), dtype=np.float32)
    across, along = _kernel(sigma_columns), _kernel(sigma_rows)
    smooth = cv2.sepFilter2D(normal, -1, across, along, borderType=cv2.BORDER_REFLECT_101)
    return smooth.astype(np.float32, copy=False)


def _kernel(sigma: float) -> NDArray[np.float32]:
    """A Gaussian of unit energy, so that white noise keeps its variance."""
    reach = max(1, int(np.ceil(3 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    kernel: NDArray[np.float32] = (weights / np.sqrt((weights**2).sum())).astype(np.float32)
    return kernel
