"""The model in use of a folder of slots, and what is asked of it before it judges."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.dicom_net.slot_model import SlotModel
from edge_runtime.errors import InferenceError, ModelIntegrityError, ModelMissingError
from edge_runtime.golden import sample_counts
from edge_runtime.machine.resources import Limits
from edge_runtime.model.seal import seal
from edge_runtime.slots.state import SlotState, write_state
from edge_runtime.slots.store import ModelStore
from tests.make_tiny_model import TinyModel, tiny_model_proto

SETTINGS = AnalyzerSettings(None, "int8", 0.25, None, Limits(1), None)


def model_with(golden: str) -> bytes:
    """A tiny model whose export found these numbers in the samples."""
    model = tiny_model_proto(TinyModel())
    kept = [entry for entry in model.metadata_props if entry.key != "edge_cataract.golden"]
    entries = {**{entry.key: entry.value for entry in kept}, "edge_cataract.golden": golden}
    del model.metadata_props[:]
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
    return seal(model.SerializeToString(deterministic=True))


@pytest.fixture(scope="module")
def good(analyzer: CataractAnalyzer) -> bytes:
    return model_with(json.dumps(sample_counts(analyzer)))


def use(folder: Path, data: bytes) -> str:
    """Put a model into the slots, in use; returns its hash."""
    ModelStore(str(folder)).keep(data, b"a signature, which nobody asks for any more")
    sha256 = hashlib.sha256(data).hexdigest()
    write_state(str(folder), SlotState(1, sha256, (None,)))
    return sha256


def test_the_model_in_use_is_loaded_with_all_other_settings(good: bytes, tmp_path: Path) -> None:
    sha256 = use(tmp_path, good)
    analyzer = SlotModel.in_use(str(tmp_path), SETTINGS).load()
    assert (analyzer.network.sha256, analyzer.point.cf_threshold) == (sha256, 0.25)


def test_a_switch_waits_for_the_next_start(good: bytes, tmp_path: Path) -> None:
    sha256 = use(tmp_path, good)
    model = SlotModel.in_use(str(tmp_path), SETTINGS)
    write_state(str(tmp_path), SlotState(2, None, (None, sha256)))
    assert model.load().network.sha256 == sha256
    assert SlotModel.in_use(str(tmp_path), SETTINGS).sha256 is None


def test_a_model_that_fails_its_self_test_judges_nothing(good: bytes, tmp_path: Path) -> None:
    wrong = model_with('{"no such scan": {"sha256": "0", "lens_px": 1, "cataract_px": 1}}')
    use(tmp_path, wrong)
    with pytest.raises(InferenceError, match="selftest-failed"):
        SlotModel.in_use(str(tmp_path), SETTINGS).load()


def test_a_model_that_is_not_what_was_installed_is_not_loaded(good: bytes, tmp_path: Path) -> None:
    sha256 = use(tmp_path, good)
    model, file = SlotModel.in_use(str(tmp_path), SETTINGS), tmp_path / sha256 / "model.onnx"
    file.write_bytes(model_with("{}"))
    for begin in (model.load, lambda: SlotModel.in_use(str(tmp_path), SETTINGS)):
        with pytest.raises(ModelIntegrityError, match="damaged-model"):
            begin()
    file.unlink()
    with pytest.raises(ModelMissingError, match="missing-model"):
        model.load()
