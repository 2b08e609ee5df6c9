"""Static int8: weights per output channel, activations per tensor, ranges found on windows of training scans."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from edge_runtime.model.session import Session

from .errors import ExportError
from .exact import make_exact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NETWORK_SCOPE = "/network/"  # traced names: what is outside prepares and counts, and stays float
ENTRY_SCOPE = NETWORK_SCOPE + "entry/"
QUANTISED = {"Conv", "Relu", "MaxPool", "Resize", "Concat"}


def quantise(model: onnx.ModelProto, windows: NDArray[np.uint8], grid: int) -> onnx.ModelProto:
    """Quantise the network inside a traced pipeline.

    The entry, which sees the grey levels, and the last convolution, which writes the logits, stay float: what is
    rounded to bytes there no later layer brings back, and the Cataract Fraction moves further than everything else
    makes it. Their numbers are chosen so that every processor computes the same labels (`export.exact`).

    Parameters
    ----------
    model
        Traced fp32 pipeline.
    windows
        (n, rows, columns) uint8 on the network grid, on which the ranges of the activations are found.
    grid
        Native pixels per network pixel: a window is enlarged by it, so that the graph's own mean gives it back.

    Raises
    ------
    ExportError
        When there are no windows, the graph has no network to quantise, or the grid is no power of two.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    if not len(windows):
        raise ExportError("no-calibration", "There are no windows to calibrate on.", "Train again; fit keeps some.")
    network = [node for node in model.graph.node if node.name.startswith(NETWORK_SCOPE) and node.op_type in QUANTISED]
    convolutions = [node for node in network if node.op_type == "Conv"]
    if len(convolutions) < 4:
        raise ExportError("not-quantisable", "The graph has no network to quantise.", "Report this fault.")
    head = convolutions[-1].name
    quantised_nodes = [node.name for node in network if not node.name.startswith(ENTRY_SCOPE) and node.name != head]
    with tempfile.TemporaryDirectory() as folder:
        plain, quantised = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        logging.getLogger().disabled = True  # the quantiser advises optimisations that tracing has done already
        try:
            quantize_static(
                plain,
                quantised,
                _Windows(windows, grid),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=quantised_nodes,
            )
        finally:
            logging.getLogger().disabled = False
        result = onnx.load(quantised)
    del result.metadata_props[:]
    result.producer_name, result.producer_version = model.producer_name, model.producer_version
    for domain in [entry for entry in result.opset_import if entry.domain]:
        result.opset_import.remove(domain)  # declared by the quantiser, used by no node
    make_exact(result, _peaks(model, windows, grid), grid)
    return result


def _peaks(model: onnx.ModelProto, windows: NDArray[np.uint8], grid: int) -> NDArray[np.float32]:
    """Largest values of the channels after the first activation: (channels,)."""
    entry = onnx.ModelProto()
    entry.CopyFrom(model)
    activation = next(node.output[0] for node in entry.graph.node if node.op_type == "Relu")
    entry.graph.output.append(onnx.helper.make_tensor_value_info(activation, onnx.TensorProto.FLOAT, None))
    session = Session(entry.SerializeToString(), 1)
    seen = [
        session.run([activation], {"scan": native_input(window, grid)})[0].max(axis=(0, 2, 3)) for window in windows
    ]
    peaks: NDArray[np.float32] = np.max(seen, axis=0)
    return peaks


def native_input(window: NDArray[np.uint8], grid: int) -> NDArray[np.uint8]:
    """Native pixels whose means over grid x grid are this (rows, columns) window."""
    return np.kron(window, np.ones((grid, grid), np.uint8))


class _Windows:
    """What the quantiser asks for one input at a time."""

    def __init__(self, windows: NDArray[np.uint8], grid: int) -> None:
        self._inputs = self._native(windows, grid)

    @staticmethod
    def _native(windows: NDArray[np.uint8], grid: int) -> Iterator[dict[str, NDArray[np.uint8]]]:
        for window in windows:
            yield {"scan": native_input(window, grid)}

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next input, or None."""
        return next(self._inputs, None)
