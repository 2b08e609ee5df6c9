"""From tissue labels to the Cataract Fraction: counts first, one division, no silent 0/0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import LensNotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TissueLabel(IntEnum):
    """What a pixel of a label map is."""

    BACKGROUND = 0
    CLEAR_LENS = 1
    CATARACT = 2


@dataclass(frozen=True, slots=True)
class LensPixels:
    """Pixel counts of one B-scan on the network grid.

    Attributes
    ----------
    lens
        Pixels of the lens, clear or cataract.
    cataract
        Pixels labelled cataract; 0 <= cataract <= lens.
    """

    lens: int
    cataract: int

    def __post_init__(self) -> None:
        if not 0 <= self.cataract <= self.lens:
            raise ValueError(f"0 <= cataract <= lens was expected, got cataract {self.cataract}, lens {self.lens}")

    @property
    def cataract_fraction(self) -> float:
        """Cataract pixels over lens pixels, in [0, 1] (Zeboulon et al. 2022).

        Raises
        ------
        LensNotFoundError
            When no pixel is lens: the fraction is undefined, not zero.
        """
        if not self.lens:
            raise LensNotFoundError(
                "lens-not-found",
                "No pixel of the scan was recognised as lens.",
                "Check that the scan shows the lens, and repeat it.",
            )
        return self.cataract / self.lens


@dataclass(frozen=True, slots=True)
class LensRegion:
    """The one connected piece of lens that is measured, in half-open network-grid coordinates.

    Attributes
    ----------
    top, left, bottom, right
        Bounding box; all 0 when there is no lens.
    pixels
        Pixels of this piece.
    dropped
        Lens pixels of other pieces, which were relabelled as background.
    """

    top: int
    left: int
    bottom: int
    right: int
    pixels: int
    dropped: int


def largest_component(labels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], LensRegion]:
    """Keep the largest 8-connected piece of lens; everything else becomes background.

    Parameters
    ----------
    labels
        (rows, columns) uint8 of `TissueLabel`.

    Returns
    -------
    labels : (rows, columns) uint8, a new array
    region : LensRegion
    """
    import cv2

    lens = (labels != TissueLabel.BACKGROUND).astype(np.uint8)
    count, pieces, statistics, _ = cv2.connectedComponentsWithStats(lens, connectivity=8)
    if count == 1:
        return np.zeros_like(labels), LensRegion(0, 0, 0, 0, 0, 0)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    largest = 1 + int(np.argmax(areas))
    left, top, width, height, area = (int(value) for value in statistics[largest])
    region = LensRegion(top, left, top + height, left + width, area, int(areas.sum()) - area)
    return np.where(pieces == largest, labels, np.uint8(TissueLabel.BACKGROUND)), region


def count_pixels(labels: NDArray[np.uint8]) -> LensPixels:
    """Count lens and cataract pixels of a (rows, columns) uint8 label map."""
    cataract = int(np.count_nonzero(labels == TissueLabel.CATARACT))
    return LensPixels(lens=cataract + int(np.count_nonzero(labels == TissueLabel.CLEAR_LENS)), cataract=cataract)


def lens_density(window: NDArray[np.uint8], labels: NDArray[np.uint8], grid: int) -> float | None:
    """Mean grey level (0 to 255) of the lens, or None where there is none.

    Parameters
    ----------
    window
        (rows, columns) uint8, the native pixels that were labelled.
    labels
        (ceil(rows / grid), ceil(columns / grid)) uint8 of `TissueLabel`.
    grid
        Native pixels per network-grid pixel, along each axis.
    """
    rows, columns = window.shape
    lens = np.repeat(np.repeat(labels != TissueLabel.BACKGROUND, grid, axis=0), grid, axis=1)[:rows, :columns]
    count = int(np.count_nonzero(lens))
    if not count:
        return None
    return int(window.sum(where=lens, dtype=np.int64)) / count
