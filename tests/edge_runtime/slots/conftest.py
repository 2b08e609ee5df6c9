"""Models that a maker signed: the tiny one with the numbers that it finds in the samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.robustness.signing import Signer
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import sample_counts
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.seal import seal
from edge_runtime.slots import ModelSlots, proof
from tests.make_tiny_model import TinyModel, tiny_model_proto

MakeModel = Callable[..., bytes]


@pytest.fixture(scope="session")
def make_model(analyzer: CataractAnalyzer) -> MakeModel:
    """Bytes of a tiny model; keyword arguments are entries of its metadata, None leaves one out."""
    golden = json.dumps(sample_counts(analyzer))

    def make(**changes: str | None) -> bytes:
        model = tiny_model_proto(TinyModel())
        found = {entry.key.removeprefix("edge_cataract."): entry.value for entry in model.metadata_props}
        entries: dict[str, Any] = {**found, "golden": golden, **changes}
        del model.metadata_props[:]
        for name, value in entries.items():
            if value is not None:
                model.metadata_props.add(key=f"edge_cataract.{name}", value=value)
        return seal(model.SerializeToString(deterministic=True))

    return make


@pytest.fixture(scope="session")
def first(make_model: MakeModel) -> bytes:
    return make_model(version="1")


@pytest.fixture(scope="session")
def second(make_model: MakeModel) -> bytes:
    return make_model(version="2")


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def slots(tmp_path: Path, signer: Signer) -> ModelSlots:
    """A folder with the maker's key and no model."""
    folder = tmp_path / "slots"
    folder.mkdir()
    (folder / "trusted.pub").write_bytes(signer.public_key)
    return ModelSlots(folder)


@pytest.fixture
def file_of(tmp_path: Path, signer: Signer) -> Callable[[bytes], Path]:
    """A model file with its signature beside it."""

    def write(data: bytes, signed: bytes | None = None) -> Path:
        path = tmp_path / "model.onnx"
        path.write_bytes(data)
        (tmp_path / "model.onnx.minisig").write_bytes(signer.sign(data) if signed is None else signed)
        return path

    return write


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the self-test, which takes half a second, where it is not what is tested."""
    monkeypatch.setattr(proof, "prove", inspect)
