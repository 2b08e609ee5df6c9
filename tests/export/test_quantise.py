"""int8: quantised where it was meant to be, within its limits, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge_runtime.model.network import Network
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.seal import check_seal
from export.__main__ import main
from export.errors import ExportError, ParityError
from export.graph import trace
from export.parity_inputs import drawn_scan
from export.quantise import native_input, quantise
from export.release import export_models
from export.verify import LIMITS
from train.checkpoint import Checkpoint, save_checkpoint
from train.pipeline import Pipeline

from .test_release import EDGE_LIKE, checkpoint, parity

GRID = 4


def windows(count: int = 4) -> torch.Tensor:
    generator = np.random.default_rng(3)
    return torch.from_numpy(np.stack([drawn_scan(96, 96, generator) for _ in range(count)]))


@pytest.fixture(scope="module")
def trained() -> Checkpoint:
    return replace(checkpoint(), calibration=windows())


def test_a_native_input_has_the_window_as_its_means() -> None:
    window = windows(1)[0].numpy()
    native = native_input(window, GRID)
    means = native.reshape(96, GRID, 96, GRID).mean(axis=(1, 3))
    assert np.array_equal(means, window)


def test_all_but_the_entry_and_the_last_convolution_are_int8(trained: Checkpoint) -> None:
    model = quantise(trace(Pipeline.of(trained)), windows().numpy(), GRID)
    from_int8 = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    plain = [node.name for node in model.graph.node if node.op_type == "Conv" and not set(node.input[:2]) <= from_int8]
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    assert plain == [*convolutions[:2], convolutions[-1]]
    assert len(convolutions) > 5
    assert {node.domain for node in model.graph.node} == {""}
    assert [entry.domain for entry in model.opset_import] == [""]
    scales = {entry.name: onnx.numpy_helper.to_array(entry) for entry in model.graph.initializer}
    per_channel = [array for name, array in scales.items() if name.endswith("_scale") and array.size > 1]
    assert len(per_channel) >= len(convolutions) - 3


@pytest.mark.slow
def test_both_precisions_are_exported_with_one_report(trained: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(trained, tmp_path / "checkpoint")
    words = [str(tmp_path / "checkpoint"), "-o", str(tmp_path / "out"), "--precision", "fp32", "int8"]
    assert main(words) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["parity.json", "tiny-fp32.onnx", "tiny-int8.onnx"]
    report = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert list(report) == ["fp32", "int8"]
    data = (tmp_path / "out" / "tiny-int8.onnx").read_bytes()
    check_seal(data)
    assert inspect(data).precision == "int8"
    scan = drawn_scan(300, 280, np.random.default_rng(5))
    found = Network(data, threads=1).predict(scan)
    exact = Network((tmp_path / "out" / "tiny-fp32.onnx").read_bytes(), threads=1).predict(scan)
    assert found.labels.shape == exact.labels.shape
    assert not np.array_equal(found.cataract_probability, exact.cataract_probability)
    assert np.abs(found.cataract_probability - exact.cataract_probability).mean() < 0.05


@pytest.mark.slow
def test_without_windows_there_is_no_int8_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no-calibration"):
        export_models(checkpoint(), tmp_path / "out", ("fp32", "int8"))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_quantised_model_that_moves_the_fraction_is_refused(
    trained: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trace(Pipeline.of(checkpoint(replace(EDGE_LIKE, width=3))))
    monkeypatch.setattr("export.release.quantise", lambda model, windows, grid: other)
    monkeypatch.setattr("export.verify.MIN_LENS_PX_FOR_CF", 100)
    with pytest.raises(ParityError):
        export_models(trained, tmp_path / "out", ("int8",))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cf_drift": 0.021}, "Cataract Fraction drift: 0.021 was found, at most 0.02"),
        ({"cf_drift_99": 0.011}, "99th percentile,: 0.011 was found, at most 0.01"),
        ({"lens_dice": 0.98}, "1 - Dice of the lens: 0.02 was found, at most 0.01"),
    ],
)
def test_each_limit_of_int8_is_enforced(values: dict[str, object], message: str) -> None:
    with pytest.raises(ParityError, match=message):
        parity(**values).require(LIMITS["int8"])


def test_probabilities_of_int8_may_differ() -> None:
    parity(probability_drift=0.2, labels_different=900, cf_drift=0.015, cf_drift_99=0.009).require(LIMITS["int8"])
