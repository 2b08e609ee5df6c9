"""Marks that a viewer or a person burns into a picture: text, callipers, boxes, arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Point = tuple[int, int]
    Marked = tuple[Picture, NDArray[np.bool_]]

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)
_WORDS = ("LT 4.52 mm", "OD 3/6", "RESEARCH COPY", "CCT 541 um", "ANON 0001", "ACD 3.11 mm", "12:04", "OS  120")
_AROUND_THE_LENS = 0.6  # of the marks; the others lie anywhere
_SEE_THROUGH = 0.25  # of the marks, as watermarks are
_BRIGHT = 100  # greys above it bear dark letters
_BLANK = 77
_SMOOTH_EDGES = 0.7  # of the marks have anti-aliased edges


def with_text(picture: Picture, rng: np.random.Generator) -> Marked:
    """One to three words."""

    def draw(layer: Picture, level: int, edges: int) -> None:
        unit = _unit(layer)
        for _ in range(int(rng.integers(1, 4))):
            size = float(np.exp(rng.uniform(np.log(0.8), np.log(5.0)))) * unit
            width = max(1, round(size * float(rng.uniform(1.0, 3.0))))
            word, font = str(rng.choice(_WORDS)), int(rng.choice(_FONTS))
            cv2.putText(layer, word, _place(layer, rng), font, size, level, width, edges)

    return _marked(picture, rng, draw)


def with_callipers(picture: Picture, rng: np.random.Generator) -> Marked:
    """A line between two points with bars at its ends, upright, level or slanted, with its length beside it."""

    def draw(layer: Picture, level: int, edges: int) -> None:
        unit = _unit(layer)
        width = max(1, round(float(rng.uniform(1, 6)) * unit))
        length, angle = float(rng.uniform(200, 800)) * unit, _angle(rng)
        start = _place(layer, rng)
        end = _beside(start, length, angle)
        cv2.line(layer, start, end, level, width, edges)
        for point in (start, end):
            bar = float(rng.uniform(15, 40)) * unit
            one, other = (_beside(point, side * bar, angle + np.pi / 2) for side in (-1, 1))
            cv2.line(layer, one, other, level, width, edges)
        if rng.uniform() < 0.6:
            cv2.putText(layer, "4.52 mm", end, int(rng.choice(_FONTS)), unit * 1.2, level, width, edges)

    return _marked(picture, rng, draw)


def with_box(picture: Picture, rng: np.random.Generator) -> Marked:
    """A filled box with words, an empty one, or an outline about the lens."""

    def draw(layer: Picture, level: int, edges: int) -> None:
        unit = _unit(layer)
        kind = str(rng.choice(["filled", "empty", "outline"]))
        across, down = float(rng.uniform(150, 600)) * unit, float(rng.uniform(100, 450)) * unit
        x, y = _place(layer, rng)
        corner = round(x + across), round(y + down)
        width = max(1, round(float(rng.uniform(1, 6)) * unit))
        if kind == "outline":
            centre = layer.shape[1] // 2, round(0.62 * layer.shape[0])
            axes = round(float(rng.uniform(300, 480)) * unit), round(float(rng.uniform(250, 380)) * unit)
            cv2.ellipse(layer, centre, axes, 0.0, 0.0, 360.0, level, width, edges)
            return
        cv2.rectangle(layer, (x, y), corner, level, cv2.FILLED if kind == "filled" else width)
        if kind == "filled":
            for line in range(int(rng.integers(1, 4))):
                word, place = str(rng.choice(_WORDS)), (x + 5, round(y + (line + 1) * 0.25 * down))
                cv2.putText(layer, word, place, int(rng.choice(_FONTS)), unit, 0 if level > _BRIGHT else 255, 2, edges)

    return _marked(picture, rng, draw)


def with_arrow(picture: Picture, rng: np.random.Generator) -> Marked:
    """An arrow that points somewhere."""

    def draw(layer: Picture, level: int, edges: int) -> None:
        unit = _unit(layer)
        width = max(1, round(float(rng.uniform(2, 9)) * unit))
        head = _place(layer, rng)
        tail = _beside(head, float(rng.uniform(120, 600)) * unit, float(rng.uniform(0, 2 * np.pi)))
        cv2.arrowedLine(layer, tail, head, level, width, edges, 0, float(rng.uniform(0.1, 0.3)))

    return _marked(picture, rng, draw)


def _marked(picture: Picture, rng: np.random.Generator, draw: Callable[[Picture, int, int], None]) -> Marked:
    """Draw in one grey, now and then as a watermark that lets the scan shine through; where it is drawn, too."""
    level = int(rng.choice([255, 255, 230, 200, 160, 128, 0, int(rng.integers(60, 256))]))
    edges = cv2.LINE_AA if rng.uniform() < _SMOOTH_EDGES else cv2.LINE_8
    share = float(rng.uniform(0.3, 0.7)) if rng.uniform() < _SEE_THROUGH else 1.0
    layer, blank, start = picture.copy(), np.full_like(picture, _BLANK), rng.bit_generator.state
    draw(blank, 255 if level > _BRIGHT else 0, edges)  # the same mark again, on a plain ground
    rng.bit_generator.state = start
    draw(layer, level, edges)
    hidden = (blank != _BLANK) | (layer != picture)  # a smooth edge may have any grey, that of the ground as well
    if share < 1:
        layer = np.rint(picture * (1 - share) + layer * share).astype(np.uint8)
    return layer, hidden


def _unit(picture: Picture) -> float:
    """Pixels of this picture per pixel of a frame of 2150 columns."""
    return float(picture.shape[1] / 2150)


def _place(picture: Picture, rng: np.random.Generator) -> Point:
    """Somewhere in the picture (column, row), more often around the lens."""
    rows, columns = picture.shape
    low, high = ((0.28, 0.40), (0.70, 0.90)) if rng.uniform() < _AROUND_THE_LENS else ((0.0, 0.03), (0.9, 1.0))
    return round(float(rng.uniform(low[0], high[0])) * columns), round(float(rng.uniform(low[1], high[1])) * rows)


def _angle(rng: np.random.Generator) -> float:
    """Downwards, to the right, or slanted."""
    return float(rng.choice([0.0, np.pi / 2, np.pi / 2, float(rng.uniform(0, np.pi))]))


def _beside(point: Point, length: float, angle: float) -> Point:
    return round(point[0] + length * np.cos(angle)), round(point[1] + length * np.sin(angle))
