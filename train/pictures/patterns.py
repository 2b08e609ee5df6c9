"""Patterns and noise: boards, test cards, codes of bars, static."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import Drawing, Shape, blank, clouds, enlarged, grid, polar, smoothed, stretched


def checkerboard(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Squares, stripes or dots of two greys."""
    row, column = grid(shape)
    high, wide = min(shape) * rng.uniform(0.01, 0.2, 2)
    kind, greys = rng.integers(4), rng.uniform(0.0, 1.0, 2)
    if kind == 0:
        mask = (np.floor(row / high) + np.floor(column / wide)) % 2 > 0
    elif kind == 1:
        mask = (row * rng.uniform(-1, 1) + column * rng.uniform(-1, 1)) % high > high / 2
    elif kind == 2:
        mask = (row % high - high / 2) ** 2 + (column % high - high / 2) ** 2 < (high * 0.3) ** 2
    else:
        mask = (row % high < high * 0.1) | (column % wide < wide * 0.1)
    return np.where(mask, np.float32(greys[0]), np.float32(greys[1]))


def test_card(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A card of a television: bars, steps of grey, a circle, fine lines, a grid."""
    rows, columns = shape
    drawing = blank(shape, 0.5)
    step = max(8, min(shape) // int(rng.integers(8, 20)))
    drawing[::step, :] = drawing[:, ::step] = 1.0
    row, column = grid(shape)
    middle, _ = polar(shape, (rows / 2, columns / 2))
    bars = np.repeat(rng.permutation(np.linspace(0, 1, 8)), -(-columns // 8))[:columns]
    fine = 0.5 + 0.5 * np.sign(np.sin(column**2 / columns * rng.uniform(0.3, 1.0)))
    inside = middle < min(shape) * 0.42
    card = np.where(row < rows * 0.45, bars[None, :], np.where(row < rows * 0.6, fine, column / columns))
    drawing = np.where(inside, card, drawing).astype(np.float32)
    cv2.circle(drawing, (columns // 2, rows // 2), int(min(shape) * 0.42), 1.0, 3)
    return drawing


def even_noise(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Noise without colour: Gaussian, even, exponential, or dots of black and white."""
    kind = rng.integers(4)
    if kind == 0:
        return (rng.uniform(0.2, 0.8) + rng.uniform(0.02, 0.3) * rng.standard_normal(shape, dtype=np.float32)).astype(
            np.float32
        )
    if kind == 1:
        return rng.random(shape, dtype=np.float32)
    if kind == 2:
        return rng.standard_exponential(shape, dtype=np.float32) * np.float32(rng.uniform(0.02, 0.4))
    return (rng.random(shape, dtype=np.float32) < rng.uniform(0.005, 0.5)).astype(np.float32)


def smooth_noise(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Noise of one colour, stretched in one direction or not."""
    small = (max(16, shape[0] // 3), max(16, shape[1] // 3))
    noise = rng.standard_normal(small, dtype=np.float32)
    return enlarged(stretched(smoothed(noise, (rng.uniform(0.3, 12.0), rng.uniform(0.3, 12.0)))), shape)


def block_noise(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Blocks, as a badly kept JPEG or a broken stream has them."""
    size = int(rng.integers(4, 64))
    small = (max(2, shape[0] // size), max(2, shape[1] // size))
    blocks = enlarged(clouds(rng, small, rng.uniform(0.2, 1.2)), shape, cv2.INTER_NEAREST)
    waves = enlarged(rng.standard_normal((shape[0] // 8, shape[1] // 8), dtype=np.float32), shape, cv2.INTER_NEAREST)
    row, column = grid(shape)
    drawing = blocks + 0.1 * waves * np.cos(row % 8 * rng.uniform(0, 1.5)) * np.cos(column % 8 * rng.uniform(0, 1.5))
    coded = cv2.imencode(".jpg", (np.clip(drawing, 0, 1) * 255).astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, 8))[1]
    return (np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)) / np.float32(255)).astype(np.float32)


def static(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A screen without a signal: lines of noise, bars that roll, lines that slip."""
    rows, columns = shape
    noise = rng.random((rows // 2, columns // 2), dtype=np.float32)
    noise = smoothed(noise, (0.1, rng.uniform(0.3, 4.0)))
    row, _ = grid(shape)
    drawing = enlarged(stretched(noise), shape) * (0.6 + 0.4 * np.sin(row / rows * rng.uniform(5, 40)))
    drawing *= 1.0 - rng.uniform(0.0, 0.6) * (row % 4 < 2)
    return drawing.astype(np.float32)


def bar_code(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Codes of bars, one or several, on paper."""
    rows, columns = shape
    drawing = blank(shape, rng.uniform(0.8, 1.0))
    for _ in range(rng.integers(1, 5)):
        wide = int(columns * rng.uniform(0.3, 0.8))
        high = int(rows * rng.uniform(0.1, 0.4))
        top, left = int(rng.uniform(0, 1) * (rows - high)), int(rng.uniform(0, 1) * (columns - wide))
        bits = rng.integers(0, 2, int(rng.integers(40, 120))).astype(np.float32)
        bars = cv2.resize(bits[None, :], (wide, 1), interpolation=cv2.INTER_NEAREST)
        drawing[top : top + high, left : left + wide] = bars
    return drawing


def square_code(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A square code with its three corners, filling much of the picture."""
    rows, columns = shape
    count = int(rng.integers(21, 70))
    code = rng.integers(0, 2, (count, count)).astype(np.float32)
    corner = np.ones((7, 7), np.float32)
    corner[0, :] = corner[-1, :] = corner[:, 0] = corner[:, -1] = corner[2:5, 2:5] = 0.0
    code[:7, :7] = code[-7:, :7] = code[:7, -7:] = corner
    size = int(min(shape) * rng.uniform(0.3, 0.95))
    drawing = blank(shape, 1.0)
    top, left = int(rng.uniform(0, 1) * (rows - size)), int(rng.uniform(0, 1) * (columns - size))
    drawing[top : top + size, left : left + size] = cv2.resize(code, (size, size), interpolation=cv2.INTER_NEAREST)
    return drawing


def steps(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Even grey, in one piece or in a few rectangles."""
    drawing = blank(shape, rng.uniform(0.0, 1.0))
    for _ in range(rng.integers(0, 6)):
        corner = (rng.uniform(0, 1, 2) * shape).astype(int)
        size = (rng.uniform(0.05, 0.7, 2) * shape).astype(int)
        drawing[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = rng.uniform(0.0, 1.0)
    return drawing
