"""`python -m export.look CHECKPOINT -o FILE`: the look over whole frames as ONNX, verified against PyTorch, sealed."""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxscript import optimizer
from torch import Tensor, nn

from edge_runtime.errors import EdgeCataractError
from edge_runtime.look.network import SCHEMA, LookNetwork
from edge_runtime.look.tissues import Picture
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.seal import UNSEALED, check_seal, seal
from edge_runtime.model.session import Session
from edge_runtime.report.files import write_all
from train.look.checkpoint import LookCheckpoint, load_look

from .errors import ParityError
from .graph import MAX_IR, OPSET, flush_tiny_weights
from .metadata import write_entries

MAX_DRIFT = 1e-4  # of a probability
MAX_OTHER = 1e-4  # share of pixels of another tissue: where two are equally likely
_OUTPUTS = ["tissues", "picture_probability", "cornea_probability"]
LEAST_HALVED = 64  # values; smaller constants stay as they are
_INPUTS = 24  # that are compared


class LookPipeline(nn.Module):
    """A coarse frame in, tissues and probabilities out: what the runtime's look is."""

    def __init__(self, checkpoint: LookCheckpoint) -> None:
        super().__init__()
        # The file keeps half of each weight's digits: half of its size, and the picture of an eye stays what it is.
        self.network = checkpoint.network().half().float()
        self.stride = self.network.config.stride

    def forward(self, coarse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at a (rows, columns) uint8 frame of any size from 1 x 1; what is added to it is black."""
        rows, columns = coarse.shape
        half_rows, half_columns = (rows + 1) // 2, (columns + 1) // 2
        coarse = torch.cat([coarse, torch.zeros_like(coarse[:, :1]).expand(-1, -columns % self.stride)], dim=1)
        coarse = torch.cat([coarse, torch.zeros_like(coarse[:1]).expand(-rows % self.stride, -1)], dim=0)
        tissues, kinds = self.network(coarse.to(torch.float32)[None, None] / 255)
        found = tissues[0, :, :half_rows, :half_columns].argmax(0).to(torch.uint8)
        return found, kinds[0, : len(Picture)].softmax(0), kinds[0, -1].sigmoid()


def trace_look(pipeline: LookPipeline) -> onnx.ModelProto:
    """Turn the pipeline into a checked ONNX model without metadata."""
    written = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # as in `graph.trace`
        torch.onnx.export(
            pipeline,
            (torch.zeros((101, 131), dtype=torch.uint8),),
            written,  # type: ignore[arg-type]  # the stub knows paths only
            input_names=["coarse"],
            output_names=_OUTPUTS,
            dynamic_axes={"coarse": {0: "rows", 1: "columns"}, "tissues": {0: "half_rows", 1: "half_columns"}},
            opset_version=OPSET,
            dynamo=False,
        )
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    model = optimizer.optimize(onnx.load_from_string(written.getvalue()))
    flush_tiny_weights(model)
    _halve(model)
    del model.graph.value_info[:]
    model.producer_name, model.producer_version, model.doc_string = "edge-cataract", "", ""
    model.graph.name = "edge_cataract_look"
    model.ir_version = min(model.ir_version, MAX_IR)
    onnx.checker.check_model(model, full_check=True)
    return model


def _halve(model: onnx.ModelProto) -> None:
    """Keep weights in float16, which the engine turns into float32 when it loads them."""
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LEAST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
        cast = helper.make_node("Cast", [f"{name}/half"], [name], name=f"{name}/cast", to=TensorProto.FLOAT)
        model.graph.node.insert(0, cast)


def compare_look(pipeline: LookPipeline, model: bytes) -> dict[str, Any]:
    """Look at the same frames with PyTorch and with the engine.

    Raises
    ------
    ParityError
        When they differ by more than two orders of summation may.
    """
    session, rng = Session(model, 1), np.random.default_rng(0)
    drift, other, pixels = 0.0, 0, 0
    for _ in range(_INPUTS):
        shape = int(rng.integers(1, 260)), int(rng.integers(1, 300))
        frame = rng.integers(0, 256, shape, np.uint8)
        with torch.inference_mode():
            tissues, kinds, cornea = (one.numpy() for one in pipeline(torch.from_numpy(frame)))
        found, given, hazy = session.run(_OUTPUTS, {"coarse": frame})
        drift = max(drift, float(np.abs(kinds - given).max()), abs(float(cornea - hazy)))
        other += int(np.count_nonzero(tissues != found))
        pixels += tissues.size
    if drift > MAX_DRIFT or other > MAX_OTHER * pixels:
        raise ParityError(
            "parity",
            f"A probability differs by {drift:.3g}, {other} of {pixels} pixels have another tissue.",
            "Nothing to try again: report this.",
        )
    return {"inputs": _INPUTS, "pixels": pixels, "probability_drift": drift, "tissues_different": other}


def export_look(checkpoint: LookCheckpoint) -> bytes:
    """The bytes of a sealed model that the runtime was seen to load.

    Raises
    ------
    ParityError
        When it differs from PyTorch.
    """
    pipeline = LookPipeline(checkpoint).eval()
    model = trace_look(pipeline)
    parity = compare_look(pipeline, model.SerializeToString(deterministic=True))
    metadata = checkpoint.metadata
    write_entries(
        model,
        {
            PREFIX + "schema": SCHEMA,
            PREFIX + "name": metadata["name"],
            PREFIX + "version": metadata["version"],
            PREFIX + "training_data": metadata["training_data"],
            PREFIX + "training_commit": metadata["training_commit"],
            PREFIX + "training_data_sha256": metadata.get("dataset_sha256", ""),
            PREFIX + "steps": str(metadata["steps"]),
            PREFIX + "parity": json.dumps(parity),
            PREFIX + "intended_use": "research use only; learnt from simulated scans",
            PREFIX + "digest": UNSEALED,
        },
    )
    data = seal(model.SerializeToString(deterministic=True))
    check_seal(data)
    LookNetwork(data, 1)
    return data


def main(words: list[str] | None = None) -> int:
    """Parse the command line, export, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m export.look", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="written by 'python -m train look'")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the .onnx file")
    arguments = parser.parse_args(words)
    try:
        write_all({str(arguments.output): export_look(load_look(arguments.checkpoint))})
    except EdgeCataractError as error:
        sys.stderr.write(f"python -m export.look: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
