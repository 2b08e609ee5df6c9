"""One onnxruntime session: verified bytes in, probabilities and labels out. no other file runs one."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import (
    EdgeCataractError,
    InferenceError,
    InternalError,
    ModelIncompatibleError,
    ResourceError,
)
from edge_runtime.machine.cancelling import may_be_cancelled, stop_if_cancelled
from edge_runtime.machine.libraries import load_onnxruntime
from edge_runtime.machine.processor import sums_int8_exactly
from edge_runtime.machine.task import Task

from .metadata import EXPORT_MODEL, ModelMetadata
from .onnx_file import inspect
from .predictor import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROVIDERS = ["CPUExecutionProvider"]
_INPUT = ("scan", "tensor(uint8)", 2)
_OUTPUTS = (
    ("lens_probability", "tensor(float)", 2),
    ("cataract_probability", "tensor(float)", 2),
    ("labels", "tensor(uint8)", 2),
    ("lens_px", "tensor(int64)", 0),
    ("cataract_px", "tensor(int64)", 0),
)
_MAPS = [name for name, _, rank in _OUTPUTS if rank == 2]
_LOOK_S = 0.02  # between two looks at the event that may stop a run

_LIVING: weakref.WeakSet[Network] = weakref.WeakSet()


def _forget_sessions() -> None:
    """In a forked process: the threads of every session are gone, so it must be neither used nor destroyed here."""
    for network in list(_LIVING):
        network.forget_session()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_sessions)


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
        self._model = model
        self._opening = threading.Lock()
        self._opened: Any = None
        self._check_signature(self._session())
        _LIVING.add(self)

    def __reduce__(self) -> tuple[type[Network], tuple[bytes, int]]:
        """A copy in another process is the same model in a session of its own."""
        return Network, (self._model, self.threads)

    def forget_session(self) -> None:
        """Leave the session of the process that was forked alone for ever, and open another on first use."""
        if self._opened is not None:
            _never_destroy(self._opened)
        self._opened = None
        self._opening = threading.Lock()  # the old one may be held by a thread that is gone

    def _session(self) -> Any:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> Any:
        """A session on the model; raises as the constructor does."""
        engine = load_onnxruntime()
        try:
            session = engine.InferenceSession(self._model, session_options(self.threads), providers=PROVIDERS)
        except Exception as error:  # onnxruntime's errors share no base class but this
            if _is_out_of_resources(error):
                raise ResourceError(
                    "out-of-memory", "The model does not fit into memory.", "Free memory, or use fewer threads."
                ) from error
            raise ModelIncompatibleError(
                "model-not-loadable", "The engine cannot load the model.", EXPORT_MODEL
            ) from error
        if session.get_providers() != PROVIDERS:
            raise InternalError("provider", f"The session runs on {session.get_providers()}.", "Report this fault.")
        session._model_bytes = None  # kept there to change providers later, as many bytes again as the weights
        return session

    @staticmethod
    def _check_signature(session: Any) -> None:
        def signature(tensors: list[Any]) -> list[tuple[str, str, int]]:
            return [(tensor.name, tensor.type, len(tensor.shape)) for tensor in tensors]

        inputs, outputs = signature(session.get_inputs()), signature(session.get_outputs())
        if inputs != [_INPUT] or not set(_OUTPUTS) <= set(outputs):  # a later model may say more
            raise ModelIncompatibleError(
                "model-signature", f"Inputs {inputs} and outputs {outputs} are not those of the contract.", EXPORT_MODEL
            )

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
        try:
            lens, cataract, labels = self._run(np.ascontiguousarray(window))
        except EdgeCataractError:
            raise
        except Exception as error:  # onnxruntime's errors share no base class but this
            if _is_out_of_resources(error):
                raise ResourceError(
                    "out-of-memory", "Memory ran out during inference.", "Set --max-memory, or free memory."
                ) from error
            raise InferenceError(
                "inference-failed", "The engine failed on this scan.", "Run 'edge-cataract selftest'."
            ) from error
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
        return Prediction(lens, cataract, labels)

    def _run(self, window: NDArray[np.uint8]) -> Any:
        """Run the session so that a signal or the caller can stop it: the engine returns only when all is done."""
        signals_come = threading.current_thread() is threading.main_thread()  # they reach no other thread
        if not (signals_come or may_be_cancelled()):
            return self._session().run(_MAPS, {"scan": window})
        session, options = self._session(), load_onnxruntime().RunOptions()
        running = Task(lambda: session.run(_MAPS, {"scan": window}, options))
        try:
            while not running.wait(_LOOK_S if may_be_cancelled() else None):
                stop_if_cancelled()
            return running.result()
        except BaseException:
            options.terminate = True
            running.wait()
            raise


def _never_destroy(session: object) -> None:
    """Hold a reference for ever: what destroys a session waits for its threads."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))


def session_options(threads: int) -> Any:
    """The session options of deployment, which export verifies under, too."""
    options = load_onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False  # the arena never shrinks, and tiles of a plan may differ in shape
    options.enable_mem_pattern = False  # one block for all tensors of the second run: as much again as they need
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not sums_int8_exactly():
        # They would be summed in pairs that saturate (export/saturation.py); this way takes twice the time.
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def _is_out_of_resources(error: Exception) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "bad_alloc" in text
        or "failed to allocate memory" in text
        or "pthread_create" in text
        or "can't start new thread" in text
    )
