"""Which model the service measures with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.errors import ModelIntegrityError
from edge_runtime.machine.resources import Limits
from edge_runtime.service.models import ModelOfSlots, OneModel
from edge_runtime.slots import ModelSlots

SETTINGS = AnalyzerSettings("named.onnx", "int8", 0.2, None, Limits(1), None)


def test_one_model_stays() -> None:
    source = OneModel(SETTINGS)
    assert (source.generation(), source.settings()) == (0, SETTINGS)


def test_slots_that_were_never_switched_mean_the_bundled_model_with_all_other_settings(tmp_path: Path) -> None:
    source = ModelOfSlots(ModelSlots(tmp_path), SETTINGS)
    settings = source.settings()
    assert isinstance(settings, AnalyzerSettings)
    assert (source.generation(), settings.model, settings.threshold) == (0, None, 0.2)


def test_a_slot_whose_file_is_changed_before_it_is_loaded_is_refused(
    tmp_path: Path, proven_model: Path, tiny_model: Path
) -> None:
    content = proven_model.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    file = tmp_path / sha256 / "model.onnx"
    file.parent.mkdir()
    file.write_bytes(content)
    state = {"schema": "edge-cataract/slots/1", "generation": 1, "current": sha256, "before": []}
    (tmp_path / "slots.json").write_text(json.dumps(state))
    settings = ModelOfSlots(ModelSlots(tmp_path), replace(SETTINGS, model=None)).settings()
    assert settings.load().network.sha256 == sha256
    file.write_bytes(tiny_model.read_bytes())
    with pytest.raises(ModelIntegrityError, match="damaged-model"):
        settings.load()


def test_slots_that_are_damaged_are_told(tmp_path: Path) -> None:
    (tmp_path / "slots.json").write_text("no list of models")
    with pytest.raises(ModelIntegrityError, match="damaged-slots"):
        ModelOfSlots(ModelSlots(tmp_path), SETTINGS).generation()
