"""The model file: one self-contained .onnx that can be checked before any engine opens it.

onnxruntime checks nothing: with one bit flipped, most models load and silently compute something else, and external
data named inside a file is read from wherever it points to. So the bytes are verified and inspected here, and the same
bytes are then handed to the engine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .errors import ModelIncompatibleError, ModelIntegrityError

PREFIX = "edge_cataract."
SCHEMA = "edge-cataract/model/1"
PRECISIONS = ("fp32", "int8")
DEFAULT_PRECISION = "int8"  # of the bundled models: smaller and faster, and no decision differs
MAX_OPSET, MAX_IR = 18, 10
MAX_MODEL_BYTES = 512 * 1024 * 1024
EXPORT_MODEL = "Use a model file written by 'python -m export', unchanged."

# A metadata entry of the file it describes: 64 hex digits, the sha256 of the file with these digits as zeros.
_DIGEST_KEY = (PREFIX + "digest").encode()
_DIGEST = re.escape(b"\x0a" + bytes([len(_DIGEST_KEY)]) + _DIGEST_KEY + b"\x12\x40") + rb"([0-9a-f]{64})"
UNSEALED = "0" * 64


def _digest_place(data: bytes) -> slice | None:
    places = [found.span(1) for found in re.finditer(_DIGEST, data)]
    return slice(*places[0]) if len(places) == 1 else None


def _digest(data: bytes, place: slice) -> bytes:
    hashed = hashlib.sha256(memoryview(data)[: place.start])
    hashed.update(UNSEALED.encode())
    hashed.update(memoryview(data)[place.stop :])
    return hashed.hexdigest().encode()


def seal(data: bytes) -> bytes:
    """Write the digest into a serialised model whose metadata holds ``edge_cataract.digest`` = `UNSEALED`.

    Raises
    ------
    ModelIncompatibleError
        When there is not exactly one such entry.
    """
    place = _digest_place(data)
    if place is None:
        raise ModelIncompatibleError("not-sealable", "The model has no single digest entry to fill in.", EXPORT_MODEL)
    return data[: place.start] + _digest(data, place) + data[place.stop :]


def check_seal(data: bytes) -> None:
    """Check that the bytes are those that were sealed.

    Raises
    ------
    ModelIntegrityError
        When they are not.
    ModelIncompatibleError
        When the file was never sealed: it is another kind of file.
    """
    place = _digest_place(data)
    if place is None and PREFIX.encode() not in data:
        raise ModelIncompatibleError("not-a-model", "The file is no edge-cataract model.", EXPORT_MODEL)
    if place is None or _digest(data, place) != data[place]:
        raise ModelIntegrityError(
            "damaged-model",
            "The model's bytes differ from those that were exported.",
            "Install it again from its source.",
        )


class Brightness(StrEnum):
    """What grey means to a model."""

    AS_SHOWN = "as-shown"  # the grey levels of the display
    REFERENCED = "referenced"  # decibel relative to the corneal stroma


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What the model says of itself (metadata entries with the prefix ``edge_cataract.``).

    Attributes
    ----------
    grid
        Native pixels per network-grid pixel.
    stride
        Tile cores start at multiples of this many network-grid pixels.
    receptive_field
        Network-grid pixels of context, on each side of a tile, that make tiled output equal whole output.
    cf_threshold, guard_band
        Operating point on the Cataract Fraction, and the distance from it that counts as borderline.
    brightness
        What grey means to the model; a file that does not say takes grey as the display shows it.
    """

    name: str
    version: str
    precision: str
    grid: int
    stride: int
    receptive_field: int
    cf_threshold: float
    cf_threshold_method: str
    guard_band: float
    profile: str
    training_data: str
    training_commit: str
    parity: str
    licence: str
    intended_use: str
    brightness: Brightness = Brightness.AS_SHOWN

    @classmethod
    def from_entries(cls, entries: dict[str, str]) -> ModelMetadata:
        """Read the entries of a model file.

        Raises
        ------
        ModelIncompatibleError
            When the schema is another one, an entry is missing, or a value is out of range.
        """
        schema = entries.get(PREFIX + "schema")
        if schema != SCHEMA:
            raise ModelIncompatibleError(
                "model-schema", f"Schema {SCHEMA!r} was expected, found {schema!r}.", EXPORT_MODEL
            )
        try:
            value = {name.removeprefix(PREFIX): text for name, text in entries.items() if name.startswith(PREFIX)}
            metadata = cls(
                **{name: value[name] for name, kind in cls.__annotations__.items() if kind == "str"},
                grid=int(value["grid"]),
                stride=int(value["stride"]),
                receptive_field=int(value["receptive_field"]),
                cf_threshold=float(value["cf_threshold"]),
                guard_band=float(value["guard_band"]),
                brightness=Brightness(value.get("brightness", Brightness.AS_SHOWN)),
            )
        except (KeyError, ValueError) as error:
            raise ModelIncompatibleError(
                "model-metadata", f"A metadata entry is missing or malformed: {error}.", EXPORT_MODEL
            ) from error
        if (
            metadata.precision not in PRECISIONS
            or metadata.grid < 1
            or metadata.stride < 1
            or metadata.receptive_field < 0
            or not 0 < metadata.cf_threshold < 1
            or not 0 <= metadata.guard_band < 1
        ):
            raise ModelIncompatibleError("model-metadata", "A metadata value is out of range.", EXPORT_MODEL)
        return metadata


@dataclass(slots=True)
class _Inspection:
    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    operator_domains: set[str] = field(default_factory=set)
    external_data: bool = False


def inspect(data: bytes) -> ModelMetadata:
    """Check a sealed model's format without an engine, and read its metadata.

    Raises
    ------
    ModelIncompatibleError
        External data, an operator domain or version that field devices lack, or another schema.
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
    return ModelMetadata.from_entries(found.entries)


# Protocol-buffer field numbers of onnx.proto (ONNX 1.23, Apache-2.0): only those that are looked at.
_MODEL_IR, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_FUNCTION = 1, 7, 8, 14, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = {5, 10}, {6, 11}
_MAX_DEPTH = 16


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field number, integer or bytes) of one protocol-buffer message."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
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


def _text(value: int | memoryview) -> str:
    return bytes(_bytes(value)).decode("utf-8")


def _walk_model(data: bytes, found: _Inspection) -> None:
    for number, value in _fields(memoryview(data)):
        if number == _MODEL_IR and isinstance(value, int):
            found.ir_version = value
        elif number == _MODEL_GRAPH:
            _walk_graph(_bytes(value), found, 0)
        elif number == _MODEL_OPSET:
            opset = dict(_fields(_bytes(value)))
            version = opset.get(2, 0)
            found.opsets[_text(opset[1]) if 1 in opset else ""] = version if isinstance(version, int) else 0
        elif number == _MODEL_METADATA:
            entry = dict(_fields(_bytes(value)))
            found.entries[_text(entry.get(1, memoryview(b"")))] = _text(entry.get(2, memoryview(b"")))
        elif number == _MODEL_FUNCTION:
            found.operator_domains.add("model-local functions")
    if not found.opsets:
        raise ValueError("no opset")


def _walk_graph(graph: memoryview, found: _Inspection, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("graphs are nested too deep")
    for number, value in _fields(graph):
        if number == _GRAPH_NODE:
            _walk_node(_bytes(value), found, depth)
        elif number == _GRAPH_INITIALIZER:
            _walk_tensor(_bytes(value), found)
        elif number == _GRAPH_SPARSE:
            for part, tensor in _fields(_bytes(value)):
                if part in (1, 2):
                    _walk_tensor(_bytes(tensor), found)


def _walk_node(node: memoryview, found: _Inspection, depth: int) -> None:
    for number, value in _fields(node):
        if number == _NODE_DOMAIN:
            found.operator_domains.add(_text(value))
        elif number == _NODE_ATTRIBUTE:
            for part, inner in _fields(_bytes(value)):
                if part in _ATTRIBUTE_TENSORS:
                    _walk_tensor(_bytes(inner), found)
                elif part in _ATTRIBUTE_GRAPHS:
                    _walk_graph(_bytes(inner), found, depth + 1)


def _walk_tensor(tensor: memoryview, found: _Inspection) -> None:
    for number, value in _fields(tensor):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value == 1):
            found.external_data = True
