"""The network grid: blocks of native pixels, and whole frames of a dataset brought to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GridScan:
    """Where the lens lies in one cached frame, in half-open network-grid coordinates.

    Attributes
    ----------
    rows, columns
        Size of the frame on the network grid.
    lens_box
        (top, left, bottom, right), or None where no pixel is lens.
    image_sha256
        Digest of the image file.
    """

    rows: int
    columns: int
    lens_box: tuple[int, int, int, int] | None
    image_sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class GridFrames:
    """Whole frames of a dataset on the network grid, memory-mapped, read-only.

    Attributes
    ----------
    grid
        Native pixels per network pixel, g.
    grey
        (n, rows, columns) uint16: the sum of g x g grey levels, exact. Frames smaller than the largest lie at the top
        left.
    labels
        (n, rows, columns) uint8 of `TissueLabel`.
    scans
        Place of the lens in each frame, in the order of `Dataset.scans`.
    sha256
        Digest of tables, images, labels and, where it was asked for, evidence: what a network learnt from.
    evidence
        (n, 3, rows, columns) uint8 of `train.data.evidence` on a coarser grid; None where it was not asked for.
    pictures
        Digest of what each scan shows, whatever its file (`picture_sha256`).
    doubt
        What may be wrong with the labels, in words; "" without a doubt.
    """

    grid: int
    grey: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    scans: tuple[GridScan, ...]
    sha256: str
    pictures: tuple[str, ...] = ()
    doubt: str = ""
    evidence: NDArray[np.uint8] | None = None

    def frame(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return one frame: (rows, columns) float32 grey in [0, 1], and its labels."""
        scan = self.scans[index]
        grey = self.grey[index, : scan.rows, : scan.columns].astype(np.float32) / np.float32(self.grid**2 * 255)
        return grey, self.labels[index, : scan.rows, : scan.columns]

    def evidence_of(self, index: int) -> NDArray[np.uint8] | None:
        """The (3, rows, columns) uint8 evidence of one frame, or None."""
        return None if self.evidence is None else self.evidence[index]
