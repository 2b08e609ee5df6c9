"""What every drawing needs: coordinates, clouds, lines that wave, and the look of optical coherence tomography.

A drawing is (rows, columns) float32, mostly in [0, 1]: black to white.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from train.phantom.field import smooth_walk

Drawing = NDArray[np.float32]
Shape = tuple[int, int]

_COARSE = 256  # clouds are drawn so large at most, and enlarged


def blank(shape: Shape, level: float = 0.0) -> Drawing:
    """An even drawing."""
    return np.full(shape, level, np.float32)


def grid(shape: Shape) -> tuple[Drawing, Drawing]:
    """Row and column of every pixel, as (rows, 1) and (1, columns) float32 that broadcast."""
    rows, columns = shape
    return np.arange(rows, dtype=np.float32)[:, None], np.arange(columns, dtype=np.float32)[None, :]


def polar(shape: Shape, centre: tuple[float, float], squeeze: float = 1.0) -> tuple[Drawing, Drawing]:
    """Distance in pixels (columns divided by `squeeze`) and angle in radian from a (row, column) point."""
    row, column = grid(shape)
    down, right = np.broadcast_arrays(row - float(centre[0]), (column - float(centre[1])) / float(squeeze))
    radius, angle = cv2.cartToPolar(np.ascontiguousarray(right), np.ascontiguousarray(down))
    return radius.astype(np.float32, copy=False), angle.astype(np.float32, copy=False)


def smoothed(drawing: Drawing, sigma: float | tuple[float, float]) -> Drawing:
    """Blur by a Gaussian of this sigma in pixels; two numbers: along rows' direction (depth), along columns'."""
    depth, across = (sigma, sigma) if isinstance(sigma, int | float) else sigma
    blurred = cv2.GaussianBlur(drawing, (0, 0), sigmaX=max(across, 0.05), sigmaY=max(depth, 0.05))
    return blurred.astype(np.float32, copy=False)


def soft_step(values: Drawing, width: float) -> Drawing:
    """From 0 where the values are negative to 1 where they are positive, over this width."""
    part: Drawing = (1.0 / (1.0 + np.exp(-np.clip(values / width, -30.0, 30.0)))).astype(np.float32)
    return part


def stretched(drawing: Drawing) -> Drawing:
    """Scale to [0, 1]."""
    low, high = float(drawing.min()), float(drawing.max())
    return ((drawing - low) / max(high - low, 1e-6)).astype(np.float32)


def enlarged(drawing: Drawing, shape: Shape, how: int = cv2.INTER_LINEAR) -> Drawing:
    """Resize to a shape."""
    return cv2.resize(drawing, (shape[1], shape[0]), interpolation=how).astype(np.float32, copy=False)


def clouds(rng: np.random.Generator, shape: Shape, fall: float = 1.0, first: int = 2) -> Drawing:
    """Noise with detail at all scales, in [0, 1]; a larger `fall` is smoother, `first` waves cross the drawing."""
    factor = min(1.0, _COARSE / max(shape))
    small = (max(2, round(shape[0] * factor)), max(2, round(shape[1] * factor)))
    total, cells = np.zeros(small, np.float32), first
    while cells <= max(small):
        size = max(2, cells * small[0] // max(small)), max(2, cells * small[1] // max(small))
        noise = rng.standard_normal(size, dtype=np.float32)
        total += enlarged(noise, small, cv2.INTER_CUBIC) * np.float32(cells**-fall)
        cells *= 2
    return enlarged(stretched(total), shape)


def wave(rng: np.random.Generator, columns: int, height: float, length: float) -> NDArray[np.float32]:
    """A line that waves by `height` pixels, with waves of about `length` of the width; (columns,) float32."""
    return smooth_walk(rng, columns, max(1.0, length * columns / 3.0)) * np.float32(height)


def arc(columns: int, apex: tuple[float, float], radius: float) -> NDArray[np.float32]:
    """Rows of a circle's upper half that peaks at the (row, column) apex; far below where it does not reach."""
    off = np.arange(columns, dtype=np.float32) - np.float32(apex[1])
    inside = np.float32(radius) ** 2 - off**2
    line = apex[0] + radius - np.sqrt(np.maximum(inside, 0.0))
    return np.where(inside > 0, line, 1e6).astype(np.float32)


def paint_below(drawing: Drawing, line: NDArray[np.float32], level: float | Drawing) -> None:
    """Paint everything below a line, in place."""
    mask = grid((drawing.shape[0], drawing.shape[1]))[0] >= line[None, :]
    np.copyto(drawing, np.float32(level) if isinstance(level, float | int) else level, where=mask)


def layered(shape: Shape, top: NDArray[np.float32], layers: Sequence[tuple[float, float]], back: float) -> Drawing:
    """Layers of (thickness in pixels, level) from a line downwards; `back` above them."""
    drawing, line = blank(shape, back), top
    for thickness, level in layers:
        paint_below(drawing, line, level)
        line = line + np.float32(thickness)
    return drawing


def oct_look(rng: np.random.Generator, decibel: Drawing, *, smooth: float | None = None) -> Drawing:
    """The display of a map in dB above the noise: multiplicative speckle, noise, logarithm, window of grey.

    Speckle and noise are exponential in intensity (Schmitt et al. 1999), averaged over a few frames by most devices.
    """
    rows, columns = decibel.shape
    power = cv2.exp(decibel * np.float32(np.log(10.0) / 10.0)).astype(np.float32)
    grain = rng.standard_exponential((rows, columns), dtype=np.float32)
    floor = rng.standard_exponential((rows, columns), dtype=np.float32)
    size = rng.uniform(0.3, 1.3) if smooth is None else smooth
    grain = smoothed(grain, (size * rng.uniform(0.5, 1.0), size))
    looks = rng.uniform(0.2, 0.9)  # how much of the speckle is left
    signal = power * (1.0 - looks + looks * grain) + (0.4 + 0.6 * floor)
    shown = cv2.log(np.maximum(signal, 1e-3).astype(np.float32)) * np.float32(10.0 / np.log(10.0))
    low, high = rng.uniform(-3.0, 3.0), float(np.quantile(decibel[::8, ::8], 0.995)) + rng.uniform(0.0, 5.0)
    display: Drawing = np.clip((shown - low) / max(high - low, 8.0), 0.0, 1.0).astype(np.float32)
    return display


def shadows(rng: np.random.Generator, columns: int, count: int, depth: float = 8.0) -> NDArray[np.float32]:
    """Loss in dB per column below vessels or opacities; (columns,) float32, not negative."""
    loss, column = np.zeros(columns, np.float32), np.arange(columns, dtype=np.float32)
    for _ in range(count):
        middle, half = rng.uniform(0, columns), columns * rng.uniform(0.002, 0.015)
        loss += np.float32(rng.uniform(0.3, 1.0) * depth) * np.exp(-(((column - middle) / half) ** 4)).astype(
            np.float32
        )
    return loss


def put_words(
    drawing: Drawing, text: str, at: tuple[int, int], *, font: int = 0, scale: float, ink: float, thick: int = 1
) -> None:
    """Write a line of text whose lower left end is at (column, row), in place; cv2 writes on uint8 alone."""
    (wide, high), below = cv2.getTextSize(text, font, scale, thick)
    rows, columns = drawing.shape
    top, left = at[1] - high - below, at[0]
    mask = np.zeros((high + 3 * below, wide + 2 * thick), np.uint8)
    cv2.putText(mask, text, (0, high + below), font, scale, 255, thick, cv2.LINE_AA)
    mask = mask[max(0, -top) : max(0, rows - top), max(0, -left) : max(0, columns - left)]
    place = drawing[max(0, top) :, max(0, left) :][: mask.shape[0], : mask.shape[1]]
    place += (np.float32(ink) - place) * (mask * np.float32(1 / 255))
