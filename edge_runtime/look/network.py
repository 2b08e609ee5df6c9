"""The network that looks at whole frames: a frame at an eighth of its resolution in, tissues and kinds out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import InferenceError, ModelIncompatibleError
from edge_runtime.frame.coarse import COARSE_STEP, coarse_grey
from edge_runtime.frame.window import CropWindow
from edge_runtime.model.metadata import EXPORT_MODEL, PREFIX
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.session import Session

from .tissues import Picture, Tissue

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = "edge-cataract/look/1"
STEP = 2 * COARSE_STEP  # native pixels per pixel of a tissue map
_INPUT = ("coarse", "tensor(uint8)", 2)
_OUTPUTS = (
    ("tissues", "tensor(uint8)", 2), ("picture_probability", "tensor(float)", 1),
    ("cornea_probability", "tensor(float)", 0),
)  # fmt: skip
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
    cornea
        Probability that the cornea is diseased, in [0, 1].
    """

    tissues: NDArray[np.uint8]
    probabilities: tuple[float, ...]
    cornea: float

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
    def lens_box(self) -> CropWindow | None:
        """Bounding box of the largest piece of natural lens, in native pixels; None without one."""
        import cv2

        lens = (self.tissues == Tissue.NATURAL_LENS).astype(np.uint8)
        count, _, statistics, _ = cv2.connectedComponentsWithStats(lens, connectivity=8)
        if count == 1:
            return None
        largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
        left, top, width, height = (int(value) * STEP for value in statistics[largest][:4])
        return CropWindow(top, left, height, width)


class LookNetwork:
    """The bundled look, loaded. Thread-safe.

    Attributes
    ----------
    sha256
        Hash of its bytes.
    version
        Its version.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        """Open a session on bytes that `read_look` has checked.

        Raises
        ------
        ModelIncompatibleError
            When the file is no look of this contract.
        ResourceError
            When memory or threads do not suffice.
        """
        entries = checked_entries(model)
        if entries.get(PREFIX + "schema") != SCHEMA:
            raise ModelIncompatibleError("model-schema", f"Schema {SCHEMA!r} was expected.", EXPORT_MODEL)
        self.sha256: str = hashlib.sha256(model).hexdigest()
        self.version: str = entries.get(PREFIX + "version", "")
        self._session = Session(model, threads)
        self._session.require([_INPUT], _OUTPUTS)

    def look_at(self, frame: NDArray[np.uint8]) -> Look | None:
        """Look at a native frame, (rows, columns) uint8 as the device displays it; None where it is too small.

        Raises
        ------
        InferenceError
            When the engine fails.
        ResourceError
            When memory does not suffice.
        AnalysisCancelledError
            When the caller does not want it any more.
        """
        coarse = coarse_grey(frame)
        if not coarse.size:
            return None
        tissues, kinds, cornea = self._session.run([name for name, _, _ in _OUTPUTS], {"coarse": coarse})
        shape = tuple(-(-side // 2) for side in coarse.shape)
        if tissues.shape != shape or kinds.shape != (len(_PICTURES),) or not np.isfinite(kinds).all():
            raise InferenceError("inference-failed", "The look over the frame failed.", "Run 'edge-cataract selftest'.")
        return Look(tissues, tuple(float(value) for value in kinds), float(cornea))
