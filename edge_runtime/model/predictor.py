"""What labels windows, whatever computes it, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .metadata import ModelMetadata

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of one window, on the network grid.

    Attributes
    ----------
    lens_probability, cataract_probability
        (ceil(rows / grid), ceil(columns / grid)) float32 in [0, 1]; the first includes the second.
    labels
        Same shape, uint8 of `edge_runtime.measure.lens.TissueLabel`.
    evidence
        (channels, ceil(rows / h), ceil(columns / h)) float32 in [0, 1], h being 2 grid pixels; None where the model has
        no second head.
    """

    lens_probability: NDArray[np.float32]
    cataract_probability: NDArray[np.float32]
    labels: NDArray[np.uint8]
    evidence: NDArray[np.float32] | None = None


EVIDENCE_STEP = 2  # grid pixels per pixel of the evidence, along each axis


class Predictor(Protocol):
    """Whatever labels windows: a `Network`, or the network in training that it is compared with."""

    metadata: ModelMetadata
    sha256: str
    threads: int

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        """Label one (rows, columns) uint8 window at the native pitch."""
