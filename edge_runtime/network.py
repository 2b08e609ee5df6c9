"""One onnxruntime session: verified bytes in, probabilities and labels out. The only file that imports onnxruntime."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import (
    InferenceError,
    InternalError,
    ModelIncompatibleError,
    ModelIntegrityError,
    ModelMissingError,
    ResourceError,
    UsageError,
)
from .model_file import DEFAULT_PRECISION, EXPORT_MODEL, MAX_MODEL_BYTES, PRECISIONS, ModelMetadata, check_seal, inspect
from .processor import sums_int8_exactly
from .task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Paths are plain text here: pathlib takes 4 ms of a cold start.
BUNDLE = os.path.join(os.path.dirname(__file__), "models")
PROVIDERS = ["CPUExecutionProvider"]
CGROUPS, OWN_CGROUP = "/sys/fs/cgroup", "/proc/self/cgroup"

_INPUT = ("scan", "tensor(uint8)", 2)
_OUTPUTS = (
    ("lens_probability", "tensor(float)", 2),
    ("cataract_probability", "tensor(float)", 2),
    ("labels", "tensor(uint8)", 2),
    ("lens_px", "tensor(int64)", 0),
    ("cataract_px", "tensor(int64)", 0),
)
_MAPS = [name for name, _, rank in _OUTPUTS if rank == 2]


def onnxruntime() -> Any:
    """onnxruntime, imported on first use and silent: no telemetry file, socket or thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # wheels >= 1.29 send telemetry unless this is set before the import
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def available_threads() -> int:
    """Processors that the affinity mask and the control group allow this process, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min([allowed, *(int(quota) for quota in _cgroup_quotas())]))


def _cgroup_quotas() -> list[float]:
    """CPU quotas (processors) of the control groups, from this process's own up to the root; versions 2 and 1."""
    try:
        lines = _text(OWN_CGROUP).splitlines()
    except OSError:
        return []
    quotas = []
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if not controllers:
            quotas += _quotas_upwards(CGROUPS, own, ("cpu.max",))
        elif "cpu" in controllers.split(","):
            quotas += _quotas_upwards(os.path.join(CGROUPS, "cpu"), own, ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    return quotas


def _quotas_upwards(root: str, own: str, files: tuple[str, ...]) -> list[float]:
    quotas = []
    names = [name for name in own.split("/") if name]
    for depth in range(len(names), -1, -1):
        folder = os.path.join(root, *names[:depth])
        try:
            quota, period = " ".join(_text(os.path.join(folder, file)) for file in files).split()
            if float(quota) > 0:  # version 1 says -1 for no limit
                quotas.append(max(1.0, float(quota) / float(period)))
        except (OSError, ValueError):  # no such file, or "max": no limit here
            pass
    return quotas


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of one window, on the network grid.

    Attributes
    ----------
    lens_probability, cataract_probability
        (ceil(rows / grid), ceil(columns / grid)) float32 in [0, 1]; the first includes the second.
    labels
        Same shape, uint8 of `edge_runtime.lens.TissueLabel`.
    """

    lens_probability: NDArray[np.float32]
    cataract_probability: NDArray[np.float32]
    labels: NDArray[np.uint8]


def read_model(path: str | os.PathLike[str] | None, precision: str) -> bytes:
    """The bytes of a model file, or of the bundled model of this precision, checked against their digest.

    Raises
    ------
    UsageError
        For an unknown precision.
    ModelMissingError, ModelIntegrityError, ModelIncompatibleError
        As the file deserves.
    """
    if precision not in PRECISIONS:
        raise UsageError(
            "unknown-precision", f"There is no precision {precision!r}.", f"Choose one of {', '.join(PRECISIONS)}."
        )
    if path is not None:
        data = _read(path)
        check_seal(data)
        return data
    bundled = _register()
    if precision not in bundled:
        raise ModelMissingError(
            "missing-model",
            f"This release bundles no {precision} model.",
            f"Use --precision {next(iter(bundled), DEFAULT_PRECISION)}, or --model.",
        )
    data = _read(os.path.join(BUNDLE, bundled[precision]["file"]))
    if hashlib.sha256(data).hexdigest() != bundled[precision]["sha256"]:
        raise ModelIntegrityError(
            "damaged-model", "The bundled model differs from the one that was released.", "Install the package again."
        )
    return data


def _register() -> dict[str, dict[str, str]]:
    try:
        register: dict[str, dict[str, str]] = json.loads(_text(os.path.join(BUNDLE, "register.json")))
    except OSError as error:
        raise ModelMissingError(
            "missing-model", "This installation bundles no model.", "Install the package again, or use --model."
        ) from error
    except ValueError as error:
        raise ModelIntegrityError(
            "damaged-model", "The register of bundled models is damaged.", "Install the package again."
        ) from error
    return register


def _read(path: str | os.PathLike[str]) -> bytes:
    name = os.path.basename(os.path.normpath(path))
    try:
        if not os.path.isfile(path):
            raise ModelMissingError(
                "missing-model", f"There is no model file {name!r}.", "Check --model and EDGE_CATARACT_MODEL."
            )
        if os.path.getsize(path) > MAX_MODEL_BYTES:
            raise ModelIncompatibleError("not-a-model", "The file is too large to be a model.", EXPORT_MODEL)
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ModelMissingError(
            "missing-model", f"The model file {name!r} cannot be read.", "Check its permissions."
        ) from error


class Predictor(Protocol):
    """Whatever labels windows: a `Network`, or the network in training that it is compared with."""

    metadata: ModelMetadata
    sha256: str
    threads: int

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        """Label one (rows, columns) uint8 window at the native pitch."""


class Network:
    """A loaded model. Thread-safe: `predict` keeps no state.

    Attributes
    ----------
    metadata
        What the model says of itself.
    sha256
        Of the model's bytes.
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
        self._runtime = onnxruntime()
        try:
            self._session = self._runtime.InferenceSession(model, session_options(threads), providers=PROVIDERS)
        except Exception as error:  # onnxruntime's errors share no base class but this
            if _is_out_of_resources(error):
                raise ResourceError(
                    "out-of-memory", "The model does not fit into memory.", "Free memory, or use fewer threads."
                ) from error
            raise ModelIncompatibleError(
                "model-not-loadable", "The engine cannot load the model.", EXPORT_MODEL
            ) from error
        if self._session.get_providers() != PROVIDERS:
            raise InternalError(
                "provider", f"The session runs on {self._session.get_providers()}.", "Report this fault."
            )
        self._session._model_bytes = None  # kept there to change providers later, as many bytes again as the weights
        self._check_signature()

    def _check_signature(self) -> None:
        def signature(tensors: list[Any]) -> list[tuple[str, str, int]]:
            return [(tensor.name, tensor.type, len(tensor.shape)) for tensor in tensors]

        inputs, outputs = signature(self._session.get_inputs()), signature(self._session.get_outputs())
        if inputs != [_INPUT] or sorted(outputs) != sorted(_OUTPUTS):
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
        """
        try:
            lens, cataract, labels = self._run(np.ascontiguousarray(window))
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
        """Run the session so that a signal can stop it: by itself the engine returns only when all is done."""
        if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
            return self._session.run(_MAPS, {"scan": window})
        options = self._runtime.RunOptions()
        running = Task(lambda: self._session.run(_MAPS, {"scan": window}, options))
        try:
            return running.result()
        except BaseException:
            options.terminate = True
            running.wait()
            raise


def session_options(threads: int) -> Any:
    """The session options of deployment, which export verifies under, too."""
    options = onnxruntime().SessionOptions()
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
