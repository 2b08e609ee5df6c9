"""The display of a device: the curve from decibel to grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .plan import NATIVE_COLUMNS, NATIVE_ROWS, RAW_COLUMNS, RAW_ROWS, Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .plan import ScanPlan
    from .warp import Warp


@dataclass(frozen=True, slots=True)
class Display:
    """The display of one scan.

    Attributes
    ----------
    geometry
        Geometry of the picture.
    rows, columns
        Size of the picture.
    bits
        Bits of a grey level, 8 or 16.
    black_db, grey_per_db
        Level shown as 0, and steps of full scale / 255 per dB above it.
    gamma
        Exponent of the relative grey.
    fade_rows
        Rows over which the lower end of an 8-bit picture fades, in a picture of 1459 rows.
    fan
        Widening of a fan per mm of depth.
    jpeg_quality
        Quality of the JPEG compression that the picture went through, or 0 for none.
    """

    geometry: Geometry
    rows: int
    columns: int
    bits: int
    black_db: float
    grey_per_db: float
    gamma: float = 1.0
    fade_rows: int = 30
    fan: float = 0.0
    jpeg_quality: int = 0

    @property
    def profile(self) -> str:
        """Name of the device profile that fits the picture."""
        return "anterion-raw" if self.geometry is Geometry.RAW else "anterion"

    def grey(self, level_db: NDArray[np.float32]) -> NDArray[np.float32]:
        """Grey from 0 to 255 (not yet rounded), same shape, float32."""
        grey = (level_db - np.float32(self.black_db)) * np.float32(self.grey_per_db)
        np.clip(grey, 0, 255, out=grey)
        if self.gamma != 1.0:
            grey = np.float32(255) * (grey * np.float32(1 / 255)) ** np.float32(self.gamma)
        return grey


def draw_display(rng: np.random.Generator, plan: ScanPlan, shifted: bool = False) -> Display:
    """Draw the display of one scan."""
    rows, columns = plan.rows, plan.columns
    if plan.geometry is Geometry.RAW:
        rows, columns = rows or RAW_ROWS, columns or RAW_COLUMNS
        black = -float(rng.uniform(6.5, 10.5))
        return Display(
            geometry=plan.geometry,
            rows=rows,
            columns=columns,
            bits=16,
            black_db=black,
            grey_per_db=255 / (float(rng.normal(36, 1.0)) - black),
            fade_rows=0,
        )
    rows, columns = rows or NATIVE_ROWS, columns or NATIVE_COLUMNS
    black, slope = float(rng.normal(3.2, 0.20)), float(rng.normal(7.2, 0.25))
    gamma = 1.0
    if plan.wide:
        black, slope, gamma = (
            black + float(rng.normal(0, 0.8)),
            slope * float(np.exp(rng.normal(0, 0.10))),
            float(np.exp(rng.normal(0, 0.08))),
        )
    if shifted:  # a curve that lifts the dark tones, with its black a little lower
        black, slope, gamma = black - 0.8, 6.2, 0.82
    if plan.floor:  # an 8-bit picture that shows the noise: floor at 0.25 to 0.45 of the cornea
        black = -float(rng.uniform(5, 11))
        slope = float(rng.uniform(4.5, 6.5))
    jpeg = int(rng.integers(80, 99)) if plan.wide and rng.uniform() < 0.3 else 0
    fan = float(rng.uniform(0.004, 0.012)) if plan.geometry is Geometry.FAN else 0.0
    return Display(
        geometry=plan.geometry,
        rows=rows,
        columns=columns,
        bits=8,
        black_db=black,
        grey_per_db=slope,
        gamma=gamma,
        fade_rows=0 if plan.floor else 30,
        fan=fan,
        jpeg_quality=jpeg,
    )


def show(level_db: NDArray[np.float32], warp: Warp, display: Display) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The picture: grey curve on the device's grid, then its geometry, then rounding."""
    if display.bits == 16:
        counts = (level_db[: display.rows] - np.float32(display.black_db)) * np.float32(
            display.grey_per_db * 65535 / 255
        )
        raw: NDArray[np.uint16] = np.rint(np.clip(counts, 0, 65535)).astype(np.uint16)
        return raw
    grey = warp.picture(display.grey(level_db))
    if display.fade_rows:
        rows = round(display.fade_rows * display.rows / 1459)
        grey[-rows:] *= np.linspace(1, 0, rows, dtype=np.float32)[:, None]
    if warp.outside is not None:
        grey[warp.outside] = 0
    picture = cv2.convertScaleAbs(grey).astype(np.uint8, copy=False)
    return compressed(picture, display.jpeg_quality) if display.jpeg_quality else picture


def compressed(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """An 8-bit picture as JPEG compression of this quality leaves it."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise RuntimeError("OpenCV cannot decode the JPEG that it encoded.")
    return decoded.astype(np.uint8, copy=False)
