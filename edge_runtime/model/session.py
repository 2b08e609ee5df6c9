"""One onnxruntime session on checked bytes: opened, forked, stopped and described.

No other file of the runtime or of export runs one, so what export compares with PyTorch is what a device runs.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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

from .metadata import EXPORT_MODEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROVIDERS = ["CPUExecutionProvider"]
Signature = tuple[str, str, int]  # name, type and rank of a tensor
_LOOK_S = 0.02  # between two looks at the event that may stop a run

_LIVING: weakref.WeakSet[Session] = weakref.WeakSet()


def _forget_sessions() -> None:
    """In a forked process: the threads of every session are gone, so it must be neither used nor destroyed here."""
    for session in list(_LIVING):
        session.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_sessions)


class Session:
    """A model opened by the engine. Thread-safe: a run keeps no state.

    It may be used after a fork, and sent to another process: there it is opened anew.

    Parameters
    ----------
    model
        Bytes that `read_model` has checked.
    threads
        Threads of one run.

    Raises
    ------
    ModelIncompatibleError
        When the engine cannot load the model.
    ResourceError
        When memory or threads do not suffice.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        self._model, self._threads = model, threads
        self._opening = threading.Lock()
        self._opened: Any = None
        self._engine()
        _LIVING.add(self)

    def __reduce__(self) -> tuple[type[Session], tuple[bytes, int]]:
        """A copy in another process is the same model in a session of its own."""
        return Session, (self._model, self._threads)

    def forget(self) -> None:
        """Leave the session of the process that was forked alone for ever, and open another on first use."""
        if self._opened is not None:
            _never_destroy(self._opened)
        self._opened = None
        self._opening = threading.Lock()  # the old one may be held by a thread that is gone

    def require(self, inputs: Sequence[Signature], outputs: Sequence[Signature]) -> None:
        """Check that the model takes exactly these inputs, and gives at least these outputs.

        Raises
        ------
        ModelIncompatibleError
            ``model-signature`` when it does not.
        """

        def signatures(tensors: list[Any]) -> list[Signature]:
            return [(tensor.name, tensor.type, len(tensor.shape)) for tensor in tensors]

        engine = self._engine()
        found, given = signatures(engine.get_inputs()), signatures(engine.get_outputs())
        if found != list(inputs) or not set(outputs) <= set(given):  # a later model may say more
            raise ModelIncompatibleError(
                "model-signature", f"Inputs {found} and outputs {given} are not those of the contract.", EXPORT_MODEL
            )

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs that the model gives."""
        return tuple(tensor.name for tensor in self._engine().get_outputs())

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
        """Run the model; the outputs that are named, in their order.

        Raises
        ------
        InferenceError
            When the engine fails.
        ResourceError
            When memory does not suffice.
        AnalysisCancelledError
            When the caller does not want it any more.
        """
        try:
            return self._run(list(outputs), dict(inputs))
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

    def _run(self, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
        """Run so that a signal or the caller can stop it: the engine returns only when all is done."""
        signals_come = threading.current_thread() is threading.main_thread()  # they reach no other thread
        if not (signals_come or may_be_cancelled()):
            found: list[Any] = self._engine().run(outputs, inputs)
            return found
        session, options = self._engine(), load_onnxruntime().RunOptions()
        running: Task[list[Any]] = Task(lambda: session.run(outputs, inputs, options))
        try:
            while not running.wait(_LOOK_S if may_be_cancelled() else None):
                stop_if_cancelled()
            return running.result()
        except BaseException:
            options.terminate = True
            running.wait()
            raise

    def _engine(self) -> Any:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> Any:
        """A session on the model; raises as the constructor does."""
        engine = load_onnxruntime()
        try:
            session = engine.InferenceSession(self._model, session_options(self._threads), providers=PROVIDERS)
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


def _never_destroy(session: object) -> None:
    """Hold a reference for ever: what destroys a session waits for its threads."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))


def session_options(threads: int) -> Any:
    """The session options of deployment."""
    options = load_onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False  # the arena never shrinks, and tiles of a plan may differ in shape
    options.enable_mem_pattern = False  # one block for all tensors of the second run: as much again as they need
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not sums_int8_exactly():
        # They would be summed in pairs that saturate (tests/export/test_saturation.py); this way takes twice the time.
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
