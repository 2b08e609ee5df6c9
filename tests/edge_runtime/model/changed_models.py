"""The tiny model, sealed, and as an exporter gone wrong would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge_runtime.errors import ModelIncompatibleError
from edge_runtime.model.metadata import PREFIX
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.seal import check_seal, seal
from tests.make_tiny_model import TinyModel, tiny_model_bytes, tiny_model_proto

SEALED = tiny_model_bytes(TinyModel())


def sealed(change: Callable[[Any], object]) -> bytes:
    """The tiny model, changed before it is sealed."""
    model = tiny_model_proto(TinyModel())
    change(model)
    return seal(model.SerializeToString(deterministic=True))


def with_entry(name: str, value: str | None) -> bytes:
    """The tiny model with one entry of its metadata replaced, or left out."""

    def change(model: Any) -> None:
        kept = [entry for entry in model.metadata_props if entry.key != PREFIX + name]
        entries = [(entry.key, entry.value) for entry in kept]
        del model.metadata_props[:]
        for key, text in [*entries, *([(PREFIX + name, value)] if value is not None else [])]:
            model.metadata_props.add(key=key, value=text)

    return sealed(change)


def refused_as(data: bytes) -> str:
    """The word with which a model of intact seal is refused."""
    check_seal(data)
    with pytest.raises(ModelIncompatibleError) as caught:
        inspect(data)
    assert caught.value.exit_code == 82
    return caught.value.word
