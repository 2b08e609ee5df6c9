"""Ctrl-C and SIGTERM end the program within a second, in the middle of an inference, with nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edge_runtime.model.seal import seal
from tests.conftest import ROOT
from tests.make_tiny_model import TinyModel, tiny_model_proto

from .pictures import encoded, lens_frame

CONVOLUTIONS = 6_000  # about ten seconds for one window on one core, in steps of milliseconds


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model behind a long chain of convolutions, whose result is too small to matter."""
    model = tiny_model_proto(TinyModel())
    nodes = list(model.graph.node)
    place = next(index for index, node in enumerate(nodes) if "level" in node.output)
    nodes[place].output[0] = "plain"
    weights = {"spread": (16, 1, 3, 3), "mix": (16, 16, 3, 3), "gather": (1, 16, 1, 1)}
    for name, shape in weights.items():
        value = np.full(shape, 1e-12 if name == "gather" else 1 / np.prod(shape[1:]), np.float32)
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    chain = [helper.make_node("Conv", ["plain", "spread"], ["chain_0"], pads=[1] * 4)]
    chain += [
        helper.make_node("Conv", [f"chain_{number}", "mix"], [f"chain_{number + 1}"], pads=[1] * 4)
        for number in range(CONVOLUTIONS)
    ]
    chain += [
        helper.make_node("Conv", [f"chain_{CONVOLUTIONS}", "gather"], ["tail"]),
        helper.make_node("Add", ["plain", "tail"], ["level"]),
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes[: place + 1] + chain + nodes[place + 1 :])
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("slow") / "slow.onnx"
    path.write_bytes(seal(model.SerializeToString(deterministic=True)))
    return path


# Reports on standard output, which nobody else uses before the end, when the engine begins and when it is done.
# A job in the background is started with SIGINT ignored: what is tested here is a program that hears it.
_TELLING = """
import signal
import sys
import edge_runtime.model.network as network
signal.signal(signal.SIGINT, signal.default_int_handler)
original = network.Network._run
def told(self, window):
    print("begun", flush=True)
    found = original(self, window)
    print("ended", flush=True)
    return found
network.Network._run = told
from edge_runtime.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_signal_during_inference_ends_the_program_before_the_network(
    number: signal.Signals, code: int, word: str, slow_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [
            sys.executable, "-c", _TELLING, "scan.png", "--model", slow_model, "-o", "out", "--threads", "1",
            "--labels", "out/labels.png",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(0.5)
    assert process.poll() is None, "the model is too fast for this test"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b""), "the program waited for the network to end"
    assert err.decode() == f"edge-cataract: {word}. Nothing half-written was left.\n"
    assert os.listdir(tmp_path / "out") == []
