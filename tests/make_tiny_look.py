"""A tiny look over whole frames with known answers: what is bright is natural lens, and the kinds are constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_runtime.look.network import SCHEMA
from edge_runtime.look.tissues import Tissue
from edge_runtime.model.seal import UNSEALED, seal

LENS_FROM = 40.5  # grey level of every second coarse pixel


def tiny_look_bytes(probabilities: Sequence[float] = (1, 0, 0, 0, 0, 0, 0, 0), schema: str = SCHEMA) -> bytes:
    """A sealed look that finds these probabilities in every frame."""
    constants = {
        "first": np.array([0, 0], np.int64),
        "last": np.array([2**31 - 1] * 2, np.int64),
        "axes": np.array([0, 1], np.int64),
        "steps": np.array([2, 2], np.int64),
        "from": np.array(LENS_FROM, np.float32),
        "lens": np.array(int(Tissue.NATURAL_LENS), np.uint8),
        "nothing": np.array(int(Tissue.NOTHING), np.uint8),
        "kinds": np.array(probabilities, np.float32),
    }
    nodes = [
        helper.make_node("Slice", ["coarse", "first", "last", "axes", "steps"], ["half"]),
        helper.make_node("Cast", ["half"], ["level"], to=TensorProto.FLOAT),
        helper.make_node("Greater", ["level", "from"], ["bright"]),
        helper.make_node("Where", ["bright", "lens", "nothing"], ["tissues"]),
        helper.make_node("Identity", ["kinds"], ["picture_probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny_look",
        [helper.make_tensor_value_info("coarse", TensorProto.UINT8, ["rows", "columns"])],
        [
            helper.make_tensor_value_info("tissues", TensorProto.UINT8, ["half_rows", "half_columns"]),
            helper.make_tensor_value_info("picture_probability", TensorProto.FLOAT, [8]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    for key, value in {"schema": schema, "version": "0", "digest": UNSEALED}.items():
        model.metadata_props.add(key=f"edge_cataract.{key}", value=value)
    return seal(model.SerializeToString(deterministic=True))
