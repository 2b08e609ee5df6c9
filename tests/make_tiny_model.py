"""A tiny model file that keeps the whole model contract, with a network so simple that its answers are known by heart.

The grey level alone decides: below `clear_from` a pixel of the network grid is background, from there to
`cataract_from` it is clear lens, above it is cataract. Counts over a hand-painted scan can therefore be worked out on
paper. It is written with the onnx helper only, so tests of the runtime need neither torch nor a training run.

    python tests/make_tiny_model.py tiny.onnx
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
# Slope of the logits per unit of grey / 255. One grey level from the border a pixel is decided with p > 0.999 and no
# float32 rounding can turn it over.
LOGIT_SLOPE = 4000.0


@dataclass(frozen=True)
class TinyModel:
    """What the tiny network does.

    Attributes
    ----------
    grid
        Native pixels per network pixel, g.
    stride
        What the metadata claims; the tiny network itself works at any size.
    context
        Half-width, in network pixels, of a box mean before the decision (zeros outside the frame): a receptive field,
        so that tiles without a halo go wrong. 0 decides pixel by pixel.
    clear_from, cataract_from
        Grey levels (0 to 255) at which a mean of g x g pixels becomes clear lens and cataract. Half levels leave no
        ties for flat blocks.
    cf_threshold, guard_band
        Operating point written into the metadata.
    name
        Model name in the metadata.
    brightness
        What grey means to it; "" says nothing, as files from before there was a choice.
    doubts
        Why nobody should rely on its threshold; "" says nothing.
    """

    grid: int = 4
    stride: int = 16
    context: int = 0
    clear_from: float = 40.5
    cataract_from: float = 120.5
    cf_threshold: float = 0.14
    guard_band: float = 0.02
    name: str = "tiny-grey-level"
    brightness: str = ""
    doubts: str = ""

    def metadata(self) -> dict[str, str]:
        """Return the `edge_cataract.*` entries, all strings, the digest still zeros."""
        entries = {
            "schema": "edge-cataract/model/1",
            "name": self.name,
            "version": "0",
            "precision": "fp32",
            "classes": "background,clear lens,cataract",
            "cf_threshold": repr(self.cf_threshold),
            "cf_threshold_method": "set by hand for tests",
            "guard_band": repr(self.guard_band),
            "grid": str(self.grid),
            "stride": str(self.stride),
            "receptive_field": str(self.context),
            "profile": "anterion",
            "training_data": "none: grey levels set by hand",
            "training_commit": "unknown",
            "parity": "{}",
            "licence": "Apache-2.0",
            "intended_use": "Research use only. Not a medical device.",
            "digest": "0" * 64,
        }
        if self.brightness:
            entries["brightness"] = self.brightness
        if self.doubts:
            entries["doubts"] = self.doubts
        return {f"edge_cataract.{key}": value for key, value in entries.items()}


def tiny_model_proto(tiny: TinyModel | None = None) -> onnx.ModelProto:
    """Build the ONNX model, checked, its digest not yet filled in."""
    tiny = tiny or TinyModel()
    g = tiny.grid
    constants: dict[str, np.ndarray] = {
        "g": np.array([g, g], np.int64),
        "zero_2": np.zeros(2, np.int64),
        "first_axes": np.array([0, 1], np.int64),
        "channel_axis": np.array([1], np.int64),
        "grey_max": np.array(255.0, np.float32),
        # Background 0, clear k (x - a), cataract k (2 x - a - b): each wins exactly in its own interval of x.
        "weight": (LOGIT_SLOPE * np.array([0.0, 1.0, 2.0], np.float32)).reshape(3, 1, 1, 1),
        "bias": np.array(
            [
                0.0,
                -LOGIT_SLOPE * tiny.clear_from / 255,
                -LOGIT_SLOPE * (tiny.clear_from + tiny.cataract_from) / 255,
            ],
            np.float32,
        ),
        "clear_start": np.array([1], np.int64),
        "cataract_start": np.array([2], np.int64),
        "end": np.array([3], np.int64),
        "label_0": np.array(0, np.uint8),
        "label_2": np.array(2, np.uint8),
    }
    nodes = [
        helper.make_node("Cast", ["scan"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Shape", ["scan"], ["size"]),
        # (-size) mod g: rows and columns to repeat at the lower and right border.
        helper.make_node("Neg", ["size"], ["minus_size"]),
        helper.make_node("Mod", ["minus_size", "g"], ["missing"]),
        helper.make_node("Concat", ["zero_2", "missing"], ["pads"], axis=0),
        helper.make_node("Pad", ["grey", "pads"], ["padded"], mode="edge"),
        helper.make_node("Unsqueeze", ["padded", "first_axes"], ["planes"]),
        helper.make_node("AveragePool", ["planes"], ["block_mean"], kernel_shape=[g, g], strides=[g, g]),
        helper.make_node("Div", ["block_mean", "grey_max"], ["level"]),
    ]
    level = "level"
    if tiny.context:
        width = 2 * tiny.context + 1
        constants["box"] = np.full((1, 1, width, width), 1 / width**2, np.float32)
        nodes.append(helper.make_node("Conv", ["level", "box"], ["smooth"], pads=[tiny.context] * 4))
        level = "smooth"
    nodes += [
        helper.make_node("Conv", [level, "weight", "bias"], ["logits"]),
        helper.make_node("ReduceMax", ["logits"], ["highest"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["logits", "highest"], ["shifted"]),
        helper.make_node("Exp", ["shifted"], ["exponentials"]),
        helper.make_node("ReduceSum", ["exponentials", "channel_axis"], ["total"], keepdims=1),
        helper.make_node("Div", ["exponentials", "total"], ["probabilities"]),
        helper.make_node("Slice", ["probabilities", "clear_start", "end", "channel_axis"], ["lens_classes"]),
        helper.make_node("ReduceSum", ["lens_classes", "first_axes"], ["lens_probability"], keepdims=0),
        helper.make_node("Slice", ["probabilities", "cataract_start", "end", "channel_axis"], ["cataract_class"]),
        helper.make_node("Squeeze", ["cataract_class", "first_axes"], ["cataract_probability"]),
        helper.make_node("ArgMax", ["logits"], ["label_planes"], axis=1, keepdims=0),
        helper.make_node("Squeeze", ["label_planes", "zero_axis"], ["label_indices"]),
        helper.make_node("Cast", ["label_indices"], ["labels"], to=TensorProto.UINT8),
        helper.make_node("Greater", ["labels", "label_0"], ["is_lens"]),
        helper.make_node("Cast", ["is_lens"], ["lens_ones"], to=TensorProto.INT64),
        helper.make_node("ReduceSum", ["lens_ones"], ["lens_px"], keepdims=0),
        helper.make_node("Equal", ["labels", "label_2"], ["is_cataract"]),
        helper.make_node("Cast", ["is_cataract"], ["cataract_ones"], to=TensorProto.INT64),
        helper.make_node("ReduceSum", ["cataract_ones"], ["cataract_px"], keepdims=0),
    ]
    constants["zero_axis"] = np.array([0], np.int64)
    grid_size = ["grid_rows", "grid_columns"]
    graph = helper.make_graph(
        nodes,
        "edge_cataract",
        [helper.make_tensor_value_info("scan", TensorProto.UINT8, ["rows", "columns"])],
        [
            helper.make_tensor_value_info("lens_probability", TensorProto.FLOAT, grid_size),
            helper.make_tensor_value_info("cataract_probability", TensorProto.FLOAT, grid_size),
            helper.make_tensor_value_info("labels", TensorProto.UINT8, grid_size),
            helper.make_tensor_value_info("lens_px", TensorProto.INT64, []),
            helper.make_tensor_value_info("cataract_px", TensorProto.INT64, []),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="edge-cataract")
    model.ir_version = IR_VERSION
    for key, value in tiny.metadata().items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    return model


def tiny_model_bytes(tiny: TinyModel | None = None) -> bytes:
    """Return a sealed model file, as `CataractAnalyzer` loads it (about 3 KB)."""
    from edge_runtime.model.seal import seal

    return seal(tiny_model_proto(tiny).SerializeToString(deterministic=True))


def main() -> None:
    """Write the default tiny model to the path given."""
    parser = argparse.ArgumentParser(description="Write a tiny model file for tests.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--context", type=int, default=0, help="receptive field in network pixels")
    arguments = parser.parse_args()
    arguments.path.write_bytes(tiny_model_bytes(TinyModel(context=arguments.context)))


if __name__ == "__main__":
    main()
