"""What is measured inside one lens on the network grid: nucleus, grey levels, localisation, reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.frame.resample import block_sum
from edge_runtime.measure.lens import TissueLabel
from edge_runtime.measure.zones import nucleus_of
from train.data.frames import labels_on_grid
from train.metrics import area_under_curve

from .rows import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY_CLASSES, GREY_STEP = 32, 8
RELIABILITY_CLASSES = 10


@dataclass(frozen=True, slots=True)
class GreyLevels:
    """Grey levels of the measured lens: the baselines' raw material (see `rows.ScanRow`)."""

    nucleus_density: float | None
    counts: tuple[int, ...]

    @classmethod
    def of(cls, window: NDArray[np.uint8], labels: NDArray[np.uint8], grid: int) -> GreyLevels:
        """Measure.

        Parameters
        ----------
        window
            (rows, columns) uint8, the native pixels that were labelled.
        labels
            (ceil(rows / grid), ceil(columns / grid)) uint8 of `TissueLabel`.
        grid
            Native pixels per network-grid pixel.
        """
        grey = block_sum(window, grid) / np.float64(grid**2)
        nucleus = nucleus_of(labels)
        classes = (grey[labels != TissueLabel.BACKGROUND] // GREY_STEP).astype(np.int64)
        counts = np.bincount(classes, minlength=GREY_CLASSES)
        return cls(float(grey[nucleus].mean()) if nucleus.any() else None, tuple(map(int, counts)))


@dataclass(frozen=True, slots=True)
class Localisation:
    """Labels and P(cataract) against the true opacity, over the true lens of the window (see `rows.ScanRow`)."""

    auc: float | None
    opaque_px: tuple[int, ...]
    found_px: tuple[int, ...]
    observable_px: tuple[int, ...]
    observable_found_px: tuple[int, ...]
    clear_px: int
    false_px: int
    reliability_px: tuple[int, ...]
    reliability_opaque_px: tuple[int, ...]
    reliability_sum: tuple[float, ...]

    @classmethod
    def of(
        cls,
        probability: NDArray[np.float32],
        labels: NDArray[np.uint8],
        truth: NDArray[np.uint8],
        kinds: NDArray[np.uint8] | None,
        observable: NDArray[np.uint8] | None,
        grid: int,
    ) -> Localisation:
        """Compare.

        Parameters
        ----------
        probability, labels
            (ceil(rows / grid), ceil(columns / grid)) of the window: float32 P(cataract); uint8 `TissueLabel`.
        truth, kinds, observable
            (rows, columns) uint8, native pixels of the window: true labels; kind of opacity, or None where it is not
            known (then all count as kind 0); 1 where the pixel can be observed, or None where it is not known (then
            nothing is counted for it).
        grid
            Native pixels per network-grid pixel.
        """
        true = labels_on_grid(truth, grid)
        lens, opaque = true != TissueLabel.BACKGROUND, true == TissueLabel.CATARACT
        called = labels == TissueLabel.CATARACT
        kind = np.zeros_like(true) if kinds is None else _kinds_on_grid(kinds, grid)
        seen = None if observable is None else _observable_on_grid(observable, truth, grid)
        chance, is_opaque = probability[lens], opaque[lens]
        classes = np.minimum((chance * RELIABILITY_CLASSES).astype(np.int64), RELIABILITY_CLASSES - 1)

        def per_class(weights: NDArray[np.generic] | None) -> NDArray[np.float64]:
            return np.bincount(classes, weights=weights, minlength=RELIABILITY_CLASSES).astype(np.float64)

        def per_kind(pixels: NDArray[np.bool_]) -> tuple[int, ...]:
            return tuple(map(int, np.bincount(kind[pixels], minlength=len(KINDS))))

        return cls(
            auc=area_under_curve(chance, is_opaque),
            opaque_px=per_kind(opaque),
            found_px=per_kind(opaque & called),
            observable_px=() if seen is None else per_kind(opaque & seen),
            observable_found_px=() if seen is None else per_kind(opaque & seen & called),
            clear_px=int(np.count_nonzero(lens & ~opaque)),
            false_px=int(np.count_nonzero(lens & ~opaque & called)),
            reliability_px=tuple(map(int, per_class(None))),
            reliability_opaque_px=tuple(map(int, per_class(is_opaque))),
            reliability_sum=tuple(round(float(total), 3) for total in per_class(chance)),
        )


def _observable_on_grid(observable: NDArray[np.uint8], truth: NDArray[np.uint8], grid: int) -> NDArray[np.bool_]:
    """Where at least half of a block's opaque pixels are observable."""
    opaque = (truth == TissueLabel.CATARACT).astype(np.uint8)
    enough: NDArray[np.bool_] = 2 * block_sum(opaque * (observable == 1), grid) >= block_sum(opaque, grid)
    return enough


def _kinds_on_grid(kinds: NDArray[np.uint8], grid: int) -> NDArray[np.uint8]:
    """The largest code in each block: a block that counts as opaque has one, though half of it may be clear."""
    rows, columns = kinds.shape
    padded = np.pad(kinds, ((0, -rows % grid), (0, -columns % grid)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // grid, grid, padded.shape[1] // grid, grid)
    largest: NDArray[np.uint8] = blocks.max(axis=(1, 3))
    return largest
