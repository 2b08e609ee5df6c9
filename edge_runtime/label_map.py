"""The label map of a scan as a person corrected it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import CorrectionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LABEL = 2  # 0 background, 1 clear lens, 2 cataract


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """What a person labelled in a scan.

    Attributes
    ----------
    labels
        (rows, columns) uint8: 0 background, 1 clear lens, 2 cataract; read-only.
    sha256
        Hash of the bytes of its file.
    scan_sha256
        Hash of the scan that it was made from, where its file still says so.
    instances
        The frames of DICOM objects that it was made from: UID of the object, and number of the frame from 1 or None
        where that is not said; empty where its file names none.
    """

    labels: NDArray[np.uint8]
    sha256: str
    scan_sha256: str | None = None
    instances: frozenset[tuple[str, int | None]] = frozenset()

    def __post_init__(self) -> None:
        if not self.labels.any():
            raise CorrectionError(
                "labels-empty",
                "The label map holds no lens.",
                "Paint the lens (1 clear, 2 cataract), or leave the map out.",
            )
        self.labels.flags.writeable = False

    def native_box(self, frame_shape: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, bottom and right of its lens, in pixels of a native frame of (rows, columns)."""
        sides = []
        for axis in (0, 1):
            length, native = self.labels.shape[axis], frame_shape[axis]
            found = np.flatnonzero(self.labels.any(axis=1 - axis))
            first, last = (int((place + 0.5) * native / length) for place in (found[0], found[-1]))
            sides.append((first, min(last + 1, native)))
        (top, bottom), (left, right) = sides
        return top, left, bottom, right

    def check_scan(self, shape: tuple[int, int], sha256: str, instance: tuple[str, int] | None = None) -> None:
        """Refuse the map for a scan of another size, or for another scan than it says it was made from.

        Parameters
        ----------
        shape
            (rows, columns) of the scan.
        sha256
            Hash of the scan.
        instance
            UID of the DICOM object that holds the scan, and its frame there, from 1; None where it is not known.

        Raises
        ------
        CorrectionError
            ``labels-size`` or ``labels-other-scan``.
        """
        rows, columns = self.labels.shape
        if (rows, columns) != shape:
            raise CorrectionError(
                "labels-size",
                f"The label map has {columns} x {rows} pixels, and the scan {shape[1]} x {shape[0]}.",
                "Correct the map that --labels wrote, at its own size.",
            )
        if self.scan_sha256 not in (None, sha256) or (
            instance is not None and self.instances and self.instances.isdisjoint({instance, (instance[0], None)})
        ):
            raise CorrectionError(
                "labels-other-scan",
                "The label map says that it was made from another scan.",
                "Name the map of this scan.",
            )
