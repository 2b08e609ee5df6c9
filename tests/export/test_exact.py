"""The float ends of an int8 model add without rounding, so no order of summation can change a byte or a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from edge_runtime.model.store import read_model
from export.errors import ExportError
from export.exact import BYTE_MAX, EXACT_SUM, LEVELS, exact_weights, reach
from export.graph import trace
from export.parity_inputs import drawn_scan
from export.quantise import quantise
from train.pipeline import GREY_MAX, Pipeline

from .test_quantise import GRID, windows
from .test_release import checkpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTPUTS, PER_OUTPUT = 8, (16, 3, 3)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(11)


def sums_in_other_orders(
    terms: NDArray[np.float32], generator: np.random.Generator, orders: int = 20
) -> NDArray[np.float32]:
    """Float32 sums of (n, terms) along their last axis: one after the other in `orders` orders, and in pairs."""
    found = []
    for _ in range(orders):
        shuffled = terms[:, generator.permutation(terms.shape[1])]
        found.append(np.add.accumulate(shuffled, axis=1, dtype=np.float32)[:, -1])
        while shuffled.shape[1] > 1:
            odd = shuffled[:, -1:] if shuffled.shape[1] % 2 else shuffled[:, :0]
            shuffled = np.concatenate([shuffled[:, :-1:2] + shuffled[:, 1::2], odd], axis=1)
        found.append(shuffled[:, 0])
    return np.stack(found)


def terms_of(weight: NDArray[np.floating], bias: NDArray[np.floating], inputs: NDArray[np.integer]) -> NDArray:
    """Products and biases in float32, as a processor forms them: (outputs x inputs, terms)."""
    flat = weight.reshape(len(weight), 1, -1).astype(np.float32) * inputs.astype(np.float32)
    biases = np.broadcast_to(bias.astype(np.float32).reshape(-1, 1, 1), (*flat.shape[:2], 1))
    return np.concatenate([flat, biases], axis=2).reshape(-1, flat.shape[2] + 1)


def hard_inputs(weight: NDArray[np.floating], largest: int, generator: np.random.Generator) -> NDArray[np.integer]:
    """(n, terms) whole numbers: drawn ones, and those that bring each output furthest up and down."""
    flat = weight.reshape(len(weight), -1)
    drawn = generator.integers(0, largest + 1, (20, flat.shape[1]))
    return np.concatenate([drawn, largest * (flat > 0), largest * (flat < 0)])


@pytest.mark.parametrize("largest", [BYTE_MAX, LEVELS])
def test_no_order_of_summation_changes_a_sum(largest: int, generator: np.random.Generator) -> None:
    weight, bias = generator.normal(0, 0.3, (OUTPUTS, *PER_OUTPUT)), generator.normal(0, 40, OUTPUTS)
    inputs = hard_inputs(weight, largest, generator)
    plain = sums_in_other_orders(terms_of(weight, bias, inputs), generator)
    assert np.ptp(plain, axis=0).max() > 0  # what is guarded against does happen

    exact = exact_weights(weight, bias, largest)
    terms = terms_of(exact.weight, exact.bias, inputs)
    sums = sums_in_other_orders(terms, generator)
    assert np.array_equal(sums, np.broadcast_to(terms.astype(np.float64).sum(axis=1), sums.shape))


def test_multiples_are_as_fine_as_their_sums_allow(generator: np.random.Generator) -> None:
    weight, bias = generator.normal(0, 0.3, (OUTPUTS, *PER_OUTPUT)), generator.normal(0, 40, OUTPUTS)
    exact = exact_weights(weight, bias, LEVELS)
    most = reach(exact.weight, exact.bias, LEVELS)
    assert (most <= EXACT_SUM * exact.unit).all()
    assert (most > EXACT_SUM * exact.unit / 4).all()
    assert np.abs(exact.weight - weight).max() <= exact.unit.max()
    assert np.abs((exact.weight - weight).reshape(OUTPUTS, -1).sum(axis=1)).max() <= exact.unit.max()


def test_inputs_in_parts_of_a_whole_leave_coarser_weights(generator: np.random.Generator) -> None:
    weight, bias = generator.normal(0, 3, (OUTPUTS, 1, 3, 3)), generator.normal(0, 40, OUTPUTS)
    exact = exact_weights(weight, bias, BYTE_MAX, step=1 / 16)
    in_steps = exact.weight / (16 * exact.unit.reshape(-1, 1, 1, 1))
    assert np.array_equal(in_steps, np.rint(in_steps))
    sixteenths = hard_inputs(weight, 16 * BYTE_MAX, generator) / 16
    terms = terms_of(exact.weight, exact.bias, sixteenths)
    sums = sums_in_other_orders(terms, generator)
    assert np.array_equal(sums, np.broadcast_to(terms.astype(np.float64).sum(axis=1), sums.shape))


def test_an_output_without_weights_stays_zero() -> None:
    exact = exact_weights(np.zeros((1, *PER_OUTPUT)), np.zeros(1), LEVELS)
    assert not exact.weight.any()
    assert not exact.bias.any()


def is_exact(model: onnx.ModelProto, grid: int) -> list[bool]:
    """Of each float convolution, in their order: whether no sum is rounded, worked out from the file alone."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    plain = [node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in constants]
    found = []
    for node, largest, step in zip(plain, (GREY_MAX, LEVELS, BYTE_MAX), (1 / grid**2, 1, 1), strict=True):
        weight, bias = (constants[name] for name in node.input[1:])
        products = np.column_stack([weight.reshape(len(weight), -1) * np.float64(step), bias.astype(np.float64)])
        mantissa, exponent = np.frexp(products)
        whole = (mantissa * 2**53).astype(np.int64)
        lowest = np.where(whole == 0, 1e300, np.ldexp(1.0 * (whole & -whole), exponent - 53)).min(axis=1)
        found.append(bool((reach(weight, bias, largest) <= EXACT_SUM * lowest).all()))
    return found


@pytest.fixture(scope="module")
def quantised() -> onnx.ModelProto:
    return quantise(trace(Pipeline.of(checkpoint())), windows().numpy(), GRID)


def test_every_float_convolution_of_an_int8_model_is_exact(quantised: onnx.ModelProto) -> None:
    assert is_exact(quantised, GRID) == [True] * 3


def test_every_float_convolution_of_the_bundled_int8_model_is_exact() -> None:
    assert is_exact(onnx.load_from_string(read_model(None, "int8")), GRID) == [True] * 3


def test_the_entry_computes_what_sums_without_rounding_give(quantised: onnx.ModelProto) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(quantised)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    first, second, *_ = (node for node in model.graph.node if node.op_type == "Conv")
    to_bytes = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"][:2]
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in to_bytes)
    scan = drawn_scan(128, 160, np.random.default_rng(4))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = dict(zip(to_bytes, session.run(to_bytes, {"scan": scan}), strict=True))

    def convolved(node: onnx.NodeProto, values: torch.Tensor, stride: int) -> torch.Tensor:
        weight, bias = (torch.from_numpy(constants[name].astype(np.float64)) for name in node.input[1:])
        return torch.nn.functional.conv2d(values, weight, bias, stride=stride, padding=1)

    means = scan.reshape(128 // GRID, GRID, 160 // GRID, GRID).mean(axis=(1, 3))
    whole = convolved(first, torch.from_numpy(means)[None, None], stride=2).clamp(0, LEVELS).floor()
    assert len(whole.unique()) > 100
    features = convolved(second, whole, stride=1)
    pooled = torch.nn.functional.max_pool2d(features, 2)
    expected = {value.shape: value.round().clamp(0, BYTE_MAX).numpy() for value in (features, pooled)}
    assert {value.shape for value in found.values()} == set(expected)
    for value in found.values():
        assert np.array_equal(value, expected[value.shape])


def test_means_that_float32_rounds_are_refused() -> None:
    with pytest.raises(ExportError, match="grid-not-exact"):
        quantise(trace(Pipeline.of(checkpoint(grid=3))), windows().numpy(), 3)
