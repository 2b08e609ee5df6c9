"""A model file is read whole and verified before the engine sees it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edge_runtime.errors import (
    EdgeCataractError,
    ModelIncompatibleError,
    ModelIntegrityError,
    ModelMissingError,
    UsageError,
)
from edge_runtime.model import session, store
from edge_runtime.model.network import Network
from edge_runtime.model.store import read_model
from tests.make_tiny_model import TinyModel, tiny_model_bytes


def test_model_file_is_read_and_verified(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(tiny_model_bytes())
    assert read_model(tmp_path / "m.onnx", "fp32") == tiny_model_bytes()


def test_missing_model_is_named_without_its_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "no.onnx", tmp_path):
        with pytest.raises(ModelMissingError, match=f"no model file '{path.name}'") as caught:
            read_model(path, "fp32")
        assert caught.value.exit_code == 80


def test_damaged_model_is_refused_before_the_engine_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "load_onnxruntime", lambda: pytest.fail("the engine was asked"))
    data = bytearray(tiny_model_bytes())
    data[len(data) // 3] ^= 4
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(ModelIntegrityError):
        read_model(tmp_path / "m.onnx", "fp32")


def test_file_too_large_to_be_a_model_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "m.onnx", "wb") as file:
        file.truncate(512 * 1024 * 1024 + 1)
    with pytest.raises(ModelIncompatibleError, match="too large"):
        read_model(tmp_path / "m.onnx", "fp32")


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(UsageError, match="Choose one of fp32, int8") as caught:
        read_model(None, "fp16")
    assert caught.value.word == "unknown-precision"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of one model, the tiny one, as a release has it."""
    data = tiny_model_bytes()
    (tmp_path / "tiny.onnx").write_bytes(data)
    entry = {"file": "tiny.onnx", "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "register.json").write_text(json.dumps({"fp32": entry}))
    monkeypatch.setattr(store, "BUNDLE", str(tmp_path))
    return tmp_path


def test_bundled_model_is_checked_against_the_register(bundle: Path) -> None:
    assert read_model(None, "fp32") == tiny_model_bytes()
    # A valid, sealed model, but not the one that was released.
    (bundle / "tiny.onnx").write_bytes(tiny_model_bytes(TinyModel(cf_threshold=0.9)))
    with pytest.raises(ModelIntegrityError, match="differs from the one that was released"):
        read_model(None, "fp32")


def test_precision_that_is_not_bundled_is_missing(bundle: Path) -> None:
    with pytest.raises(ModelMissingError, match="bundles no int8 model"):
        read_model(None, "int8")


def test_bundle_without_its_model_or_register_is_missing(bundle: Path) -> None:
    (bundle / "tiny.onnx").unlink()
    with pytest.raises(ModelMissingError):
        read_model(None, "fp32")
    (bundle / "register.json").unlink()
    with pytest.raises(ModelMissingError, match="bundles no model"):
        read_model(None, "fp32")


def test_damaged_register_is_damage(bundle: Path) -> None:
    (bundle / "register.json").write_text("{")
    with pytest.raises(ModelIntegrityError, match="register"):
        read_model(None, "fp32")


@pytest.mark.parametrize("position", [0.001, 0.1, 0.33, 0.5, 0.77, 0.9, 0.999])
def test_bundled_model_with_one_flipped_bit_is_refused(
    position: float, bundled_analyzer: object, tmp_path: Path
) -> None:
    register = json.loads(Path(store.BUNDLE, "register.json").read_text())
    assert register.keys() == {"fp32", "int8"}
    for entry in register.values():
        data = bytearray(Path(store.BUNDLE, entry["file"]).read_bytes())
        data[int(position * len(data))] ^= 1 << int(position * 1000) % 8
        (tmp_path / "m.onnx").write_bytes(data)
        with pytest.raises(EdgeCataractError) as caught:
            read_model(tmp_path / "m.onnx", "fp32")
        assert caught.value.exit_code in (81, 82)


def test_register_holds_the_hash_of_every_bundled_model(bundled_analyzer: object) -> None:
    register = json.loads(Path(store.BUNDLE, "register.json").read_text())
    assert "fp32" in register
    look = json.loads(Path(store.BUNDLE, store.LOOK_REGISTER).read_text())
    named = {entry["file"] for entry in (*register.values(), look)}
    assert named == {path.name for path in Path(store.BUNDLE).glob("*.onnx")}
    assert hashlib.sha256(store.read_look()).hexdigest() == look["sha256"]
    assert store.models_with_look().isdisjoint(entry["sha256"] for entry in register.values())  # they ask for it
    for precision, entry in register.items():
        data = Path(store.BUNDLE, entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert Network(read_model(None, precision), 1).metadata.precision == precision
