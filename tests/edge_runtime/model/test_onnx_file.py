"""What field devices cannot run, and what lies outside the file, is refused before the engine sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_runtime.errors import ModelIncompatibleError, ModelIntegrityError
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import MAX_IR, MAX_OPSET, inspect
from edge_runtime.model.seal import check_seal
from tests.edge_runtime.model.changed_models import SEALED, refused_as, sealed


def external(tensor: Any) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def constant_with_external_value(model: Any) -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "inner")
    external(tensor)
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def branch_with_external_weight(model: Any) -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "inner")
    external(tensor)
    branch = helper.make_graph([], "branch", [], [], [tensor])
    model.graph.node.append(helper.make_node("If", ["label_0"], [], then_branch=branch, else_branch=branch))


def sparse_with_external_values(model: Any) -> None:
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(2, np.float32), "inner"))
    external(sparse.values)


def external_without_a_place(model: Any) -> None:
    external(model.graph.initializer[5])
    del model.graph.initializer[5].external_data[:]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: external(model.graph.initializer[5]),
        external_without_a_place,
        constant_with_external_value,
        branch_with_external_weight,
        sparse_with_external_values,
    ],
    ids=["initializer", "no place", "constant", "branch", "sparse"],
)
def test_weights_outside_the_file_are_refused_wherever_they_are_named(change: Callable[[Any], None]) -> None:
    assert refused_as(sealed(change)) == "model-external-data"


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.graph.node.append(helper.make_node("Gelu", ["grey"], ["x"], domain="com.microsoft")),
        lambda model: model.opset_import.add(domain="ai.onnx.ml", version=3),
        lambda model: model.functions.append(
            helper.make_function("local", "f", [], [], [], [helper.make_opsetid("", 17)])
        ),
        lambda model: setattr(model.opset_import[0], "version", MAX_OPSET + 1),
        lambda model: setattr(model, "ir_version", MAX_IR + 1),
        lambda model: setattr(model, "ir_version", 0),
    ],
    ids=["domain", "imported domain", "function", "opset", "ir", "no ir"],
)
def test_operators_and_versions_that_field_devices_lack_are_refused(change: Callable[[Any], None]) -> None:
    assert refused_as(sealed(change)) == "model-operators"


def test_newest_allowed_versions_pass() -> None:
    def change(model: Any) -> None:
        model.opset_import[0].version = MAX_OPSET
        model.ir_version = MAX_IR

    assert inspect(sealed(change)).grid == 4


def test_default_domain_by_its_long_name_passes() -> None:
    assert inspect(sealed(lambda model: setattr(model.opset_import[0], "domain", "ai.onnx"))).grid == 4


def test_graphs_nested_without_end_are_refused() -> None:
    def change(model: Any) -> None:
        graph = helper.make_graph([], "leaf", [], [])
        for _ in range(20):
            graph = helper.make_graph([helper.make_node("If", ["c"], [], then_branch=graph)], "branch", [], [])
        model.graph.node.append(graph.node[0])

    assert refused_as(sealed(change)) == "not-a-model"


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_are_refused_by_our_own_error(data: bytes) -> None:
    with pytest.raises(ModelIncompatibleError):
        inspect(data)


@given(position=st.integers(0, len(SEALED) - 1), value=st.integers(0, 255))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_damaged_structure_is_read_as_it_was_or_refused_by_our_own_error(position: int, value: int) -> None:
    """Another letter in one of its own entries cannot be seen without the seal, which nothing gets past."""
    damaged = SEALED[:position] + bytes([value]) + SEALED[position + 1 :]
    if damaged != SEALED:
        with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
            check_seal(damaged)
    try:
        found = inspect(damaged)
    except ModelIncompatibleError:
        assert damaged != SEALED
    else:
        assert found == inspect(SEALED) or position > SEALED.index(PREFIX.encode())


# --- what another parser of protocol buffers would find --------------------------------------------------------------


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def behind_a_long_tag(number: int, content: bytes) -> bytes:
    """A field whose tag is 2^32 more: parsers that cut tags to 32 bits see field `number`."""
    return varint((1 << 32) + (number << 3 | 2)) + varint(len(content)) + content


@pytest.mark.parametrize("number", [7, 8, 14, 25])
def test_a_field_behind_a_long_tag_is_refused(number: int) -> None:
    with pytest.raises(ModelIncompatibleError, match="not-a-model"):
        inspect(SEALED + behind_a_long_tag(number, b""))


@pytest.mark.parametrize("number", [20, 26, 99])
def test_a_field_that_is_not_known_is_refused(number: int) -> None:
    with pytest.raises(ModelIncompatibleError, match="not-a-model"):
        inspect(SEALED + varint(number << 3 | 2) + b"\x00")


def attribute_with_external_sparse_values(model: Any) -> None:
    node = model.graph.node.add(op_type="Constant", output=["unused"])
    attribute = node.attribute.add(name="sparse_value", type=11)
    external(attribute.sparse_tensor.values)


def test_external_data_in_a_sparse_attribute_is_refused() -> None:
    assert refused_as(sealed(attribute_with_external_sparse_values)) == "model-external-data"


def test_millions_of_tiny_fields_are_not_walked_to_the_end() -> None:
    with pytest.raises(ModelIncompatibleError, match="not-a-model"):
        inspect(SEALED + b"\x10\x00" * 2_000_000)
