"""Tools that change grey levels: contrast, colour and back, smoothing, packing, parts made black."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_COLOURS = (
    cv2.COLORMAP_JET,
    cv2.COLORMAP_HOT,
    cv2.COLORMAP_VIRIDIS,
    cv2.COLORMAP_PARULA,
    cv2.COLORMAP_RAINBOW,
    cv2.COLORMAP_TURBO,
)
_GREY = np.arange(256, dtype=np.float64)


def clahe(picture: Picture, rng: np.random.Generator) -> Picture:
    """Contrast-limited adaptive equalisation."""
    tiles = int(rng.choice([4, 8, 8, 16]))
    tool = cv2.createCLAHE(float(rng.choice([1.0, 2.0, 3.0, 4.0])), (tiles, tiles))
    return tool.apply(picture).astype(np.uint8, copy=False)


def gamma(picture: Picture, rng: np.random.Generator) -> Picture:
    """Another gamma: brighter or darker between black and white."""
    exponent = float(rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.3, 2.4)]))
    return _looked_up(picture, 255 * (_GREY / 255) ** exponent)


def levels(picture: Picture, rng: np.random.Generator) -> Picture:
    """Black and white points moved, as by a window or by automatic contrast."""
    low, high = float(rng.uniform(0, 40)), float(rng.uniform(150, 250))
    return _looked_up(picture, (_GREY - low) / (high - low) * 255)


def equalised(picture: Picture, _rng: np.random.Generator) -> Picture:
    """The histogram made flat."""
    return cv2.equalizeHist(picture).astype(np.uint8, copy=False)


def recoloured(picture: Picture, rng: np.random.Generator) -> Picture:
    """Shown in false colours, and turned grey again."""
    colours = cv2.applyColorMap(picture, int(rng.choice(_COLOURS)))
    return cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def smoothed(picture: Picture, rng: np.random.Generator) -> Picture:
    """A median, bilateral or Gaussian filter."""
    kind = str(rng.choice(["median", "bilateral", "gaussian"]))
    if kind == "median":
        return cv2.medianBlur(picture, int(rng.choice([3, 5, 7, 9]))).astype(np.uint8, copy=False)
    if kind == "bilateral":
        strength = float(rng.uniform(20, 80))
        return cv2.bilateralFilter(picture, 9, strength, 9.0).astype(np.uint8, copy=False)
    return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.8, 6.0))).astype(np.uint8, copy=False)


def packed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Saved as a small JPEG."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(5, 31))])
    opened = cv2.imdecode(np.frombuffer(data.tobytes(), np.uint8), cv2.IMREAD_GRAYSCALE) if done else None
    if opened is None:
        raise RuntimeError("OpenCV cannot write and read a JPEG.")
    return opened.astype(np.uint8, copy=False)


def partly_black(picture: Picture, rng: np.random.Generator) -> tuple[Picture, NDArray[np.bool_]]:
    """A side, a corner or a band is black; returns what is hidden, too."""
    hidden = np.zeros(picture.shape, bool)
    rows, columns = picture.shape
    kind = str(rng.choice(["side", "corner", "band"]))
    down, across = float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.1, 0.6))
    if kind == "corner":
        height, width = round(down * rows), round(across * columns)
        top, left = rng.integers(0, 2), rng.integers(0, 2)
        hidden[
            slice(0, height) if top else slice(rows - height, rows),
            slice(0, width) if left else slice(columns - width, columns),
        ] = True
    else:
        turned = np.rot90(hidden, int(rng.integers(0, 4)))
        size = round(float(rng.uniform(0.05, 0.5) if kind == "side" else rng.uniform(0.02, 0.15)) * len(turned))
        first = 0 if kind == "side" else round(float(rng.uniform(0.1, 0.85)) * len(turned))
        turned[first : first + size] = True
    return np.where(hidden, np.uint8(0), picture), hidden


def brightness(picture: Picture, rng: np.random.Generator) -> Picture:
    """A little brighter or darker, by a step or by a factor."""
    if rng.uniform() < 0.5:
        return _looked_up(picture, _GREY + float(rng.choice([-1, 1])) * float(rng.uniform(5, 30)))
    return _looked_up(picture, _GREY * float(rng.uniform(0.75, 1.3)))


def _looked_up(picture: Picture, table: NDArray[np.float64]) -> Picture:
    return cv2.LUT(picture, np.rint(np.clip(table, 0, 255)).astype(np.uint8)).astype(np.uint8, copy=False)
