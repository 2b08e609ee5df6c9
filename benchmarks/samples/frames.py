"""Other views of a scan, for comparisons that must not depend on one kind of frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def variants(pixels: NDArray[Any], rng: np.random.Generator) -> Iterator[NDArray[Any]]:
    """A scan as it is, and once in another way: a part of an odd size, another display, upside down, or moved down."""
    yield pixels
    rows, columns = pixels.shape
    match int(rng.integers(4)):
        case 0:
            top, left = int(rng.integers(1, rows // 4)), int(rng.integers(1, columns // 4))
            yield np.ascontiguousarray(pixels[top // 3 : rows - top, left : columns - left // 2])
        case 1:
            most = np.iinfo(pixels.dtype).max
            yield np.clip(pixels * rng.uniform(0.5, 1.6), 0, most).astype(pixels.dtype)
        case 2:
            yield np.ascontiguousarray(pixels[::-1])
        case _:
            yield np.roll(pixels, int(rng.integers(-rows // 3, rows // 3)), axis=0)
