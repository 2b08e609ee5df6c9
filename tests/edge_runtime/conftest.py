"""A model that takes long, for tests that stop it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edge_runtime.model.seal import seal
from tests.make_tiny_model import TinyModel, tiny_model_proto

CONVOLUTIONS = 6_000  # about ten seconds for one window on one core, in steps of milliseconds


@pytest.fixture(scope="session")
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
