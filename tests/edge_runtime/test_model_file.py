"""A model is what was exported, to the last bit, and needs nothing that a field device lacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_runtime.errors import ModelIncompatibleError, ModelIntegrityError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import MAX_IR, MAX_OPSET, inspect
from edge_runtime.model.seal import check_seal, seal
from tests.make_tiny_model import TinyModel, tiny_model_bytes, tiny_model_proto

SEALED = tiny_model_bytes(TinyModel())


def sealed(change: Callable[[Any], object]) -> bytes:
    """The tiny model, changed before it is sealed: as an exporter gone wrong would write it."""
    model = tiny_model_proto(TinyModel())
    change(model)
    return seal(model.SerializeToString(deterministic=True))


def with_entry(name: str, value: str | None) -> bytes:
    def change(model: Any) -> None:
        kept = [entry for entry in model.metadata_props if entry.key != PREFIX + name]
        entries = [(entry.key, entry.value) for entry in kept]
        del model.metadata_props[:]
        for key, text in [*entries, *([(PREFIX + name, value)] if value is not None else [])]:
            model.metadata_props.add(key=key, value=text)

    return sealed(change)


# --- integrity -------------------------------------------------------------------------------------------------------


def test_sealed_model_passes() -> None:
    check_seal(SEALED)


def test_every_single_flipped_bit_is_refused() -> None:
    damaged = bytearray(SEALED)
    for position in range(len(damaged)):
        for bit in range(8):
            damaged[position] ^= 1 << bit
            with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
                check_seal(bytes(damaged))
            damaged[position] ^= 1 << bit


@given(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=64))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_other_bytes_are_refused(position: int, patch: bytes) -> None:
    damaged = SEALED[:position] + patch + SEALED[position + len(patch) :]
    if damaged != SEALED:
        with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
            check_seal(damaged)


@pytest.mark.parametrize("length", [0, 1, 100, len(SEALED) // 2, len(SEALED) - 1])
def test_truncated_model_is_refused(length: int) -> None:
    with pytest.raises((ModelIntegrityError, ModelIncompatibleError)):
        check_seal(SEALED[:length])


def test_flipped_weight_is_damage_and_not_another_kind_of_file() -> None:
    damaged = SEALED.replace(np.float32(4000).tobytes(), np.float32(4001).tobytes())
    assert damaged != SEALED
    with pytest.raises(ModelIntegrityError, match="damaged-model") as caught:
        check_seal(damaged)
    assert caught.value.exit_code == 81


def test_file_that_never_was_a_model_of_this_program_is_another_kind_of_file() -> None:
    for data in (b"", b"text", onnx.ModelProto(ir_version=8).SerializeToString()):
        with pytest.raises(ModelIncompatibleError, match="not-a-model") as caught:
            check_seal(data)
        assert caught.value.exit_code == 82


def test_model_without_a_place_for_its_digest_cannot_be_sealed() -> None:
    with pytest.raises(ModelIncompatibleError, match="not-sealable"):
        with_entry("digest", None)
    with pytest.raises(ModelIncompatibleError, match="not-sealable"):
        seal(SEALED + SEALED)


def test_sealing_changes_the_digest_only() -> None:
    plain = tiny_model_proto(TinyModel()).SerializeToString(deterministic=True)
    assert len(plain) == len(SEALED)
    assert sum(a != b for a, b in zip(plain, SEALED, strict=True)) <= 64


# --- format ----------------------------------------------------------------------------------------------------------


def refused_as(data: bytes) -> str:
    check_seal(data)
    with pytest.raises(ModelIncompatibleError) as caught:
        inspect(data)
    assert caught.value.exit_code == 82
    return caught.value.word


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


@pytest.mark.parametrize("value", ["edge-cataract/model/2", "", None])
def test_another_schema_is_refused(value: str | None) -> None:
    assert refused_as(with_entry("schema", value)) == "model-schema"


@pytest.mark.parametrize(
    "name", sorted(set(TinyModel().metadata()) - {f"{PREFIX}{n}" for n in ("schema", "digest", "classes")})
)
def test_missing_metadata_is_refused(name: str) -> None:
    assert refused_as(with_entry(name.removeprefix(PREFIX), None)) == "model-metadata"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grid", "0"),
        ("grid", "2.5"),
        ("stride", "0"),
        ("receptive_field", "-1"),
        ("cf_threshold", "0"),
        ("cf_threshold", "1"),
        ("cf_threshold", "nan"),
        ("cf_threshold", "a seventh"),
        ("guard_band", "-0.01"),
        ("guard_band", "nan"),
        ("guard_band", "1"),
        ("precision", "fp16"),
        ("brightness", "bright"),
    ],
)
def test_metadata_out_of_range_is_refused(name: str, value: str) -> None:
    assert refused_as(with_entry(name, value)) == "model-metadata"


def test_metadata_is_read() -> None:
    metadata = inspect(SEALED)
    assert (metadata.name, metadata.version, metadata.precision) == ("tiny-grey-level", "0", "fp32")
    assert (metadata.grid, metadata.stride, metadata.receptive_field) == (4, 16, 0)
    assert (metadata.cf_threshold, metadata.guard_band) == (0.14, 0.02)
    assert metadata.training_data == "none: grey levels set by hand"
    assert metadata.brightness is Brightness.AS_SHOWN


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_are_refused_by_our_own_error(data: bytes) -> None:
    with pytest.raises(ModelIncompatibleError):
        inspect(data)


@given(position=st.integers(0, len(SEALED) - 1), value=st.integers(0, 255))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_damaged_structure_is_read_or_refused_by_our_own_error(position: int, value: int) -> None:
    damaged = bytearray(SEALED)
    damaged[position] = value
    with suppress(ModelIncompatibleError):
        inspect(bytes(damaged))
