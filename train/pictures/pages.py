"""Pages, tables, reports, screenshots, charts and maps."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from .canvas import Drawing, Shape, blank, clouds, put_words, smoothed, wave

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
_LETTERS = np.frombuffer(b"eeeetttaaaooniishrdlcumwfgypbvkEARTHOSCNM0123456789.,-", dtype=np.uint8)


def words(rng: np.random.Generator, letters: int) -> str:
    """A line of made-up words."""
    text = _LETTERS[rng.integers(0, len(_LETTERS), letters)].copy()
    spaces = np.cumsum(rng.integers(3, 11, letters // 3 + 1))
    text[spaces[spaces < letters]] = ord(" ")
    return text.tobytes().decode("ascii")


def write(
    rng: np.random.Generator, drawing: Drawing, box: tuple[int, int, int, int], size: float, ink: float = 0.0
) -> None:
    """Fill a (top, left, bottom, right) box with lines of text of this height in pixels, in place."""
    top, left, bottom, right = box
    font, step = FONTS[rng.integers(len(FONTS))], size * rng.uniform(1.5, 2.2)
    scale = cv2.getFontScaleFromHeight(font, max(6, int(size)))
    width = max(1.0, cv2.getTextSize("n" * 20, font, scale, 1)[0][0] / 20.0)
    thick = max(1, round(size / rng.uniform(8.0, 20.0)))
    row = top + size
    while row < bottom:
        if rng.random() < 0.9:
            letters = int((right - left) / width * (1.0 if rng.random() < 0.7 else rng.uniform(0.2, 1.0)))
            if letters > 0:
                at = (int(left), int(row))
                put_words(drawing, words(rng, letters), at, font=font, scale=scale, ink=ink, thick=thick)
        row += step


def text_page(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A page of text in one or two columns, with a heading."""
    rows, columns = shape
    drawing, size = blank(shape, rng.uniform(0.85, 1.0)), rows * rng.uniform(0.009, 0.03)
    edge, count = columns * rng.uniform(0.03, 0.12), int(rng.integers(1, 3))
    write(rng, drawing, (int(rows * 0.03), int(edge), int(rows * 0.09), int(columns - edge)), size * 2.0)
    for part in range(count):
        left = edge + part * (columns - edge) / count
        box = (
            int(rows * 0.12),
            int(left),
            int(rows * rng.uniform(0.6, 0.97)),
            int(left + (columns - edge) / count - edge),
        )
        write(rng, drawing, box, size)
    return drawing


def table(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A ruled table of numbers."""
    rows, columns = shape
    drawing, ink = blank(shape, rng.uniform(0.85, 1.0)), rng.uniform(0.0, 0.3)
    across, down = int(rng.integers(3, 9)), int(rng.integers(6, 30))
    cell, width = rows / (down + 1.0), columns / (across + 0.3)
    for line in range(down + 1):
        at = int((line + 0.5) * cell)
        cv2.line(drawing, (int(width * 0.15), at), (int(columns - width * 0.15), at), ink, int(rng.integers(1, 3)))
        for part in range(across):
            left = width * (part + 0.25)
            bottom = at + cell * 0.8
            write(
                rng, drawing, (int(at + cell * 0.2), int(left), int(bottom), int(left + width * 0.7)), cell * 0.4, ink
            )
    for part in range(across + 1):
        left = int(width * (part + 0.15))
        cv2.line(drawing, (left, int(cell * 0.5)), (left, int(rows - cell * 0.5)), ink, 1)
    return drawing


def report_page(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A printed report: heading, boxes, grey pictures that are no scan, a chart, text."""
    rows, columns = shape
    drawing = blank(shape, rng.uniform(0.9, 1.0))
    write(rng, drawing, (int(rows * 0.02), int(columns * 0.05), int(rows * 0.08), int(columns * 0.6)), rows * 0.025)
    across, down = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    for part in range(across * down):
        top = int(rows * (0.1 + 0.88 * (part // across) / down))
        left = int(columns * (0.03 + 0.95 * (part % across) / across))
        box = (int(rows * 0.8 / down), int(columns * 0.88 / across))
        kind = rng.random()
        place = drawing[top : top + box[0], left : left + box[1]]
        size = (place.shape[0], place.shape[1])
        if kind < 0.3:
            place[:] = clouds(rng, size, rng.uniform(0.6, 1.4))
        elif kind < 0.6:
            place[:] = line_chart(rng, size)
        else:
            write(rng, drawing, (top, left, top + box[0], left + box[1]), rows * rng.uniform(0.01, 0.018))
        cv2.rectangle(drawing, (left, top), (left + box[1], top + box[0]), 0.3, 1)
    return drawing


def screenshot(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Windows of a program: bars, buttons, lists; dark or light."""
    rows, columns = shape
    ground = rng.uniform(0.05, 0.95)
    drawing = blank(shape, ground)
    for _ in range(rng.integers(1, 5)):
        top, left = int(rng.uniform(0, 0.6) * rows), int(rng.uniform(0, 0.6) * columns)
        bottom, right = top + int(rng.uniform(0.2, 0.7) * rows), left + int(rng.uniform(0.2, 0.7) * columns)
        face = rng.uniform(0.0, 1.0)
        ink = 0.0 if face > 0.5 else 1.0
        cv2.rectangle(drawing, (left, top), (right, bottom), face, -1)
        cv2.rectangle(drawing, (left, top), (right, top + rows // 40), rng.uniform(0, 1), -1)
        cv2.rectangle(drawing, (left, top), (right, bottom), ink, 1)
        write(rng, drawing, (top + rows // 25, left + 10, bottom, (left + right) // 2), rows * 0.014, ink)
        for button in range(int(rng.integers(1, 6))):
            at = top + int((button + 1) * rows * 0.06)
            cv2.rectangle(drawing, ((left + right) // 2 + 10, at), (right - 10, at + rows // 30), 1.0 - face, -1)
    return drawing


def _axes(rng: np.random.Generator, shape: Shape) -> tuple[Drawing, tuple[int, int, int, int]]:
    rows, columns = shape
    drawing = blank(shape, rng.uniform(0.9, 1.0))
    top, left, bottom, right = int(rows * 0.08), int(columns * 0.1), int(rows * 0.9), int(columns * 0.96)
    cv2.rectangle(drawing, (left, top), (right, bottom), 0.0, max(1, rows // 600))
    scale = cv2.getFontScaleFromHeight(FONTS[0], max(6, rows // 60))
    for part in range(1, 8):
        row, column = bottom + (top - bottom) * part // 8, left + (right - left) * part // 8
        if rng.random() < 0.6:
            cv2.line(drawing, (left, row), (right, row), 0.8, 1)
        put_words(drawing, f"{part * 10}", (2, row), scale=scale, ink=0.0)
        put_words(drawing, f"{part}", (column, bottom + rows // 25), scale=scale, ink=0.0)
    return drawing, (top, left, bottom, right)


def line_chart(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Curves over axes."""
    drawing, (top, left, bottom, right) = _axes(rng, shape)
    for _ in range(rng.integers(1, 7)):
        line = wave(rng, max(8, right - left), 0.22 * (bottom - top), rng.uniform(0.02, 0.4)) + (top + bottom) / 2
        points = np.stack([np.arange(len(line)) + left, np.clip(line, top, bottom)], axis=1).astype(np.int32)
        cv2.polylines(drawing, [points], False, rng.uniform(0.0, 0.6), max(1, shape[0] // 400), cv2.LINE_AA)
    return drawing


def bar_chart(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Bars over axes, or a pie."""
    rows, columns = shape
    drawing, (top, left, bottom, right) = _axes(rng, shape)
    count = int(rng.integers(3, 25))
    if rng.random() < 0.3:
        drawing[:] = 1.0
        turns = np.concatenate([[0.0], np.cumsum(rng.dirichlet(np.ones(min(count, 8))))]) * 360.0
        size = int(min(rows, columns) * 0.38)
        for start, stop in pairwise(turns):
            cv2.ellipse(drawing, (columns // 2, rows // 2), (size, size), 0, start, stop, rng.uniform(0, 0.9), -1)
        return drawing
    for part in range(count):
        side = left + (right - left) * part // count
        high = int(rng.uniform(0.05, 0.95) * (bottom - top))
        corner = (side + (right - left) * 4 // (5 * count), bottom)
        cv2.rectangle(drawing, (side, bottom - high), corner, rng.uniform(0.1, 0.8), -1)
    return drawing


def scatter_plot(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Clouds of points over axes."""
    drawing, (top, left, bottom, right) = _axes(rng, shape)
    for _ in range(rng.integers(1, 4)):
        middle, spread, tilt = rng.uniform(0.2, 0.8, 2), rng.uniform(0.03, 0.2), rng.uniform(-1, 1)
        points = rng.standard_normal((int(rng.integers(30, 300)), 2)) * spread
        points[:, 1] += tilt * points[:, 0]
        grey, size = rng.uniform(0.0, 0.7), int(max(2, shape[0] * rng.uniform(0.002, 0.008)))
        for across, down in np.clip(points + middle, 0, 1):
            at = (int(left + across * (right - left)), int(top + down * (bottom - top)))
            cv2.circle(drawing, at, size, grey, -1, cv2.LINE_AA)
    return drawing


def heat_map(rng: np.random.Generator, shape: Shape) -> Drawing:
    """A grid of cells of grey with a bar of the scale."""
    drawing, (top, left, bottom, right) = _axes(rng, shape)
    size = int(rng.integers(4, 40)), int(rng.integers(4, 40))
    cells = rng.random(size, dtype=np.float32)
    if rng.random() < 0.5:
        cells = smoothed(cells, 1.5)
    box = (right * 9 // 10 - left, bottom - top)
    drawing[top:bottom, left : left + box[0]] = cv2.resize(cells, box, interpolation=cv2.INTER_NEAREST)
    drawing[top:bottom, right * 93 // 100 : right] = np.linspace(1, 0, bottom - top, dtype=np.float32)[:, None]
    return drawing


def street_map(rng: np.random.Generator, shape: Shape) -> Drawing:
    """Land and water, contours, roads, names."""
    rows, columns = shape
    height = clouds(rng, shape, 1.4, 2)
    drawing = np.where(height < rng.uniform(0.2, 0.45), 0.65, 0.92).astype(np.float32)
    if rng.random() < 0.6:
        drawing = np.where((height * rng.integers(8, 30)) % 1.0 < 0.08, 0.6, drawing).astype(np.float32)
    for _ in range(rng.integers(4, 25)):
        line = rows * rng.uniform(0, 1) + wave(rng, columns, rows * rng.uniform(0, 0.2), 0.3)
        line = line + np.arange(columns) * rng.uniform(-1.0, 1.0)
        points = np.stack([np.arange(columns), np.clip(line, -9, rows + 9)], axis=1).astype(np.int32)
        thick = int(rng.integers(1, 10))
        cv2.polylines(drawing, [points], False, 0.4, thick + 3)
        cv2.polylines(drawing, [points], False, 1.0, thick)
    for _ in range(rng.integers(3, 20)):
        at = (int(rng.uniform(0, 0.9) * columns), int(rng.uniform(0, 1) * rows))
        put_words(drawing, words(rng, 9), at, font=FONTS[rng.integers(len(FONTS))], scale=rows / 1500, ink=0.1, thick=2)
    return drawing
