"""Which int8 convolutions may overflow, from their weights alone."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.bundle import BUNDLE
from export.saturation import MAX_PAIR, MAX_SUM, Bound, bounds


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
    for entry in json.loads((BUNDLE / "register.json").read_text(encoding="utf-8")).values():
        assert all(bound.total <= MAX_SUM for bound in bounds(onnx.load(BUNDLE / entry["file"])))
