"""Other pictures of a clinic: fundus and slit-lamp photographs, maps, X-rays, CT, microscopy."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import Drawing, Shape, blank, clouds, grid, polar, put_words, smoothed, soft_step


def _vessels(rng: np.random.Generator, drawing: Drawing, start: tuple[float, float], depth: float) -> None:
    """Branching vessels from a (row, column) point, darker by `depth`, in place."""
    rows, columns = drawing.shape
    ends = [(start, rng.uniform(0, 2 * np.pi), min(rows, columns) * rng.uniform(0.006, 0.011)) for _ in range(8)]
    ground = drawing.copy()
    while ends:
        (row, column), turn, wide = ends.pop()
        for _ in range(14):
            turn += rng.normal(0.0, 0.18)
            new = row + np.sin(turn) * rows * 0.018, column + np.cos(turn) * rows * 0.018
            at = int(min(max(row, 0), rows - 1)), int(min(max(column, 0), columns - 1))
            line = (int(column), int(row)), (int(new[1]), int(new[0]))
            cv2.line(drawing, *line, float(ground[at]) * (1.0 - depth), max(1, int(wide)), cv2.LINE_AA)
            row, column = new
        if wide > 1.6 and -rows < row < 2 * rows:
            forks = (-1.0, 1.0) if rng.random() < 0.7 else (0.2,)
            ends.extend(((row, column), turn + side * rng.uniform(0.2, 0.6), wide * 0.72) for side in forks)


def fundus(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A fundus photograph: round field, bright disc, dark macula, vessels."""
    rows, columns = shape
    ground = rng.uniform(0.3, 0.55) + 0.15 * (clouds(rng, shape, 1.0, 4) - 0.5)
    disc = (rows * rng.uniform(0.42, 0.58), columns * (0.5 + rng.choice([-1, 1]) * rng.uniform(0.08, 0.2)))
    near, _ = polar(shape, disc)
    size = min(shape) * rng.uniform(0.05, 0.08)
    drawing = (ground + 0.4 * soft_step(size - near, size * 0.12)).astype(np.float32)
    spot, _ = polar(shape, (rows * 0.5, columns - disc[1]))
    drawing -= 0.15 * np.exp(-((spot / (min(shape) * 0.09)) ** 2))
    _vessels(rng, drawing, disc, rng.uniform(0.25, 0.55))
    field, _ = polar(shape, (rows / 2, columns / 2))
    return (smoothed(drawing, 1.0) * (field < min(shape) * rng.uniform(0.42, 0.75))).astype(np.float32)


def angiogram(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Vessels bright on dark, as angiography and the map from above of a retina show them."""
    drawing = (0.7 + 0.3 * clouds(rng, shape, 0.8, 8)).astype(np.float32)
    _vessels(rng, drawing, (shape[0] * rng.uniform(0.2, 0.8), shape[1] * rng.uniform(0.0, 1.0)), 0.85)
    fine = clouds(rng, shape, 0.05, 40)
    return (0.95 - drawing + 0.35 * soft_step(fine - 0.6, 0.03)).astype(np.float32)


def slit_lamp(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A slit-lamp photograph: white of the eye, iris with spokes, pupil, a slit of light, a reflex, lids."""
    rows, columns = shape
    size = min(shape) * rng.uniform(0.25, 0.5)
    middle = rows * rng.uniform(0.42, 0.58), columns * rng.uniform(0.42, 0.58)
    radius, angle = polar(shape, middle)
    spokes = 0.08 * np.sin(angle * rng.integers(40, 120) + 6.0 * clouds(rng, shape, 1.0, 4))
    pupil = size * rng.uniform(0.25, 0.75)
    drawing = np.where(radius < size, rng.uniform(0.2, 0.5) + spokes, 0.75 + 0.1 * clouds(rng, shape, 1.2, 3))
    drawing = np.where(radius < pupil, rng.uniform(0.02, 0.5) + 0.1 * clouds(rng, shape, 1.0, 6), drawing)
    drawing = smoothed((drawing * rng.uniform(0.3, 1.0)).astype(np.float32), size * 0.015)
    row, column = grid(shape)
    if rng.random() < 0.8:
        bow = (
            middle[1]
            + size * rng.uniform(-0.6, 0.6)
            + size * 0.4 * ((row - middle[0]) / size) ** 2 * rng.uniform(-1, 1)
        )
        beam = np.exp(-(((column - bow) / (size * rng.uniform(0.02, 0.15))) ** 4)) * (radius < size * 1.1)
        drawing = drawing + rng.uniform(0.3, 0.8) * beam
    reflex, _ = polar(shape, (middle[0] - size * 0.2, middle[1] + size * rng.uniform(-0.3, 0.3)))
    drawing = np.where(reflex < size * rng.uniform(0.03, 0.1), 1.0, drawing)
    opening = size * rng.uniform(0.8, 1.6) * np.sqrt(np.maximum(1.0 - ((column - middle[1]) / (size * 2.3)) ** 2, 0.0))
    lids = 0.35 + 0.3 * clouds(rng, shape, 0.8, 6)
    return np.where(np.abs(row - middle[0]) > opening, lids, drawing).astype(np.float32)


def corneal_map(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A topographic map in grey: steps of power in a disc, axes, numbers."""
    rows, columns = shape
    radius, angle = polar(shape, (rows / 2, columns / 2))
    reach = min(shape) * rng.uniform(0.35, 0.48)
    power = (
        radius / reach + 0.5 * np.cos(2 * angle + rng.uniform(0, 6)) * radius / reach + 0.4 * clouds(rng, shape, 1.5)
    )
    drawing = np.where(radius < reach, np.round(power * 7.0) / 10.0 % 1.0, float(rng.choice([0.0, 1.0])))
    drawing = drawing.astype(np.float32)
    for ring in (0.33, 0.66, 1.0):
        cv2.circle(drawing, (columns // 2, rows // 2), int(reach * ring), 0.1, 1, cv2.LINE_AA)
    for _ in range(rng.integers(0, 20)):
        at = (int(rng.uniform(0, 1) * columns), int(rng.uniform(0, 1) * rows))
        put_words(drawing, f"{rng.uniform(38, 48):.1f}", at, scale=rows / 1500, ink=0.5)
    return drawing


def chest(rng: np.random.Generator, shape: Shape) -> Drawing:
    """An X-ray of a chest or a hand: soft shadows, ribs or bones, a marker."""
    rows, columns = shape
    row, column = grid(shape)
    off = np.abs(column / columns - 0.5)
    drawing = (0.55 + 0.35 * np.exp(-((off / 0.07) ** 2)) - 0.6 * (off > 0.46) + 0.0 * row).astype(np.float32)
    for side in (-1, 1):
        lung, _ = polar(shape, (rows * 0.45, columns * (0.5 + side * rng.uniform(0.18, 0.24))), rng.uniform(0.45, 0.6))
        drawing -= 0.45 * soft_step(rows * rng.uniform(0.28, 0.36) - lung, rows * 0.03)
    for rib in range(int(rng.integers(6, 12))):
        for side in (-1, 1):
            at = (int(columns * (0.5 + side * 0.2)), int(rows * (0.1 + rib * 0.08)))
            half = (int(columns * 0.2), int(rows * 0.06))
            ribs = blank(shape)
            cv2.ellipse(ribs, at, half, side * 18, 180, 360, 0.13, max(2, rows // 50), cv2.LINE_AA)
            drawing += ribs
    heart, _ = polar(shape, (rows * 0.62, columns * rng.uniform(0.54, 0.6)))
    drawing += 0.35 * soft_step(rows * 0.13 - heart, rows * 0.02)
    return (smoothed(drawing, rows * 0.004) + 0.06 * rng.standard_normal(shape, dtype=np.float32)).astype(np.float32)


def tomogram(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A slice of CT or MRI: bright skull, folded brain or organs in an oval, black around."""
    rows, columns = shape
    middle = rows * rng.uniform(0.47, 0.53), columns * rng.uniform(0.47, 0.53)
    radius, angle = polar(shape, middle, rng.uniform(0.75, 1.3))
    reach = min(shape) * rng.uniform(0.28, 0.38) * (1.0 + 0.04 * np.cos(2 * angle + 1.0) + 0.02 * np.cos(5 * angle))
    folds = np.abs(np.sin(18.0 * clouds(rng, shape, 1.1, 5)))
    drawing = np.where(radius < reach, rng.uniform(0.25, 0.5) + rng.uniform(0.05, 0.25) * folds, 0.02)
    for side in (-1, 1):
        hole, _ = polar(shape, (middle[0], middle[1] + side * min(shape) * 0.06), 0.45)
        drawing = np.where(hole < min(shape) * rng.uniform(0.06, 0.13), 0.12, drawing)
    drawing = np.where(np.abs(radius - reach) < min(shape) * rng.uniform(0.008, 0.02), 0.95, drawing)
    return (smoothed(drawing.astype(np.float32), 1.5) + 0.03 * rng.standard_normal(shape, dtype=np.float32)).astype(
        np.float32
    )


def cells(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Cells below a microscope: round bodies with nuclei, stained or bright on dark."""
    rows, columns = shape
    drawing = (0.8 + 0.1 * clouds(rng, shape, 1.0, 4)).astype(np.float32)
    size = min(shape) * rng.uniform(0.012, 0.06)
    for _ in range(int(min(500, rng.uniform(0.1, 0.6) * rows * columns / (4 * size**2)))):
        at = (int(rng.uniform(0, 1) * columns), int(rng.uniform(0, 1) * rows))
        half = (int(size * rng.uniform(0.7, 1.4)) + 1, int(size * rng.uniform(0.7, 1.2)) + 1)
        cv2.ellipse(drawing, at, half, rng.uniform(0, 180), 0, 360, rng.uniform(0.5, 0.75), -1, cv2.LINE_AA)
        core = (at[0] + int(rng.normal(0, size / 5)), at[1] + int(rng.normal(0, size / 5)))
        cv2.circle(drawing, core, max(1, int(size * rng.uniform(0.25, 0.5))), rng.uniform(0.1, 0.35), -1, cv2.LINE_AA)
    shown = smoothed(drawing, rng.uniform(0.6, 2.5))
    return 1.0 - shown if rng.random() < 0.4 else shown


def endothelium(rng: np.random.Generator, shape: Shape) -> Drawing:
    """The mosaic of the corneal endothelium: six-sided cells with dark borders."""
    rows, columns = shape
    size = int(rng.integers(10, 26))
    small = (480 * rows // max(shape), 480 * columns // max(shape))
    seeds = np.full(small, 255, np.uint8)
    at = np.argwhere(np.ones((small[0] // size, small[1] // size))) * size + rng.uniform(0, size, (1, 2))
    at[:, 1] += (at[:, 0] // size % 2) * size / 2
    at = np.clip(at + rng.normal(0, size * 0.14, at.shape), 0, np.array(small) - 1).astype(int)
    seeds[at[:, 0], at[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = cv2.morphologyEx(labels.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    grey = rng.uniform(0.5, 0.75, int(labels.max()) + 1).astype(np.float32)[labels]
    drawing = smoothed(np.where(border, 0.15, grey).astype(np.float32), 0.8)
    light = 0.5 + 0.8 * clouds(rng, shape, 1.5, 1)
    return (cv2.resize(drawing, (columns, rows), interpolation=cv2.INTER_CUBIC) * light).astype(np.float32)
