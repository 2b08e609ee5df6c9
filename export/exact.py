"""The float ends of an int8 model, in numbers that float32 adds without rounding: equal bytes on every processor.

Processors add the products of a convolution in different orders, so a float sum differs in its last bits, and where it
is rounded to a byte, the byte may differ. Whole multiples of a power of two are added exactly in any order, as long as
no sum of some of them leaves the 24 bits that float32 keeps. So weights and biases of the entry and of the last
convolution are brought to such multiples, as fine as their sums allow, and what flows between is a whole number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import helper, numpy_helper

from train.pipeline import GREY_MAX

from .equalise import SMALLEST_SHARE
from .errors import ExportError

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

EXACT_SUM = 2**24  # float32 holds every whole number up to here
BYTE_MAX = 255
# Between the two convolutions of the entry. More levels would leave fewer multiples to the weights behind them.
LEVELS = 1023


@dataclass(frozen=True, slots=True)
class ExactWeights:
    """Weights and biases of a convolution whose sums float32 computes exactly.

    Attributes
    ----------
    weight
        (outputs, inputs, rows, columns) float32, whole multiples of `unit` / `step`.
    bias
        (outputs,) float32, whole multiples of `unit`.
    unit
        (outputs,) powers of two: every product, and so every sum, is a whole multiple of it.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    unit: NDArray[np.float64]


def reach(weight: NDArray[np.floating], bias: NDArray[np.floating], largest: float) -> NDArray[np.float64]:
    """The most, in magnitude, that the sum of any choice of an output's products and its bias can be: (outputs,).

    Parameters
    ----------
    weight, bias
        (outputs, ...) and (outputs,).
    largest
        Of the inputs, which are not negative.
    """
    products = weight.reshape(len(weight), -1).astype(np.float64) * largest
    terms = np.column_stack([products, bias.astype(np.float64)])
    most: NDArray[np.float64] = np.maximum(terms.clip(min=0).sum(axis=1), -terms.clip(max=0).sum(axis=1))
    return most


def exact_weights(
    weight: NDArray[np.floating], bias: NDArray[np.floating], largest: float, step: float = 1.0
) -> ExactWeights:
    """Bring a convolution to the finest multiples with which no sum is rounded.

    Parameters
    ----------
    weight, bias
        (outputs, inputs, rows, columns) and (outputs,).
    largest
        Of the inputs, which are not negative.
    step
        A power of two: inputs are whole multiples of it.
    """
    unit = np.exp2(np.ceil(np.log2(np.maximum(reach(weight, bias, largest), np.finfo(np.float32).tiny) / EXACT_SUM)))
    while True:
        per_weight = (unit / step).reshape(-1, 1, 1, 1)
        whole = ExactWeights(
            (_whole(weight / per_weight) * per_weight).astype(np.float32),
            (np.rint(bias / unit) * unit).astype(np.float32),
            unit,
        )
        beyond = reach(whole.weight, whole.bias, largest) > EXACT_SUM * unit
        if not beyond.any():
            return whole
        unit = np.where(beyond, 2 * unit, unit)


def _whole(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Whole numbers close to these (outputs, ...): what rounding takes from one weight its neighbour gets.

    Neighbouring inputs are alike, so their weights' sum counts for more than each of them.
    """
    sums = np.rint(np.cumsum(values.reshape(len(values), -1).astype(np.float64), axis=1))
    return np.diff(sums, axis=1, prepend=0).reshape(values.shape)


def make_exact(model: onnx.ModelProto, peaks: NDArray[np.float32], grid: int) -> None:
    """Bring the entry and the last convolution of a quantised model to exact sums, in place.

    Parameters
    ----------
    model
        QDQ model whose entry and last convolution are float.
    peaks
        (channels,) largest values after the first convolution, on the windows that it was calibrated on. There, a
        channel is brought to whole numbers from 0 to `LEVELS`, as later activations are to bytes.
    grid
        Native pixels per network pixel: an input of the first convolution is a sum of bytes over its square.

    Raises
    ------
    ExportError
        When means over the grid are not exact in float32, or the graph is another one.
    """
    if grid & (grid - 1):
        raise ExportError(
            "grid-not-exact", f"The grid is {grid}; int8 needs a power of two.", "Train on such a grid, or use fp32."
        )
    graph = _Graph(model)
    first, second, *_, head = (node for node in model.graph.node if node.op_type == "Conv")
    strongest = float(peaks.max()) or 1.0
    factors = LEVELS / np.maximum(peaks.astype(np.float64), SMALLEST_SHARE * strongest)

    scaling = graph.before(first, "Div")
    first.input[0] = scaling.input[0]
    model.graph.node.remove(scaling)
    weight, bias = graph.weights(first)
    weight *= factors.reshape(-1, 1, 1, 1) / GREY_MAX
    # Half a level more, so that rounding down rounds to the nearest.
    graph.put(first, exact_weights(weight, bias * factors + 0.5, GREY_MAX, step=1 / grid**2))
    graph.make_whole(graph.after(first, "Relu"), second)

    activation = graph.after(second, "Relu")
    to_bytes = graph.after(activation, "QuantizeLinear")
    _, pool = graph.all_after(graph.after(to_bytes, "DequantizeLinear"), "Concat", "MaxPool")
    # The maximum of floats rounds to the same byte as the maximum of bytes, and the engine finds it much faster.
    pool.input[0] = activation.output[0]
    steps = (to_bytes, graph.after(pool, "QuantizeLinear"))
    scale, of_pool = (graph.scale(step) for step in steps)
    if scale != of_pool:
        raise ExportError("not-quantisable", f"The scales are {scale} and {of_pool}.", "Report this fault.")
    weight, bias = graph.weights(second)
    weight /= factors.reshape(1, -1, 1, 1) * scale
    graph.put(second, exact_weights(weight, bias / scale, LEVELS))
    for step in steps:
        step.input[1] = graph.constant("exact/one", 1.0)

    bytes_of_body = graph.before(head, "DequantizeLinear")
    weight, bias = graph.weights(head)
    graph.put(head, exact_weights(weight * graph.scale(bytes_of_body), bias, BYTE_MAX))
    bytes_of_body.input[1] = graph.constant("exact/one", 1.0)


class _Graph:
    """Neighbours and constants of a model's nodes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}

    def before(self, node: onnx.NodeProto, kind: str) -> onnx.NodeProto:
        """The node that writes the first input, which has to be of this kind."""
        return self._as_expected([one for one in self._graph.node if node.input[0] in one.output], kind)[0]

    def after(self, node: onnx.NodeProto, kind: str) -> onnx.NodeProto:
        """The only node that reads the output, which has to be of this kind."""
        return self.all_after(node, kind)[0]

    def all_after(self, node: onnx.NodeProto, *kinds: str) -> list[onnx.NodeProto]:
        """The nodes that read the output, ordered by kind, which have to be these."""
        return self._as_expected([one for one in self._graph.node if node.output[0] in one.input], *kinds)

    @staticmethod
    def _as_expected(found: list[onnx.NodeProto], *kinds: str) -> list[onnx.NodeProto]:
        ordered = sorted(found, key=lambda node: node.op_type)
        if tuple(node.op_type for node in ordered) != kinds:
            names = [node.op_type for node in ordered]
            raise ExportError("not-quantisable", f"{kinds} were expected, found {names}.", "Report this fault.")
        return ordered

    def weights(self, convolution: onnx.NodeProto) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights and biases."""
        weight, bias = (numpy_helper.to_array(self._constants[name]) for name in convolution.input[1:])
        return weight.astype(np.float64), bias.astype(np.float64)

    def put(self, convolution: onnx.NodeProto, weights: ExactWeights) -> None:
        """Replace weights and biases."""
        for name, values in zip(convolution.input[1:], (weights.weight, weights.bias), strict=True):
            self._constants[name].CopyFrom(numpy_helper.from_array(values, name))

    def scale(self, node: onnx.NodeProto) -> float:
        """The scale of a node that quantises, or takes back, from a zero point of 0."""
        scale, zero_point = (numpy_helper.to_array(self._constants[name]) for name in node.input[1:])
        if zero_point != 0:
            raise ExportError("not-quantisable", f"The zero point is {zero_point}.", "Report this fault.")
        return float(scale)

    def constant(self, name: str, value: float) -> str:
        """The name of a float32 constant, which is added where it is new."""
        if name not in self._constants:
            self._constants[name] = self._graph.initializer.add()
            self._constants[name].CopyFrom(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def make_whole(self, activation: onnx.NodeProto, reader: onnx.NodeProto) -> None:
        """Let an activation end at `LEVELS`, and the reader get what is rounded down from it."""
        activation.op_type = "Clip"
        activation.input.extend([self.constant("exact/zero", 0.0), self.constant("exact/levels", LEVELS)])
        floor = helper.make_node("Floor", activation.output, ["exact/whole"], name="exact/Floor")
        self._graph.node.insert(list(self._graph.node).index(activation) + 1, floor)
        reader.input[0] = floor.output[0]
