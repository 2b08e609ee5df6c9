"""The model in use of a folder of slots, and what is asked of it before it judges: one way for every program."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.errors import InferenceError, ModelIntegrityError, ModelMissingError
from edge_runtime.machine.resources import Limits
from edge_runtime.slots.in_use import ModelInUse, check_same
from edge_runtime.slots.state import SlotState, write_state
from edge_runtime.slots.store import ModelStore

from .conftest import MakeModel

SETTINGS = AnalyzerSettings(None, "int8", 0.25, None, Limits(1), None)
WRONG = '{"no such scan": {"sha256": "0", "lens_px": 1, "cataract_px": 1}}'


def use(folder: Path, data: bytes) -> str:
    """Put a model into the slots, in use; returns its hash."""
    ModelStore(str(folder)).keep(data, b"a signature, which nobody asks for any more")
    sha256 = hashlib.sha256(data).hexdigest()
    write_state(str(folder), SlotState(1, sha256, (None,)))
    return sha256


def test_a_process_loads_the_model_in_use_with_all_other_settings(first: bytes, tmp_path: Path) -> None:
    sha256 = use(tmp_path, first)
    analyzer = pickle.loads(pickle.dumps(ModelInUse.now(str(tmp_path), SETTINGS))).load()
    assert (analyzer.network.sha256, analyzer.point.cf_threshold) == (sha256, 0.25)


def test_slots_that_were_never_switched_mean_the_bundled_model(tmp_path: Path) -> None:
    settings = ModelInUse.now(str(tmp_path), SETTINGS)
    assert (settings.model, settings.sha256, settings.precision) == (None, None, "int8")


def test_a_switch_waits_for_the_next_start(first: bytes, tmp_path: Path) -> None:
    sha256 = use(tmp_path, first)
    model = ModelInUse.now(str(tmp_path), SETTINGS)
    write_state(str(tmp_path), SlotState(2, None, (None, sha256)))
    assert model.load().network.sha256 == sha256
    assert ModelInUse.now(str(tmp_path), SETTINGS).sha256 is None


@pytest.mark.parametrize("golden", [WRONG, None])
def test_a_model_that_fails_its_self_test_judges_nothing(
    make_model: MakeModel, golden: str | None, tmp_path: Path
) -> None:
    sha256 = use(tmp_path, make_model(golden=golden))
    with pytest.raises(InferenceError, match="selftest-failed"):
        ModelInUse.now(str(tmp_path), SETTINGS).load()
    # The service proves it itself.
    assert ModelInUse.now(str(tmp_path), SETTINGS, proves=False).load().network.sha256 == sha256


@pytest.mark.parametrize("proves", [True, False])
def test_a_model_that_is_not_what_was_installed_is_not_loaded(
    first: bytes, second: bytes, tmp_path: Path, proves: bool
) -> None:
    sha256 = use(tmp_path, first)
    model, file = ModelInUse.now(str(tmp_path), SETTINGS, proves=proves), tmp_path / sha256 / "model.onnx"
    for content in (second, second[:-1]):  # another whole model, and one that is cut off
        file.write_bytes(content)
        for begin in (model.load, lambda: ModelInUse.now(str(tmp_path), SETTINGS)):
            with pytest.raises(ModelIntegrityError, match="damaged-model"):
                begin()
    file.unlink()
    for begin in (model.load, lambda: ModelInUse.now(str(tmp_path), SETTINGS)):
        with pytest.raises(ModelMissingError, match="missing-model"):
            begin()


def test_a_model_that_was_proven_is_known_by_its_hash(analyzer: CataractAnalyzer) -> None:
    check_same(analyzer, analyzer.network.sha256)
    with pytest.raises(ModelIntegrityError, match="damaged-model"):
        check_same(analyzer, "0" * 64)
