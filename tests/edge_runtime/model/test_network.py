"""One session: the model it was told to open, on the threads it may use, and numbers that are finite."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_runtime.errors import (
    InferenceError,
    InternalError,
    ModelIncompatibleError,
    ResourceError,
)
from edge_runtime.model import session
from edge_runtime.model.network import Network
from edge_runtime.model.session import session_options
from tests.conftest import ROOT
from tests.edge_runtime.model.changed_models import sealed
from tests.make_tiny_model import tiny_model_bytes


def outputs_through(operation: str, output: str, *constants: float) -> bytes:
    """The tiny model with one of its outputs passed through an operation with a constant."""

    def change(model: Any) -> None:
        for node in model.graph.node:
            node.output[:] = [f"{output}_before" if name == output else name for name in node.output]
            node.input[:] = [f"{output}_before" if name == output else name for name in node.input]
        names = [f"{output}_before"]
        for number, constant in enumerate(constants):
            model.graph.initializer.append(numpy_helper.from_array(np.array(constant, np.float32), f"extra_{number}"))
            names.append(f"extra_{number}")
        model.graph.node.append(helper.make_node(operation, names, [output]))

    return sealed(change)


# --- prediction ------------------------------------------------------------------------------------------------------


def test_grey_levels_become_labels_and_probabilities_on_the_network_grid() -> None:
    window = np.zeros((9, 12), np.uint8)
    window[:, 4:8], window[:, 8:] = 80, 160
    found = Network(tiny_model_bytes(), 1).predict(window)
    assert found.labels.tolist() == [[0, 1, 2]] * 3
    assert found.lens_probability == pytest.approx(np.array([[0, 1, 1]] * 3), abs=1e-6)
    assert found.cataract_probability == pytest.approx(np.array([[0, 0, 1]] * 3), abs=1e-6)
    assert (found.labels.dtype, found.lens_probability.dtype) == (np.uint8, np.float32)


@pytest.mark.parametrize("output", ["lens_probability", "cataract_probability"])
@pytest.mark.parametrize("constant", [float("nan"), float("inf")])
def test_number_that_is_not_finite_fails_the_inference(output: str, constant: float) -> None:
    broken = Network(outputs_through("Add", output, constant), 1)
    with pytest.raises(InferenceError, match="non-finite") as caught:
        broken.predict(np.zeros((16, 16), np.uint8))
    assert caught.value.exit_code == 83


def test_maps_of_another_size_than_the_metadata_says_fail_the_inference() -> None:
    def change(model: Any) -> None:
        for entry in model.metadata_props:
            if entry.key == "edge_cataract.grid":
                entry.value = "2"

    with pytest.raises(InferenceError, match="were expected, the engine returned") as caught:
        Network(sealed(change), 1).predict(np.zeros((16, 16), np.uint8))
    assert caught.value.word == "inference-failed"


def test_engine_s_failure_is_translated() -> None:
    with pytest.raises(InferenceError, match="inference-failed") as caught:
        Network(tiny_model_bytes(), 1).predict(np.zeros((16, 16), np.float32))  # type: ignore[arg-type]
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("std::bad_alloc"), RuntimeError("Failed to allocate memory for buffer")]
)
def test_engine_without_memory_is_a_lack_of_resources(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def run(self, *_: object) -> None:
            raise error

    tiny = Network(tiny_model_bytes(), 1)
    monkeypatch.setattr(tiny._session, "_engine", Exhausted)
    with pytest.raises(ResourceError, match="Memory ran out") as caught:
        tiny.predict(np.zeros((16, 16), np.uint8))
    assert (caught.value.word, caught.value.exit_code) == ("out-of-memory", 71)


def test_prediction_leaves_no_thread_behind_and_works_from_any_thread() -> None:
    tiny = Network(tiny_model_bytes(), 1)
    before = threading.active_count()
    window = np.full((16, 16), 160, np.uint8)
    assert tiny.predict(window).labels.min() == 2
    assert threading.active_count() == before
    found = []
    thread = threading.Thread(target=lambda: found.append(tiny.predict(window).labels.min()))
    thread.start()
    thread.join()
    assert found == [2]


# --- the contract of a model -----------------------------------------------------------------------------------------


def rename(name: str, new: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for value in [*model.graph.input, *model.graph.output]:
            value.name = new if value.name == name else value.name
        for node in model.graph.node:
            node.input[:] = [new if entry == name else entry for entry in node.input]
            node.output[:] = [new if entry == name else entry for entry in node.output]

    return change


def drop_output(model: Any) -> None:
    del model.graph.output[-1]


def extra_input(model: Any) -> None:
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.UINT8, [1]))


def extra_output(model: Any) -> None:
    model.graph.output.append(helper.make_tensor_value_info("block_mean", TensorProto.FLOAT, [1, 1, "a", "b"]))


def labels_of_64_bits(model: Any) -> None:
    for node in model.graph.node:
        if node.output[0] == "labels":
            node.attribute[0].i = TensorProto.INT64
    for value in model.graph.output:
        if value.name == "labels":
            value.type.tensor_type.elem_type = TensorProto.INT64
    for tensor in model.graph.initializer:
        if tensor.name in ("label_0", "label_2"):
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.int64), tensor.name))


@pytest.mark.parametrize(
    "change",
    [
        rename("scan", "image"),
        rename("cataract_probability", "p"),
        drop_output,
        extra_input,
        labels_of_64_bits,
    ],
    ids=["input name", "output name", "output missing", "second input", "type"],
)
def test_model_of_another_signature_is_refused(change: Callable[[Any], None]) -> None:
    with pytest.raises(ModelIncompatibleError, match="model-signature") as caught:
        Network(sealed(change), 1)
    assert caught.value.exit_code == 82


def test_model_with_more_outputs_than_promised_is_accepted() -> None:
    """A later model may say more; an older runtime reads what it knows."""
    window = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    told, promised = (Network(model, 1).predict(window) for model in (sealed(extra_output), sealed(lambda _: None)))
    assert np.array_equal(told.labels, promised.labels)


def test_model_that_the_engine_cannot_load_is_refused() -> None:
    def change(model: Any) -> None:
        model.graph.node[0].op_type = "NoSuchOperator"

    with pytest.raises(ModelIncompatibleError, match="model-not-loadable"):
        Network(sealed(change), 1)


def test_every_model_of_runtime_and_export_runs_as_on_a_device() -> None:
    """Parity would else be measured beside the way of a device."""
    sources = [path for room in ("edge_runtime", "export") for path in sorted((ROOT / room).rglob("*.py"))]
    opening = [path for path in sources if "InferenceSession" in path.read_text(encoding="utf-8")]
    assert [str(path.relative_to(ROOT)) for path in opening] == ["edge_runtime/model/session.py"]


def test_engine_on_another_provider_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PROVIDERS", ["CPUExecutionProvider"])
    monkeypatch.setattr(
        session.load_onnxruntime().InferenceSession, "get_providers", lambda _: ["AzureExecutionProvider"]
    )
    with pytest.raises(InternalError, match="provider"):
        Network(tiny_model_bytes(), 1)


def test_engine_that_cannot_start_its_threads_is_a_lack_of_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("pthread_create failed, error code: 11")

    monkeypatch.setattr(session.load_onnxruntime(), "InferenceSession", fail)
    with pytest.raises(ResourceError):
        Network(tiny_model_bytes(), 1)


def test_network_knows_its_model_and_its_threads() -> None:
    data = tiny_model_bytes()
    tiny = Network(data, 3)
    assert (tiny.sha256, tiny.threads) == (hashlib.sha256(data).hexdigest(), 3)


def test_session_is_set_up_for_a_shared_machine() -> None:
    options = session_options(2)
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert not options.enable_cpu_mem_arena
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_arithmetic_of_the_caller_s_thread_is_left_as_it_was(tiny_model: Path) -> None:
    """An engine told to flush denormal numbers does it to its caller, for good: so ours is not told to."""
    program = """
import sys
import numpy as np
from edge_runtime import CataractAnalyzer
smallest = np.array([5e-324])
analyzer = CataractAnalyzer(sys.argv[1])
analyzer.analyze_pixels(np.tile(np.arange(2150, dtype=np.uint16) % 200, (1824, 1)).astype(np.uint8))
assert (smallest * 1.0)[0] > 0
"""
    subprocess.run([sys.executable, "-c", program, tiny_model], cwd=ROOT, check=True, timeout=60)


def test_telemetry_is_off_before_the_engine_is_imported() -> None:
    program = """
import builtins, os, sys
original = builtins.__import__
def watched(name, *rest):
    if name == "onnxruntime" and "onnxruntime" not in sys.modules:
        print(os.environ.get("ORT_DISABLE_TELEMETRY"))
    return original(name, *rest)
builtins.__import__ = watched
from edge_runtime.machine.libraries import load_onnxruntime
load_onnxruntime()
"""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines()[0] == "1"
