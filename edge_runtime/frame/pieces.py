"""The largest connected piece of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One connected piece of a map.

    Attributes
    ----------
    top, left, bottom, right
        Half-open bounding box.
    pixels, marked
        Pixels of the piece, and of all pieces.
    number, numbers
        Its number, and (rows, columns) int32 with the number of every pixel's piece.
    """

    top: int
    left: int
    bottom: int
    right: int
    pixels: int
    marked: int
    number: int
    numbers: NDArray[Any]

    @classmethod
    def largest(cls, marked: NDArray[np.uint8]) -> Self | None:
        """The largest 8-connected piece of a (rows, columns) uint8 map of 0 and 1; None where nothing is marked.

        Of equal ones it is that whose first pixel comes first, row by row, whatever order OpenCV numbers them in.
        """
        import cv2

        count, numbers, statistics, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
        if count == 1:
            return None
        areas = statistics[1:, cv2.CC_STAT_AREA]
        equal = 1 + np.flatnonzero(areas == areas.max())
        number = int(equal[0] if len(equal) == 1 else numbers.flat[int(np.isin(numbers, equal).argmax())])
        left, top, width, height, area = (int(value) for value in statistics[number])
        return cls(top, left, top + height, left + width, area, int(areas.sum()), number, numbers)
