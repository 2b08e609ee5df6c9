"""Trace the pipeline into one ONNX graph that any onnxruntime since 1.24 runs."""

from __future__ import annotations

import io
import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxscript import optimizer

from train.pipeline import PipelineOutput, PipelineOutputWithEvidence

from .errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from train.pipeline import Pipeline

OPSET = 17  # the contract allows 18; 17 is the newest that this exporter writes without converting
MAX_IR = 10
# Below the smallest normal float32 a processor may take 30 times longer, and the value changes nothing.
SMALLEST_WEIGHT = float(np.finfo(np.float32).tiny)
# Names of the sizes, in the order of the contract's tensors.
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "scan": ("rows", "columns"),
    "lens_probability": ("grid_rows", "grid_columns"),
    "cataract_probability": ("grid_rows", "grid_columns"),
    "labels": ("grid_rows", "grid_columns"),
    "lens_px": (),
    "cataract_px": (),
    "evidence": ("channels", "half_rows", "half_columns"),  # of a network with a second head
}


def trace(pipeline: Pipeline) -> onnx.ModelProto:
    """Turn the pipeline into a checked ONNX model without metadata.

    The tracing exporter is used: with it the sizes stay dynamic from 1 x 1 up and the graph stays free of control
    flow, while `torch.export` (torch 2.13) refuses the size arithmetic of the padding.

    Raises
    ------
    ExportError
        When the graph is not one that the contract allows.
    """
    # Odd sizes, so that no padding is traced as absent.
    outputs = (PipelineOutputWithEvidence if pipeline.stem else PipelineOutput)._fields
    example = torch.zeros(
        (2 * pipeline.grid * pipeline.stride + 1, pipeline.grid * pipeline.stride + 3), dtype=torch.uint8
    )
    written = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        # It is deprecated in favour of `torch.export`, see above; torch is pinned, so it cannot disappear unnoticed.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            pipeline,
            (example,),
            written,  # type: ignore[arg-type]  # the stub knows paths only
            input_names=["scan"],
            output_names=list(outputs),
            dynamic_axes={name: dict(enumerate(DIMENSIONS[name])) for name in ("scan", *outputs) if DIMENSIONS[name]},
            opset_version=OPSET,
            dynamo=False,
        )
    logging.getLogger("onnxscript").setLevel(logging.ERROR)  # it reports each folded node
    model = optimizer.optimize(onnx.load_from_string(written.getvalue()))
    flush_tiny_weights(model)
    _name_dimensions(model)
    model.producer_name, model.producer_version, model.doc_string = "edge-cataract", "", ""
    model.graph.name = "edge_cataract"
    _check(model)
    return model


def flush_tiny_weights(model: onnx.ModelProto) -> None:
    """Set weights to 0 that a processor may take 30 times longer for."""
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        tiny = (values != 0) & (np.abs(values) < SMALLEST_WEIGHT)
        if tiny.any():
            tensor.CopyFrom(numpy_helper.from_array(np.where(tiny, np.float32(0), values), tensor.name))


def _name_dimensions(model: onnx.ModelProto) -> None:
    """Give every size of the contract's tensors its name, and leave sizes of inner tensors to the engine."""
    for value in (*model.graph.input, *model.graph.output):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for name in DIMENSIONS[value.name]:
            shape.dim.add().dim_param = name
    del model.graph.value_info[:]


def _check(model: onnx.ModelProto) -> None:
    onnx.checker.check_model(model, full_check=True)
    domains = {node.domain for node in model.graph.node} | {opset.domain for opset in model.opset_import}
    nested = [node.op_type for node in model.graph.node if node.op_type in ("If", "Loop", "Scan")]
    names = [value.name for value in (*model.graph.input, *model.graph.output)]
    expected = list(DIMENSIONS)[: len(names)]
    if domains != {""} or nested or model.functions or model.ir_version > MAX_IR or names != expected:
        raise ExportError(
            "graph",
            f"Domains {sorted(domains)}, control {nested}, IR {model.ir_version} or names {names} are forbidden.",
            "Report this fault.",
        )
