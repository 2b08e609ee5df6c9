"""The network that looks at whole frames: a frame at an eighth of its resolution in, tissues and kinds out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import InferenceError, ModelIncompatibleError
from edge_runtime.model.metadata import EXPORT_MODEL, PREFIX
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.session import Session
from edge_runtime.model.store import models_with_look, read_look

from .look import Look
from .tissues import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.model.predictor import Predictor

    from .look import Looker

SCHEMA = "edge-cataract/look/1"
_INPUT = ("coarse", "tensor(uint8)", 2)
_OUTPUTS = (("tissues", "tensor(uint8)", 2), ("picture_probability", "tensor(float)", 1))
_PICTURES = tuple(Picture)


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

    def look_at(self, coarse: NDArray[np.uint8]) -> Look | None:
        """Look at a frame by its means of 8 x 8 native pixels, (rows, columns) uint8; None where there are none.

        Raises
        ------
        InferenceError
            When the engine fails.
        ResourceError
            When memory does not suffice.
        AnalysisCancelledError
            When the caller does not want it any more.
        """
        if not coarse.size:
            return None
        tissues, kinds = self._session.run([name for name, _, _ in _OUTPUTS], {"coarse": coarse})
        shape = tuple(-(-side // 2) for side in coarse.shape)
        if tissues.shape != shape or kinds.shape != (len(_PICTURES),) or not np.isfinite(kinds).all():
            raise InferenceError("inference-failed", "The look over the frame failed.", "Run 'edge-cataract selftest'.")
        return Look(tissues, tuple(float(value) for value in kinds))


def bundled_look(network: Predictor) -> Looker | None:
    """The look over whole frames that a model asks for, or was released with; None where it is neither.

    Raises
    ------
    ModelMissingError, ModelIntegrityError
        When this installation has none, or a damaged one.
    """
    wanted = network.metadata.look == SCHEMA or network.sha256 in models_with_look()
    return LookNetwork(read_look(), network.threads) if wanted else None
