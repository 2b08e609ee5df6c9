"""Shapes of an eye without an eye: arcs and lens-like discs of noise or of even grey, crude drawings, cartoons."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import Drawing, Shape, arc, blank, clouds, grid, polar, put_words, smoothed


def _filling(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Even grey, noise or clouds."""
    kind = rng.integers(3)
    if kind == 0:
        return blank(shape, rng.uniform(0.1, 1.0))
    if kind == 1:
        return (rng.uniform(0.2, 0.8) + rng.uniform(0.05, 0.3) * rng.standard_normal(shape, dtype=np.float32)).astype(
            np.float32
        )
    return clouds(rng, shape, rng.uniform(0.3, 1.5))


def arcs(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Arcs of any thickness at any height, filled with noise or grey."""
    rows, columns = shape
    drawing = _filling(rng, shape) * np.float32(rng.uniform(0.0, 0.4))
    row, _ = grid(shape)
    for _ in range(rng.integers(1, 6)):
        apex = (rows * rng.uniform(0.0, 0.9), columns * rng.uniform(0.3, 0.7))
        line = arc(columns, apex, columns * rng.uniform(0.3, 2.0))
        if rng.random() < 0.4:
            line = 2 * apex[0] - line
        band = np.abs(row - line[None, :]) < rows * rng.uniform(0.005, 0.08)
        drawing = np.where(band, _filling(rng, shape), drawing)
    return drawing.astype(np.float32)


def discs(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Ellipses of the size of a lens, filled with noise or grey, alone or in each other."""
    rows, columns = shape
    drawing = _filling(rng, shape) * np.float32(rng.uniform(0.0, 0.5))
    middle = rows * rng.uniform(0.3, 0.7), columns * rng.uniform(0.35, 0.65)
    size, squeeze = rows * rng.uniform(0.1, 0.35), rng.uniform(1.0, 3.0)
    radius, _ = polar(shape, middle, squeeze)
    for _ in range(rng.integers(1, 5)):
        drawing = np.where(radius < size, _filling(rng, shape), drawing)
        size *= rng.uniform(0.4, 0.9)
    return drawing.astype(np.float32)


def crude_eye(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A hand's drawing of a section through an eye: outlines of ball, cornea, iris, lens, with words."""
    rows, columns = shape
    paper = rng.random() < 0.6
    drawing, ink = blank(shape, 0.95 if paper else 0.03), 0.1 if paper else 0.9
    size = min(shape) * rng.uniform(0.25, 0.42)
    turn = rng.choice([0.0, 90.0, 180.0, 270.0]) + rng.normal(0, 6)
    middle = np.array([columns * rng.uniform(0.4, 0.6), rows * rng.uniform(0.4, 0.6)])
    thick = int(max(2, size * rng.uniform(0.008, 0.03)))

    def at(along: float, across: float) -> tuple[int, int]:
        way = np.deg2rad(turn)
        move = np.array([np.cos(way) * along - np.sin(way) * across, np.sin(way) * along + np.cos(way) * across])
        point = middle + move * size
        return int(point[0]), int(point[1])

    def oval(along: float, half: tuple[float, float], span: tuple[int, int] = (0, 360), fill: bool = False) -> None:
        axes = (int(half[0] * size), int(half[1] * size))
        grey, width = (rng.uniform(0.3, 0.8), -1) if fill else (ink, thick)
        cv2.ellipse(drawing, at(along, 0.0), axes, turn, *span, float(grey), width, cv2.LINE_AA)

    oval(0.0, (1.0, 1.0), (35, 325))
    oval(0.5, (0.6, 0.57), (-80, 80))
    oval(0.55, (0.18, 0.38), fill=rng.random() < 0.5)
    oval(0.55, (0.18, 0.38))
    for side in (-1, 1):
        cv2.line(drawing, at(0.75, side * 0.25), at(0.75, side * 0.62), ink, thick * 2, cv2.LINE_AA)
        cv2.line(drawing, at(-1.0, side * 0.12), at(-1.35, side * 0.1), ink, thick, cv2.LINE_AA)
    for _ in range(rng.integers(0, 5)):
        spot = (int(rng.uniform(0, 0.8) * columns), int(rng.uniform(0.05, 1) * rows))
        word = ("lens", "iris", "cornea", "retina")[rng.integers(4)]
        put_words(drawing, word, spot, font=3, scale=size / 350, ink=ink, thick=2)
    return drawing


def cartoon_lens(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Clean grey shapes in the places of cornea, iris and lens, without any speckle."""
    rows, columns = shape
    row, _ = grid(shape)
    drawing = blank(shape, rng.uniform(0.0, 0.15))
    apex = rows * rng.uniform(0.05, 0.2), columns * rng.uniform(0.45, 0.55)
    radius = columns * rng.uniform(0.45, 0.7)
    top, thick = arc(columns, apex, radius), rows * rng.uniform(0.02, 0.05)
    drawing = np.where((row > top[None, :]) & (row < top[None, :] + thick), rng.uniform(0.4, 1.0), drawing)
    lens, _ = polar(shape, (apex[0] + rows * rng.uniform(0.35, 0.5), apex[1]), rng.uniform(1.5, 2.6))
    size = rows * rng.uniform(0.12, 0.22)
    drawing = np.where(lens < size, rng.uniform(0.1, 0.6), drawing)
    if rng.random() < 0.6:
        drawing = np.where(lens < size * rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.9), drawing)
    off = np.abs(np.arange(columns, dtype=np.float32) - apex[1])[None, :]
    iris = (np.abs(row - apex[0] - rows * rng.uniform(0.2, 0.3)) < rows * 0.02) & (off > columns * 0.15)
    iris &= off < columns * rng.uniform(0.35, 0.5)
    drawing = np.where(iris, rng.uniform(0.3, 1.0), drawing).astype(np.float32)
    return smoothed(drawing, rng.uniform(0.5, 5.0)) if rng.random() < 0.5 else drawing


def noisy_zones(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Noise that is louder inside the outlines of an eye than outside of them."""
    rows, columns = shape
    sigma = blank(shape, rng.uniform(0.02, 0.1))
    row, _ = grid(shape)
    line = arc(columns, (rows * rng.uniform(0.05, 0.25), columns / 2), columns * rng.uniform(0.4, 0.8))
    sigma = np.where(np.abs(row - line[None, :]) < rows * rng.uniform(0.02, 0.05), rng.uniform(0.2, 0.6), sigma)
    lens, _ = polar(shape, (rows * rng.uniform(0.45, 0.6), columns * rng.uniform(0.45, 0.55)), rng.uniform(1.3, 2.4))
    sigma = np.where(lens < rows * rng.uniform(0.12, 0.25), rng.uniform(0.1, 0.5), sigma)
    noise = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = smoothed(noise, rng.uniform(0.5, 3.0)) * 2.5
    drawing: Drawing = np.abs(noise * sigma).astype(np.float32)
    return drawing
