"""What happens to a picture on its way into a file: grey, blur, turns, cuts, margins, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_runtime.look.tissues import Picture

from .canvas import Drawing, Shape, smoothed

_DEVICE_FRAMES: tuple[Shape, ...] = ((1824, 2150), (1459, 1713), (1519, 768))


def frame_shape(rng: np.random.Generator) -> Shape:
    """Rows and columns: in seven of ten pictures those of a device frame."""
    if rng.random() < 0.7:
        return _DEVICE_FRAMES[rng.integers(len(_DEVICE_FRAMES))]
    area, aspect = np.exp(rng.uniform(np.log(2e5), np.log(3.5e6))), np.exp(rng.uniform(-0.8, 0.8))
    return int(np.sqrt(area * aspect)), int(np.sqrt(area / aspect))


def finished(rng: np.random.Generator, drawing: Drawing, shape: Shape, picture: Picture) -> NDArray[np.uint8]:
    """Grey values of the file, (rows, columns) uint8 of the shape wanted."""
    drawing = _moved(rng, drawing, picture)
    if rng.random() < 0.25:
        drawing = smoothed(drawing, rng.uniform(0.4, 2.5))
    grey = _toned(rng, drawing, picture)
    how = cv2.INTER_AREA if grey.shape[0] > shape[0] else (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
    grey = np.asarray(cv2.resize(grey, (shape[1], shape[0]), interpolation=how), np.uint8)
    if rng.random() < 0.15:
        _framed(rng, grey)
    if rng.random() < 0.4:
        quality = int(rng.integers(15, 96))
        coded = cv2.imencode(".jpg", grey, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def _moved(rng: np.random.Generator, drawing: Drawing, picture: Picture) -> Drawing:
    """Mirrored, cut and turned; a scan turns little."""
    if rng.random() < 0.5:
        drawing = np.ascontiguousarray(drawing[:, ::-1])
    rows, columns = drawing.shape
    if rng.random() < 0.25:
        part = rng.uniform(0.6, 0.95, 2) * (rows, columns)
        top, left = rng.uniform(0, 1, 2) * ((rows, columns) - part)
        drawing = drawing[int(top) : int(top + part[0]), int(left) : int(left + part[1])]
        rows, columns = drawing.shape
    if rng.random() < 0.25:
        wide = picture is Picture.NOT_A_SCAN and rng.random() < 0.5
        degrees = rng.uniform(-180, 180) if wide else rng.normal(0, 5)
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1.0)
        turned = cv2.warpAffine(drawing, turn, (columns, rows), borderValue=float(drawing[0, 0]))
        drawing = np.asarray(turned, np.float32)
    return np.ascontiguousarray(drawing, dtype=np.float32)


def _toned(rng: np.random.Generator, drawing: Drawing, picture: Picture) -> NDArray[np.uint8]:
    """Gamma, contrast, brightness, inversion; then whole grey values."""
    levels = np.linspace(0.0, 1.0, 256)
    if rng.random() < (0.25 if picture is Picture.NOT_A_SCAN else 0.08):
        levels = 1.0 - levels
    if rng.random() < 0.5:
        levels = levels ** rng.uniform(0.5, 2.0)
    if rng.random() < 0.6:
        levels = (levels - 0.5) * rng.uniform(0.3, 1.6) + 0.5 + rng.uniform(-0.3, 0.3)
    table = np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    grey: NDArray[np.uint8] = table[np.rint(np.clip(drawing, 0.0, 1.0) * 255.0).astype(np.uint8)]
    return grey


def _framed(rng: np.random.Generator, grey: NDArray[np.uint8]) -> None:
    """Margins of one grey on one to four sides, in place."""
    rows, columns = grey.shape
    level = int(rng.choice([0, 0, 255, 128]))
    top, bottom, left, right = (int(v) for v in rng.uniform(0.0, 0.12, 4) * (rng.random(4) < 0.6) * min(rows, columns))
    grey[:top] = level
    grey[rows - bottom :] = level
    grey[:, :left] = level
    grey[:, columns - right :] = level
