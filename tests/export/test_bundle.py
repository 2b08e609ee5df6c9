from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import ModelIntegrityError
from edge_runtime.model import store
from export import bundle
from tests.make_tiny_look import tiny_look_bytes
from tests.make_tiny_model import TinyModel, tiny_model_bytes


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder to install into, in place of the real one."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "old-0.0.1-fp32.onnx").write_bytes(b"an older model")
    monkeypatch.setattr(bundle, "BUNDLE", folder)
    monkeypatch.setattr(store, "BUNDLE", str(folder))
    return folder


def test_installed_model_is_pinned_and_replaces_the_older_one(package: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.onnx"
    exported.write_bytes(tiny_model_bytes(TinyModel()))

    bundle.install_models([exported])

    register = json.loads((package / "register.json").read_text())
    assert register == {
        "fp32": {"file": "tiny-grey-level-0-fp32.onnx", "sha256": hashlib.sha256(exported.read_bytes()).hexdigest()}
    }
    assert sorted(path.name for path in package.iterdir()) == ["register.json", "tiny-grey-level-0-fp32.onnx"]
    assert store.read_model(None, "fp32") == exported.read_bytes()


def test_a_changed_bundled_model_is_refused_even_if_it_is_sealed(package: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.onnx"
    exported.write_bytes(tiny_model_bytes(TinyModel()))
    bundle.install_models([exported])
    (package / "tiny-grey-level-0-fp32.onnx").write_bytes(tiny_model_bytes(TinyModel(clear_from=50.5)))

    with pytest.raises(ModelIntegrityError, match="differs from the one that was released"):
        store.read_model(None, "fp32")


def test_samples_belong_to_a_cohort_of_their_own() -> None:
    cohorts = {eye.cohort for eye, _ in bundle.SAMPLE_SCANS.values()}

    assert cohorts == {"samples"}


def test_installed_look_is_pinned_with_the_models_before_which_it_is_taken(package: Path, tmp_path: Path) -> None:
    exported, look = tmp_path / "exported.onnx", tmp_path / "look.onnx"
    exported.write_bytes(tiny_model_bytes(TinyModel()))
    look.write_bytes(tiny_look_bytes())
    bundle.install_models([exported])
    (package / "look-old.onnx").write_bytes(b"an older look")

    bundle.install_look(look)

    assert store.read_look() == look.read_bytes()
    assert store.models_with_look() == {hashlib.sha256(exported.read_bytes()).hexdigest()}
    assert not (package / "look-old.onnx").exists()
    assert CataractAnalyzer(precision="fp32").look is not None
    (package / "look-0.onnx").write_bytes(tiny_look_bytes(schema="another"))
    with pytest.raises(ModelIntegrityError):
        store.read_look()
