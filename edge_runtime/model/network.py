"""The network that labels windows: verified bytes in, probabilities and labels out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import InferenceError

from .onnx_file import inspect
from .predictor import Prediction
from .session import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .metadata import ModelMetadata

_INPUT = ("scan", "tensor(uint8)", 2)
_OUTPUTS = (
    ("lens_probability", "tensor(float)", 2),
    ("cataract_probability", "tensor(float)", 2),
    ("labels", "tensor(uint8)", 2),
    ("lens_px", "tensor(int64)", 0),
    ("cataract_px", "tensor(int64)", 0),
)
EVIDENCE = "evidence"  # that a model may give besides
_MAPS = [name for name, _, rank in _OUTPUTS if rank == 2]


class Network:
    """A loaded model. Thread-safe: `predict` keeps no state.

    It may be used after a fork, and sent to another process: there the session is opened anew.

    Attributes
    ----------
    metadata
        What the model says of itself.
    sha256
        Hash of the model's bytes.
    threads
        Threads that one call to `predict` uses.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        """Open a session on bytes that `read_model` has checked.

        Raises
        ------
        ModelIncompatibleError
            When the model is not one of this contract.
        ResourceError
            When memory or threads do not suffice.
        """
        self.metadata: ModelMetadata = inspect(model)
        self.sha256: str = hashlib.sha256(model).hexdigest()
        self.threads: int = threads
        self._session = Session(model, threads)
        self._session.require([_INPUT], _OUTPUTS)
        self._maps = [*_MAPS, EVIDENCE] if EVIDENCE in self._session.outputs else _MAPS

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        """Label one window.

        Parameters
        ----------
        window
            (rows, columns) uint8 at the native pitch; any size of at least `metadata.stride`.

        Raises
        ------
        InferenceError
            When the engine fails, or a probability is not finite.
        ResourceError
            When memory does not suffice.
        AnalysisCancelledError
            When the caller does not want it any more.
        """
        lens, cataract, labels, *more = self._session.run(self._maps, {"scan": np.ascontiguousarray(window)})
        shape = tuple(-(-side // self.metadata.grid) for side in window.shape)
        if not lens.shape == cataract.shape == labels.shape == shape:
            raise InferenceError(
                "inference-failed",
                f"Maps of {shape} were expected, the engine returned {lens.shape}.",
                "Run 'edge-cataract selftest'.",
            )
        if not (np.isfinite(lens).all() and np.isfinite(cataract).all()):
            raise InferenceError(
                "non-finite", "The network returned a number that is not finite.", "Run 'edge-cataract selftest'."
            )
        if more and not np.isfinite(more[0]).all():
            raise InferenceError(
                "non-finite", "The network returned a number that is not finite.", "Run 'edge-cataract selftest'."
            )
        return Prediction(lens, cataract, labels, *more)
