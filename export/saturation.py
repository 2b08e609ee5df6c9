"""Can an int8 convolution overflow? A bound from the weights alone, for whatever the activations are.

With AVX2 or AVX-512 but no VNNI, onnxruntime multiplies uint8 activations by int8 weights in pairs and adds each pair
in int16, which saturates (`vpmaddubsw`). Under the session option `session.x64quantprecision` it makes such weights
unsigned, widens both first and adds in int32, so only a whole sum could overflow. Which weights form a pair depends on
the kernel, so any two of an output channel are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator

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
