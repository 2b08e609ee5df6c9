"""Ultrasound: fans, sectors of the front of the eye, and curves of an A-scan."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import Drawing, Shape, blank, clouds, polar, smoothed


def _echo(rng: np.random.Generator, levels: Drawing, angle: Drawing, radius: Drawing) -> Drawing:
    """Speckle that is stretched along the arcs, in logarithmic grey."""
    rows = levels.shape[0]
    fine = rng.standard_exponential((rows // 2, 256), dtype=np.float32)
    fine = smoothed(fine, (rng.uniform(0.6, 1.5), rng.uniform(1.0, 3.0)))
    row = (radius * np.float32(0.5)) % (rows // 2)
    column = (angle * np.float32(256 / (2 * np.pi))) % 255
    grain = cv2.remap(fine, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
    loud = levels + 10.0 * np.log10(np.maximum(grain, 0.02))
    return np.clip(loud / rng.uniform(28.0, 40.0), 0.0, 1.0).astype(np.float32)


def fan(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A B-mode fan of an abdomen or an orbit: speckle, dark cysts with an echo behind them, a bright boundary."""
    rows, columns = shape
    apex = (-rows * rng.uniform(0.0, 0.3), columns * rng.uniform(0.45, 0.55))
    radius, angle = polar(shape, apex)
    levels = 14.0 + 14.0 * clouds(rng, shape, 1.0, 3) - radius / rows * rng.uniform(0.0, 15.0)
    for _ in range(rng.integers(1, 5)):
        hole, _turn = polar(
            shape, (rows * rng.uniform(0.2, 0.8), columns * rng.uniform(0.25, 0.75)), rng.uniform(0.7, 2)
        )
        size = min(shape) * rng.uniform(0.04, 0.2)
        levels = np.where(hole < size, rng.uniform(-8.0, 5.0), levels)
        levels = np.where(np.abs(hole - size) < 4, levels + 9.0, levels)
    bright = rows * rng.uniform(0.5, 1.0) + 8.0 * np.sin(angle * 9.0)
    levels = np.where(np.abs(radius - bright) < rows * 0.01, 34.0, levels)
    shown = _echo(rng, levels.astype(np.float32), angle, radius)
    inside = (np.abs(angle - np.pi / 2) < rng.uniform(0.4, 0.8)) & (radius < rows * rng.uniform(0.9, 1.2) - apex[0])
    return np.where(inside & (radius > -apex[0] + rows * 0.03), shown, blank(shape)).astype(np.float32)


def front_sector(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Ultrasound biomicroscopy: cornea, iris and the front of a lens as coarse echoes in a sector."""
    rows, columns = shape
    radius, angle = polar(shape, (-rows * rng.uniform(0.2, 0.8), columns / 2.0))
    levels = blank(shape, rng.uniform(-8.0, 4.0))
    bow, _ = polar(shape, (rows * rng.uniform(0.7, 0.9), columns / 2.0), rng.uniform(1.0, 1.6))
    outer = rows * rng.uniform(0.5, 0.6)
    levels = np.where(np.abs(bow - outer) < rows * rng.uniform(0.02, 0.05), 27.0, levels)
    wide = np.abs(np.arange(columns, dtype=np.float32)[None, :] / columns - 0.5)
    flat = np.arange(rows, dtype=np.float32)[:, None] / rows - rng.uniform(0.5, 0.62) - wide * rng.uniform(-0.3, 0.3)
    levels = np.where(
        (np.abs(flat) < rng.uniform(0.02, 0.05)) & (wide > rng.uniform(0.08, 0.16)) & (bow < outer), 24.0, levels
    )
    lens, _ = polar(shape, (rows * rng.uniform(0.85, 1.0), columns / 2.0), rng.uniform(1.0, 1.8))
    levels = np.where(np.abs(lens - rows * 0.3) < rows * 0.008, 20.0, levels)
    levels = np.where((bow > outer) & (wide > rng.uniform(0.25, 0.35)), 22.0 - radius / rows * 6.0, levels)
    shown = _echo(rng, smoothed(levels.astype(np.float32), 2.0), angle, radius)
    return np.where(np.abs(angle - np.pi / 2) < rng.uniform(0.35, 0.7), shown, blank(shape)).astype(np.float32)


def curves(rng: np.random.Generator, shape: Shape) -> Drawing:
    """An A-scan: spikes over a line, once or several times, with a scale."""
    rows, columns = shape
    drawing = blank(shape, 0.0)
    count = int(rng.integers(1, 5))
    column = np.arange(columns, dtype=np.float32)
    for panel in range(count):
        height, base = rows / count * 0.8, rows * (panel + 0.93) / count
        line = np.abs(rng.standard_normal(columns)).astype(np.float32) * 0.03
        for place in rng.uniform(0.05, 0.95, rng.integers(3, 9)):
            width = columns * rng.uniform(0.002, 0.012)
            line += rng.uniform(0.3, 1.0) * np.exp(-np.abs(column - place * columns) / width).astype(np.float32)
        points = np.stack([column, base - np.minimum(line, 1.0) * height], axis=1).astype(np.int32)
        cv2.polylines(drawing, [points], False, 0.9, int(rng.integers(1, 4)), cv2.LINE_AA)
        for tick in range(0, columns, max(20, columns // 24)):
            cv2.line(drawing, (tick, int(base)), (tick, int(base) + 8), 0.6, 1)
    return drawing
