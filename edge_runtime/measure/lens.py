"""From tissue labels to the Cataract Fraction: counts first, one division, no silent 0/0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import LensNotFoundError
from edge_runtime.frame.window import NATIVE_PITCH_UM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.frame.window import CropWindow

# A 2 mm pupil shows a lens about 2 mm wide and, at any age, at least 3 mm deep (3.3 mm at 20 years: Dubbelman 2001).
# Less than half of either is no view of a lens; an artificial lens is about 1 mm thick.
MIN_DEPTH_MM = 2.0
MIN_WIDTH_MM = 1.0
# A lens is at most 10.2 mm wide (Rosen et al. 2006), and 7 mm deep when it is swollen: 9.9 mm where a frame shows depth
# as optical path. What is clearly larger is the whole eye, as in a frame with inverted greys.
MAX_SIDE_MM = 12.0
# A convex body fills most of its bounding box: an ellipse 0.785, the barrel under a narrow pupil nearly all. Streaks
# and specks that were taken for lens, as behind an artificial one, do not.
MIN_FILL = 0.5


class TissueLabel(IntEnum):
    """What a pixel of a label map is."""

    BACKGROUND = 0
    CLEAR_LENS = 1
    CATARACT = 2


CLASSES = ",".join(label.name.lower().replace("_", " ") for label in TissueLabel)  # as a model's metadata name them


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

    @classmethod
    def counted(cls, labels: NDArray[np.uint8]) -> LensPixels:
        """Count the lens and cataract pixels of a (rows, columns) uint8 map of `TissueLabel`."""
        cataract = int(np.count_nonzero(labels == TissueLabel.CATARACT))
        return cls(lens=cataract + int(np.count_nonzero(labels == TissueLabel.CLEAR_LENS)), cataract=cataract)

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

    def depth_mm(self, grid: int) -> float:
        """Depth of the bounding box in mm; `grid` is in native pixels per network-grid pixel."""
        return (self.bottom - self.top) * (grid * NATIVE_PITCH_UM / 1000)

    def width_mm(self, grid: int) -> float:
        """Width of the bounding box in mm; `grid` is in native pixels per network-grid pixel."""
        return (self.right - self.left) * (grid * NATIVE_PITCH_UM / 1000)

    def is_too_small(self, grid: int) -> bool:
        """Whether it is smaller than any view of a natural lens."""
        return self.depth_mm(grid) < MIN_DEPTH_MM or self.width_mm(grid) < MIN_WIDTH_MM

    def is_too_large(self, grid: int) -> bool:
        """Whether it is larger than any lens."""
        return max(self.depth_mm(grid), self.width_mm(grid)) > MAX_SIDE_MM

    def is_solid(self) -> bool:
        """Whether it fills its bounding box as a convex body does."""
        return self.pixels >= MIN_FILL * (self.bottom - self.top) * (self.right - self.left)

    def is_lens_shaped(self, grid: int) -> bool:
        """Whether it can be a natural lens by its size and solidity alone."""
        return bool(self.pixels) and not (self.is_too_small(grid) or self.is_too_large(grid)) and self.is_solid()

    def sides_reached(self, window: CropWindow, grid: int, margin: int = 0) -> tuple[str, ...]:
        """Sides of the window that the lens touches, or comes as near to as `margin` network-grid pixels.

        In the order top, bottom, left, right; none where there is no lens.
        """
        if not self.pixels:
            return ()
        rows, columns = -(-window.rows // grid), -(-window.columns // grid)
        touched = {
            "top": self.top <= margin,
            "bottom": self.bottom >= rows - margin,
            "left": self.left <= margin,
            "right": self.right >= columns - margin,
        }
        return tuple(side for side, touches in touched.items() if touches)


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
