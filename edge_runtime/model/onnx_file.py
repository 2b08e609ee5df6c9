"""The .onnx file, inspected before any engine opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_runtime.errors import ModelIncompatibleError

from .metadata import EXPORT_MODEL, ModelMetadata

MAX_OPSET, MAX_IR = 18, 10
MAX_MODEL_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class _Inspection:
    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    operator_domains: set[str] = field(default_factory=set)
    external_data: bool = False
    fields: int = 0


def inspect(data: bytes) -> ModelMetadata:
    """Check a sealed model's format without an engine, and read its metadata.

    Raises
    ------
    ModelIncompatibleError
        As for `checked_entries`, or another schema.
    """
    return ModelMetadata.from_entries(checked_entries(data))


def checked_entries(data: bytes) -> dict[str, str]:
    """Check a sealed model's format without an engine, and read its metadata entries.

    Raises
    ------
    ModelIncompatibleError
        External data, or an operator domain or version that field devices lack.
    """
    found = _Inspection()
    try:
        _walk_model(data, found)
    except (IndexError, ValueError) as error:
        raise ModelIncompatibleError("not-a-model", "The file is no ONNX model.", EXPORT_MODEL) from error
    if found.external_data:
        raise ModelIncompatibleError("model-external-data", "The model keeps weights in other files.", EXPORT_MODEL)
    domains = {domain or "ai.onnx" for domain in found.operator_domains | set(found.opsets)}
    if domains != {"ai.onnx"}:
        raise ModelIncompatibleError(
            "model-operators", f"The model needs operators of {sorted(domains - {'ai.onnx'})}.", EXPORT_MODEL
        )
    opset = max(found.opsets.values())
    if opset > MAX_OPSET or not 0 < found.ir_version <= MAX_IR:
        raise ModelIncompatibleError(
            "model-operators",
            f"Opset {opset}, IR {found.ir_version} found; at most {MAX_OPSET} and {MAX_IR} are supported.",
            EXPORT_MODEL,
        )
    return found.entries


# Protocol-buffer field numbers of onnx.proto (ONNX 1.23, Apache-2.0): those that are looked at, and for each message
# those that may be there at all. What nobody here knows, another parser may.
_MODEL_IR, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_FUNCTION = 1, 7, 8, 14, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = {5, 10}, {6, 11}, {22, 23}
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_OF_MODEL = frozenset({*range(1, 9), _MODEL_METADATA, _MODEL_FUNCTION})
_OF_GRAPH = frozenset({1, 2, 5, *range(10, 17)})
_OF_NODE = frozenset(range(1, 10))
_OF_ATTRIBUTE = frozenset({*range(1, 12), 13, 14, 15, 20, 21, 22, 23})
_OF_TENSOR = frozenset(range(1, 17))
_OF_SPARSE = frozenset({_SPARSE_VALUES, _SPARSE_INDICES, 3})
_OF_ENTRY = frozenset({1, 2})
_MAX_DEPTH = 16
_MAX_FIELDS = 1_000_000  # in all: 64 MB of tiny fields take a minute
_MAX_TAG = (1 << 32) - 1  # other parsers cut a longer one to 32 bits, and find another field behind it


def _fields(data: memoryview, known: frozenset[int], found: _Inspection) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field number, integer or bytes) of one protocol-buffer message; ValueError for a field not in `known`."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        found.fields += 1
        if tag > _MAX_TAG or number not in known or found.fields > _MAX_FIELDS:
            raise ValueError(f"field {number}")
        if wire == 0:
            integer, position = _varint(data, position)
            yield number, integer
            continue
        if wire == 2:
            length, position = _varint(data, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if position + length > len(data):
            raise ValueError("a field reaches beyond its message")
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("an integer is longer than 64 bits")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("bytes were expected")
    return value


def _integer(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise ValueError("an integer was expected")
    return value


def _text(value: int | memoryview) -> str:
    return bytes(_bytes(value)).decode("utf-8")


def _walk_model(data: bytes, found: _Inspection) -> None:
    for number, value in _fields(memoryview(data), _OF_MODEL, found):
        if number == _MODEL_IR:
            found.ir_version = max(found.ir_version, _integer(value))
        elif number == _MODEL_GRAPH:
            _walk_graph(_bytes(value), found, 0)
        elif number == _MODEL_OPSET:
            opset = dict(_fields(_bytes(value), _OF_ENTRY, found))
            domain = _text(opset[1]) if 1 in opset else ""
            found.opsets[domain] = max(found.opsets.get(domain, 0), _integer(opset.get(2, 0)))
        elif number == _MODEL_METADATA:
            entry = dict(_fields(_bytes(value), _OF_ENTRY, found))
            found.entries[_text(entry.get(1, memoryview(b"")))] = _text(entry.get(2, memoryview(b"")))
        elif number == _MODEL_FUNCTION:
            found.operator_domains.add("model-local functions")
    if not found.opsets:
        raise ValueError("no opset")


def _walk_graph(graph: memoryview, found: _Inspection, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("graphs are nested too deep")
    for number, value in _fields(graph, _OF_GRAPH, found):
        if number == _GRAPH_NODE:
            _walk_node(_bytes(value), found, depth)
        elif number == _GRAPH_INITIALIZER:
            _walk_tensor(_bytes(value), found)
        elif number == _GRAPH_SPARSE:
            _walk_sparse(_bytes(value), found)


def _walk_node(node: memoryview, found: _Inspection, depth: int) -> None:
    for number, value in _fields(node, _OF_NODE, found):
        if number == _NODE_DOMAIN:
            found.operator_domains.add(_text(value))
        elif number == _NODE_ATTRIBUTE:
            for part, inner in _fields(_bytes(value), _OF_ATTRIBUTE, found):
                if part in _ATTRIBUTE_TENSORS:
                    _walk_tensor(_bytes(inner), found)
                elif part in _ATTRIBUTE_GRAPHS:
                    _walk_graph(_bytes(inner), found, depth + 1)
                elif part in _ATTRIBUTE_SPARSE:
                    _walk_sparse(_bytes(inner), found)


def _walk_sparse(sparse: memoryview, found: _Inspection) -> None:
    for number, value in _fields(sparse, _OF_SPARSE, found):
        if number in (_SPARSE_VALUES, _SPARSE_INDICES):
            _walk_tensor(_bytes(value), found)


def _walk_tensor(tensor: memoryview, found: _Inspection) -> None:
    for number, value in _fields(tensor, _OF_TENSOR, found):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            found.external_data = True
