"""What photographs look like in grey: clouds, shaded bodies, faces, horizons, leaves, textures."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import Drawing, Shape, blank, clouds, enlarged, grid, polar, smoothed, stretched, wave


def _lit(rng: np.random.Generator, shape: Shape, *, contrast: float = 1.0) -> Drawing:
    """A background of uneven light."""
    row, column = grid(shape)
    slope = row / shape[0] * rng.uniform(-0.5, 0.5) + column / shape[1] * rng.uniform(-0.5, 0.5)
    ground = rng.uniform(0.2, 0.7) + slope + contrast * 0.3 * (clouds(rng, shape, 1.2) - 0.5)
    return ground.astype(np.float32)


def sky(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Clouds or smoke of any smoothness."""
    return clouds(rng, shape, rng.uniform(0.5, 2.0), int(rng.integers(1, 6)))


def shaded_bodies(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Balls and discs with light from one side, over an uneven ground."""
    drawing = _lit(rng, shape)
    row, column = grid(shape)
    light = rng.uniform(-1, 1, 2)
    for _ in range(rng.integers(2, 14)):
        middle = rng.uniform(0, 1, 2) * shape
        size = min(shape) * rng.uniform(0.04, 0.3)
        down, right = (row - middle[0]) / size, (column - middle[1]) / (size * rng.uniform(0.5, 2.0))
        inside = 1.0 - down**2 - right**2
        lit = 0.3 + 0.5 * np.sqrt(np.maximum(inside, 0.0)) + 0.3 * (light[0] * down + light[1] * right)
        drawing = np.where(inside > 0, lit * rng.uniform(0.3, 1.3), drawing).astype(np.float32)
    return drawing


def face(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A head with eyes, nose, mouth and hair before a blurred ground."""
    rows, columns = shape
    drawing = _lit(rng, shape)
    size = min(shape) * rng.uniform(0.2, 0.45)
    middle = np.array([columns * rng.uniform(0.35, 0.65), rows * rng.uniform(0.4, 0.6)])
    skin = rng.uniform(0.35, 0.85)

    def oval(right: float, down: float, width: float, height: float, grey: float) -> None:
        at = tuple(int(v) for v in middle + np.array([right, down]) * size)
        half = (max(1, int(width * size)), max(1, int(height * size)))
        cv2.ellipse(drawing, at, half, rng.uniform(-8, 8), 0, 360, float(grey), -1, cv2.LINE_AA)

    oval(0, 1.7, 1.3, 0.8, rng.uniform(0.1, 0.8))
    oval(0, -0.2, 0.85, 1.05, rng.uniform(0.02, 0.9))
    oval(0, 0.7, 0.3, 0.6, skin * 0.85)
    oval(0, 0, 0.72, 0.95, skin)
    for side in (-0.3, 0.3):
        oval(side, -0.15, 0.15, 0.08, 0.95)
        oval(side, -0.15, 0.07, 0.075, 0.1)
        oval(side, -0.33, 0.18, 0.035, 0.15)
    oval(0, 0.12, 0.09, 0.2, skin * 0.88)
    oval(0, 0.5, 0.26, rng.uniform(0.03, 0.12), 0.25)
    shade = 1.0 + 0.4 * (grid(shape)[1] / columns - 0.5) * float(rng.choice([-1.0, 1.0]))
    lit: Drawing = (smoothed(drawing, size * 0.03) * shade + 0.05 * clouds(rng, shape, 0.3, 16)).astype(np.float32)
    return lit


def objects(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Boxes, tools and polygons on a table, with shadows."""
    rows, columns = shape
    drawing = _lit(rng, shape)
    for _ in range(rng.integers(3, 16)):
        count = int(rng.integers(3, 8))
        turn = np.sort(rng.uniform(0, 2 * np.pi, count))
        size = min(shape) * rng.uniform(0.05, 0.3)
        corners = np.stack([np.cos(turn), np.sin(turn) * rng.uniform(0.3, 1.0)], axis=1) * size
        corners = (corners + rng.uniform(0, 1, 2) * (columns, rows)).astype(np.int32)
        dark = drawing.copy()
        cv2.fillPoly(dark, [corners + int(size * 0.12)], 0.1)
        drawing = smoothed(dark, 1.5)
        cv2.fillPoly(drawing, [corners], rng.uniform(0.1, 1.0), cv2.LINE_AA)
        cv2.polylines(drawing, [corners], True, rng.uniform(0.0, 0.9), int(rng.integers(1, 5)), cv2.LINE_AA)
    return (drawing + 0.1 * clouds(rng, shape, 0.5, 8)).astype(np.float32)


def horizon(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Sky, hills one behind the other, a sun, water or houses."""
    rows, columns = shape
    row, _ = grid(shape)
    drawing = (0.95 - 0.4 * row / rows * rng.uniform(-1, 1) - 0.3 * clouds(rng, shape, 1.3, 3)).astype(np.float32)
    if rng.random() < 0.5:
        at = (int(rng.uniform(0.1, 0.9) * columns), int(rng.uniform(0.05, 0.4) * rows))
        cv2.circle(drawing, at, int(rows * rng.uniform(0.02, 0.08)), 1.0, -1, cv2.LINE_AA)
    count = int(rng.integers(1, 6))
    for hill in range(count):
        line = rows * (0.35 + 0.5 * hill / count) + wave(rng, columns, rows * rng.uniform(0.01, 0.08), 0.4)
        line += wave(rng, columns, rows * 0.006, 0.01)
        ground = 0.6 - 0.45 * hill / count + 0.25 * (clouds(rng, shape, 0.6, 8) - 0.5)
        drawing = np.where(row > line[None, :], ground, drawing).astype(np.float32)
    for _ in range(int(rng.integers(0, 12))):
        left, high = int(rng.uniform(0, 1) * columns), int(rng.uniform(0.1, 0.4) * rows)
        foot, wide = int(rows * rng.uniform(0.6, 0.9)), int(columns * rng.uniform(0.02, 0.12))
        cv2.rectangle(drawing, (left, foot - high), (left + wide, foot), rng.uniform(0.1, 0.9), -1)
        for step in range(foot - high + 8, foot - 8, max(8, rows // 40)):
            cv2.line(drawing, (left + 4, step), (left + wide - 4, step), 0.2, 3, cv2.LINE_8)
    return drawing


def foliage(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Branches that fork, with leaves."""
    rows, columns = shape
    drawing = _lit(rng, shape, contrast=2.0)
    bark = rng.uniform(0.0, 0.3)
    ends = [(columns * rng.uniform(0.2, 0.8), float(rows), -np.pi / 2, rows * rng.uniform(0.12, 0.22), 9)]
    while ends:
        column, row, turn, length, left = ends.pop()
        tip = column + np.cos(turn) * length, row + np.sin(turn) * length
        ends_at = (int(tip[0]), int(tip[1]))
        cv2.line(drawing, (int(column), int(row)), ends_at, bark, max(1, int(length / 9)), cv2.LINE_AA)
        if left and length > 4:
            for side in (-1, 1):
                new = turn + side * rng.uniform(0.1, 0.7)
                ends.append((*tip, new, length * rng.uniform(0.65, 0.9), left - 1))
        else:
            size = int(max(2, rows * rng.uniform(0.004, 0.015)))
            cv2.ellipse(drawing, ends_at, (size, size // 2 + 1), rng.uniform(0, 180), 0, 360, rng.uniform(0.2, 0.9), -1)
    return drawing


def texture(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Bricks, wood, cloth or water: the same again and again."""
    row, column = grid(shape)
    uneven = clouds(rng, shape, 1.0, 4)
    kind, size = rng.integers(4), min(shape) * rng.uniform(0.02, 0.12)
    if kind == 0:
        line = np.floor(row / size)
        joint = ((row % size) < size * 0.1) | (((column + (line % 2) * size) % (2 * size)) < size * 0.1)
        drawing = np.where(joint, 0.8, 0.3 + 0.4 * uneven)
    elif kind == 1:
        drawing = 0.5 + 0.3 * np.sin(column / size * 4.0 + 14.0 * clouds(rng, shape, 1.8, 2)) + 0.2 * uneven
    elif kind == 2:
        drawing = 0.5 + 0.2 * np.sin(row * 9.0 / size) + 0.2 * np.sin(column * 9.0 / size) + 0.2 * uneven
    else:
        drawing = 0.5 + 0.4 * np.sin(row / size * 5.0 + 9.0 * uneven) * np.cos(column / size + 4.0 * uneven)
    return drawing.astype(np.float32)


def night(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Black, with few lights."""
    rows, columns = shape
    drawing = blank(shape, rng.uniform(0.0, 0.04))
    for _ in range(rng.integers(0, 40)):
        at = (int(rng.uniform(0, 1) * columns), int(rng.uniform(0, 1) * rows))
        cv2.circle(drawing, at, int(rng.integers(1, max(3, rows // 60))), rng.uniform(0.2, 1.0), -1, cv2.LINE_AA)
    glow = smoothed(enlarged(drawing, (256, 256), cv2.INTER_AREA), 5.0)
    lit: Drawing = np.maximum(drawing, np.float32(2.0) * enlarged(glow, shape))
    return lit


def rings_of_light(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A gradient: straight, round, or folded into rings such as those of a keratoscope."""
    rows, columns = shape
    radius, _ = polar(shape, (rows * rng.uniform(0.2, 0.8), columns * rng.uniform(0.2, 0.8)), rng.uniform(0.7, 1.5))
    row, column = grid(shape)
    kind = rng.integers(3)
    if kind == 0:
        return stretched(np.asarray(row * rng.uniform(-1, 1) + column * rng.uniform(-1, 1), np.float32))
    if kind == 1:
        return stretched(-(radius ** rng.uniform(0.5, 2.0)))
    return (0.5 + 0.5 * np.cos(radius / min(shape) * rng.uniform(20, 150)) * (radius < min(shape) * 0.5)).astype(
        np.float32
    )
