"""Photographs, drawings and texts that installed packages bring along, as grey pictures."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from pydoc_data import topics
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge_runtime.look.tissues import Picture
from train.phantom.seeds import generator
from train.pictures.canvas import blank, put_words
from train.pictures.finish import finished, frame_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from train.pictures.canvas import Drawing, Shape

_LEAST_SIDE = 64  # smaller ones are buttons
_OURS = {"edge_runtime", "edge-cataract"}  # the samples of this package are scans


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture made of what a package brings along.

    Attributes
    ----------
    pixels
        (rows, columns) uint8 grey values.
    source
        Name of the file or text.
    """

    pixels: NDArray[np.uint8]
    source: str


def found_pictures(seed: str, count: int) -> Iterator[FoundPicture]:
    """Make this many pictures, in turn of an image file and of a text: other cuts, sizes and greys each time.

    Raises
    ------
    FileNotFoundError
        When no installed package has an image.
    """
    images, texts = images_of_packages(), texts_of_packages()
    if not images:
        raise FileNotFoundError("No installed package has an image: install the train extra.")
    for number in range(count):
        rng = generator("found pictures", seed, number)
        shape = frame_shape(rng)
        if number % 2:
            source, text = texts[rng.integers(len(texts))]
            drawing = _printed(rng, text, shape)
        else:
            source, grey = images[number // 2 % len(images)]
            drawing = _cut(rng, grey)
        yield FoundPicture(finished(rng, drawing, shape, Picture.NOT_A_SCAN), source)


def images_of_packages() -> list[tuple[str, NDArray[np.uint8]]]:
    """Names and grey values of image files in the folders of packages, each content once, in the order of names."""
    found: dict[str, tuple[str, NDArray[np.uint8]]] = {}
    for path, name in _files(".png", ".jpg", ".jpeg", ".bmp"):
        data = path.read_bytes()
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
        if grey is not None and min(grey.shape) >= _LEAST_SIDE:
            found.setdefault(hashlib.sha256(data).hexdigest(), (name, np.asarray(grey, np.uint8)))
    return sorted(found.values(), key=lambda item: item[0])


def texts_of_packages() -> list[tuple[str, str]]:
    """Names and texts: the topics of Python's own help, and licences of packages."""
    texts = {f"help of Python: {name}": text for name, text in topics.topics.items()}
    for path, name in _files("LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING", "NOTICE"):
        texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return sorted((name, text) for name, text in texts.items() if len(text) > 400)


def _files(*endings: str) -> Iterator[tuple[Path, str]]:
    """Files of these endings below the folders that Python imports from, but for those of this project."""
    checkout = Path(__file__).parents[2]
    for folder in dict.fromkeys(Path(entry).resolve() for entry in sys.path if entry):
        ours = folder.is_relative_to(checkout) and "site-packages" not in folder.parts  # an environment may lie there
        if not folder.is_dir() or ours or checkout.is_relative_to(folder):
            continue
        for path in sorted(path for path in folder.rglob("*") if path.name.endswith(endings) and path.is_file()):
            name = path.relative_to(folder)
            if not _OURS & {part.split("-")[0] for part in name.parts}:
                yield path, name.as_posix().removeprefix("site-packages/")


def _cut(rng: np.random.Generator, grey: NDArray[np.uint8]) -> Drawing:
    """A part of an image, a fifth of each side at least."""
    size = np.array(grey.shape)
    part = np.maximum(size * rng.uniform(0.2, 1.0, 2), min(_LEAST_SIDE, *grey.shape)).astype(int)
    top, left = (rng.uniform(0, 1, 2) * (size - part)).astype(int)
    return grey[top : top + part[0], left : left + part[1]].astype(np.float32) / np.float32(255)


def _printed(rng: np.random.Generator, text: str, shape: Shape) -> Drawing:
    """A page of lines from somewhere in the text."""
    drawing = blank(shape, rng.uniform(0.85, 1.0))
    lines = [line for line in text.encode("ascii", "replace").decode().splitlines() if line.strip()]
    first, count = int(rng.integers(len(lines))), int(rng.integers(8, 70))
    step = shape[0] / (count + 2)
    font, thick = int(rng.integers(4)), int(rng.integers(1, 4))
    scale = cv2.getFontScaleFromHeight(font, max(6, int(step * 0.55)), thick)
    for number, line in enumerate(lines[first : first + count]):
        at = int(shape[1] * 0.05), int((number + 1.5) * step)
        put_words(drawing, line[:160], at, font=font, scale=scale, ink=0.05, thick=thick)
    return drawing
