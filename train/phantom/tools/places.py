"""Tools that move what a picture shows: it is cut, put on a page, turned or mirrored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    # From a picture, whether codes are moved (which are never mixed), and the code where nothing is shown.
    Move = Callable[[Picture, bool, int], Picture]

_SAME_ASPECT = 0.6  # of the cuts


def cut(shape: tuple[int, int], rng: np.random.Generator) -> Move:
    """A part of the picture, in its own pixels: of the same aspect ratio, or of another."""
    box = _box(shape, rng)
    return lambda picture, _codes, _outside: np.ascontiguousarray(picture[box])


def cut_and_resized(shape: tuple[int, int], rng: np.random.Generator) -> Move:
    """A part of the picture, enlarged to the size of the whole."""
    box = _box(shape, rng)
    method = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return lambda picture, codes, _outside: _resized(picture[box], shape, cv2.INTER_NEAREST if codes else method)


def on_a_page(shape: tuple[int, int], rng: np.random.Generator) -> Move:
    """A screenshot: the picture made smaller, with margins, now and then under a title bar."""
    rows, columns = shape
    share = float(rng.uniform(0.55, 0.97))
    small = max(round(share * rows), 1), max(round(share * columns), 1)
    top, left = (round(float(rng.uniform(0, 1)) * (whole - part)) for whole, part in zip(shape, small, strict=True))
    level = int(rng.choice([0, 255, 30, 240, int(rng.integers(0, 256))]))
    bar = round(float(rng.uniform(0.02, 0.05)) * rows) if rng.uniform() < 0.5 else 0
    bar_level, title = int(rng.integers(40, 256)), str(rng.choice(["Viewer - scan 3", "patient 0001", "OCT"]))
    as_device = rng.uniform() < 0.7  # the page has the size of the device's frame; else the size of a screen

    def move(picture: Picture, codes: bool, outside: int) -> Picture:
        page = np.full(shape, outside if codes else level, np.uint8)
        page[top : top + small[0], left : left + small[1]] = _resized(
            picture, small, cv2.INTER_NEAREST if codes else cv2.INTER_AREA
        )
        if bar:
            page[:bar] = outside if codes else bar_level
            if not codes:
                size = bar / 40
                cv2.putText(page, title, (10, round(0.75 * bar)), cv2.FONT_HERSHEY_SIMPLEX, size, 0, 2, cv2.LINE_AA)
        return page if as_device else _resized(page, (1080, round(1080 * columns / rows)), cv2.INTER_NEAREST)

    return move


def turned(shape: tuple[int, int], rng: np.random.Generator) -> Move:
    """Turned by a quarter, brought back to the size of the frame or not, or by a half."""
    quarters = int(rng.integers(1, 4))
    resized = rng.uniform() < 0.6

    def move(picture: Picture, codes: bool, _outside: int) -> Picture:
        found = np.ascontiguousarray(np.rot90(picture, quarters))
        return _resized(found, shape, cv2.INTER_NEAREST if codes else cv2.INTER_LINEAR) if resized else found

    return move


def upside_down(_shape: tuple[int, int], rng: np.random.Generator) -> Move:
    """Mirrored upside down, now and then left to right as well."""
    both = rng.uniform() < 0.3
    return lambda picture, _codes, _outside: np.ascontiguousarray(picture[::-1, ::-1] if both else picture[::-1])


def _box(shape: tuple[int, int], rng: np.random.Generator) -> tuple[slice, slice]:
    """A part of the frame that still shows most of the eye's middle."""
    share = float(rng.uniform(0.5, 0.95))
    shares = (share, share)
    if rng.uniform() > _SAME_ASPECT:
        shares = share, float(np.clip(share * np.exp(rng.uniform(-0.35, 0.35)), 0.4, 1.0))
    sides = []
    for whole, part in zip(shape, shares, strict=True):
        size = round(part * whole)
        first = round(float(rng.beta(2, 2)) * (whole - size))
        sides.append(slice(first, first + size))
    return sides[0], sides[1]


def _resized(picture: Picture, shape: tuple[int, int], method: int) -> Picture:
    whole = np.ascontiguousarray(picture)
    return cv2.resize(whole, (shape[1], shape[0]), interpolation=method).astype(np.uint8, copy=False)
