"""The network that labels windows: verified bytes in, probabilities and labels out."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, cast

import numpy as np

from edge_runtime.errors import InferenceError, UsageError

from .onnx_file import inspect
from .predictor import Prediction
from .session import Session
from .store import read_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge_runtime.reading.files import ScanFile

    from .metadata import ModelMetadata
    from .predictor import Predictor

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


def predictor_of(model: ScanFile | Predictor | None, precision: str, threads: int) -> Predictor:
    """A network that is loaded already as it is; else that of a model file, or the bundled one of a precision, loaded.

    Raises
    ------
    UsageError
        For what is no model.
    EdgeCataractError
        As `read_model` and `Network` do.
    """
    if hasattr(model, "predict"):
        return cast("Predictor", model)
    if model is None or isinstance(model, str | os.PathLike | bytes | bytearray | memoryview) or hasattr(model, "read"):
        return Network(read_model(model, precision), threads)
    raise UsageError("usage", f"{type(model).__name__} is no model.", "Give its path, its bytes, or an open file.")


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
