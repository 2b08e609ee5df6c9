"""What one look over a whole frame finds, whatever computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from edge_runtime.frame.pieces import Piece
from edge_runtime.frame.resample import COARSE_STEP
from edge_runtime.frame.window import CropWindow

from .tissues import Picture, Tissue

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 2 * COARSE_STEP  # native pixels per pixel of a tissue map
_PICTURES = tuple(Picture)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one look over a frame found.

    Attributes
    ----------
    tissues
        (ceil(rows / 16), ceil(columns / 16)) uint8 of `Tissue`: one pixel for 16 x 16 native ones.
    probabilities
        Of each kind of picture, in [0, 1], in the order of `Picture`; they sum to 1.
    step
        Native pixels per pixel of the tissue map, along each axis.
    """

    tissues: NDArray[np.uint8]
    probabilities: tuple[float, ...]
    step: int = STEP

    @property
    def picture(self) -> Picture:
        """The likeliest kind of picture."""
        return _PICTURES[int(np.argmax(self.probabilities))]

    def probability(self, *pictures: Picture) -> float:
        """Probability that it is one of these kinds."""
        return sum(self.probabilities[_PICTURES.index(picture)] for picture in pictures)

    def share(self, tissue: Tissue) -> float:
        """Share of the frame that shows a tissue."""
        return int(np.count_nonzero(self.tissues == tissue)) / max(self.tissues.size, 1)

    @property
    def lens_pixels(self) -> int:
        """Pixels of the map that show natural lens."""
        return int(np.count_nonzero(self.tissues == Tissue.NATURAL_LENS))

    @property
    def lens_box(self) -> CropWindow | None:
        """Bounding box of the largest piece of natural lens, in native pixels; None without one."""
        piece = Piece.largest((self.tissues == Tissue.NATURAL_LENS).astype(np.uint8))
        if piece is None:
            return None
        rows, columns = piece.bottom - piece.top, piece.right - piece.left
        return CropWindow(piece.top * STEP, piece.left * STEP, rows * STEP, columns * STEP)

    def window(self, usual: CropWindow, frame_shape: tuple[int, int], step: int, margin: int = -STEP) -> CropWindow:
        """The usual window if the lens lies in it, else one about the lens.

        Parameters
        ----------
        usual
            The window in which lenses usually lie.
        frame_shape
            (rows, columns) of the native frame.
        step
            Place and enlarged size of another window are multiples of this.
        margin
            Native pixels that the lens keeps from sides beyond which the frame goes on; negative: so many may lie
            outside, as the outline of a look may be a pixel too large.
        """
        box = self.lens_box
        if box is None:
            return usual
        bottom, right = min(box.top + box.rows, frame_shape[0]), min(box.left + box.columns, frame_shape[1])
        inside = (
            (box.top >= usual.top + margin or usual.top == 0)
            and (box.left >= usual.left + margin or usual.left == 0)
            and (bottom <= usual.top + usual.rows - margin or usual.top + usual.rows == frame_shape[0])
            and (right <= usual.left + usual.columns - margin or usual.left + usual.columns == frame_shape[1])
        )
        return usual if inside else usual.around((box.top, box.left, bottom, right), frame_shape, step)


class Looker(Protocol):
    """Whatever looks at whole frames."""

    sha256: str

    def look_at(self, coarse: NDArray[np.uint8]) -> Look | None:
        """Look at a frame by its means of 8 x 8 native pixels, (rows, columns) uint8; None where there are none."""
