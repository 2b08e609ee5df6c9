"""Which model the service measures with."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.errors import ModelIntegrityError
from edge_runtime.machine.resources import Limits
from edge_runtime.service.models import OneModel, SlotModel
from edge_runtime.slots import ModelSlots

SETTINGS = AnalyzerSettings("named.onnx", "int8", 0.2, None, Limits(1), None)


def test_one_model_stays() -> None:
    source = OneModel(SETTINGS)
    assert (source.generation(), source.settings()) == (0, SETTINGS)


def test_slots_that_were_never_switched_mean_the_bundled_model_with_all_other_settings(tmp_path: Path) -> None:
    source = SlotModel(ModelSlots(tmp_path), SETTINGS)
    settings = source.settings()
    assert isinstance(settings, AnalyzerSettings)
    assert (source.generation(), settings.model, settings.threshold) == (0, None, 0.2)


def test_slots_that_are_damaged_are_told(tmp_path: Path) -> None:
    (tmp_path / "slots.json").write_text("no list of models")
    with pytest.raises(ModelIntegrityError, match="damaged-slots"):
        SlotModel(ModelSlots(tmp_path), SETTINGS).generation()
