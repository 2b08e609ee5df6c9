"""Can an int8 convolution of a bundled model overflow? A bound from its weights, whatever the activations are.

With AVX2 or AVX-512 but no VNNI, onnxruntime multiplies uint8 activations by int8 weights in pairs and adds each pair
in int16, which saturates (`vpmaddubsw`). Under the session option `session.x64quantprecision` it makes such weights
unsigned, widens both first and adds in int32, so only a whole sum could overflow. Which weights form a pair depends on
the kernel, so any two of an output channel are taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.bundle import BUNDLE

MAX_ACTIVATION = 255
MAX_PAIR = int(np.iinfo(np.int16).max)
MAX_SUM = int(np.iinfo(np.int32).max)


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that sums inside one int8 convolution can reach, in magnitude.

    Attributes
    ----------
    name
        Name of the convolution.
    pair
        Bound of a sum of two products.
    total
        Bound of the sum of all products of an output pixel, with weights moved to 0..255, as they are where a pair
        could saturate.
    """

    name: str
    pair: int
    total: int


def bounds(model: onnx.ModelProto) -> Iterator[Bound]:
    """Yield the bounds of every convolution with int8 weights in a QDQ model."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    sources = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in sources:
            weights = numpy_helper.to_array(tensors[sources[node.input[1]]]).astype(np.int64)
            yield _bound(node.name, weights.reshape(len(weights), -1))


def _bound(name: str, weights: np.ndarray) -> Bound:
    """Bound the sums of a convolution with these (channels, weights per channel) int64 weights."""
    ordered = np.sort(weights, axis=1)
    pairs = np.stack([ordered[:, :2].sum(axis=1), ordered[:, -2:].sum(axis=1)])
    return Bound(
        name, int(np.abs(pairs).max()) * MAX_ACTIVATION, int((weights + 128).sum(axis=1).max()) * MAX_ACTIVATION
    )


def convolution(*weights: int) -> onnx.ModelProto:
    """One QDQ convolution of one output channel over as many input channels as weights."""
    array = np.array(weights, np.int8).reshape(1, -1, 1, 1)
    nodes = [
        helper.make_node("DequantizeLinear", ["weights", "scale"], ["dequantised"]),
        helper.make_node("Conv", ["x", "dequantised"], ["y"], name="conv"),
    ]
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, len(weights), 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4, 4])],
        [numpy_helper.from_array(array, "weights"), numpy_helper.from_array(np.float32(0.1), "scale")],
    )
    return helper.make_model(graph)


@pytest.mark.parametrize(
    ("weights", "pair", "fits"),
    [((64, -3, 64), 128 * 255, True), ((65, -3, 64), 129 * 255, False), ((-64, 9, -65), 129 * 255, False)],
)
def test_two_weights_of_seven_bits_fit_and_one_more_does_not(weights: tuple[int, ...], pair: int, fits: bool) -> None:
    (bound,) = bounds(convolution(*weights))
    assert bound == Bound("conv", pair, sum(weight + 128 for weight in weights) * 255)
    assert (bound.pair <= MAX_PAIR) is fits


def test_no_whole_sum_of_a_bundled_model_overflows() -> None:
    register = json.loads((BUNDLE / "register.json").read_text(encoding="utf-8"))
    found = {precision: list(bounds(onnx.load(BUNDLE / entry["file"]))) for precision, entry in register.items()}
    assert len(found["int8"]) > 10
    assert all(bound.total <= MAX_SUM for convolutions in found.values() for bound in convolutions)
