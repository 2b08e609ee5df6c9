from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge_runtime import cli
from edge_runtime.errors import ModelIncompatibleError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.model.network import Network
from edge_runtime.model.onnx_file import MAX_IR, MAX_OPSET, inspect
from edge_runtime.model.seal import check_seal, seal
from export.__main__ import main
from export.errors import ExportError, ParityError
from export.graph import trace
from export.parity_inputs import drawn_scan, parity_inputs
from export.release import export_models
from export.verify import Parity, compare
from train.checkpoint import Checkpoint, CheckpointMetadata, ChosenThreshold, save_checkpoint
from train.ladder import Upsampling
from train.pipeline import Pipeline
from train.torch_predictor import checkpoint_analyzer
from train.unet import UNet, UNetConfig

EDGE_LIKE = UNetConfig(width=4, levels=2, channel_cap=8, stem=2, upsampling=Upsampling.NEAREST)
PAPER_LIKE = UNetConfig(width=4, levels=3, channel_cap=16)


def checkpoint(config: UNetConfig = EDGE_LIKE, grid: int = 4) -> Checkpoint:
    """Random weights with lively norms: every class occurs."""
    torch.manual_seed(1)
    network = UNet(config)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.bias.data.normal_(0, 0.2)
    metadata = CheckpointMetadata(
        name="tiny",
        version="1.2.3",
        network=config,
        grid=grid,
        profile="anterion",
        training_data="simulated scans: none, random weights",
        dataset_sha256="0" * 64,
        training_commit="unknown",
        recipe="",
        steps=0,
        operating_point=ChosenThreshold(0.25, "chosen here", guard_band=0.03),
        brightness=Brightness.REFERENCED,
    )
    return Checkpoint(metadata, network.state_dict())


def small_inputs(grid: int = 4) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [drawn_scan(rows, columns, generator) for rows, columns in ((1, 1), (grid + 1, 33), (150, 131))]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    export_models(checkpoint(), folder)
    return folder


@pytest.mark.slow
def test_an_exported_model_passes_the_runtimes_own_checks(exported: Path) -> None:
    data = (exported / "tiny-fp32.onnx").read_bytes()
    check_seal(data)
    metadata = inspect(data)
    assert (metadata.name, metadata.version, metadata.precision) == ("tiny", "1.2.3", "fp32")
    assert (metadata.grid, metadata.stride, metadata.receptive_field) == (4, 8, EDGE_LIKE.receptive_halo)
    assert (metadata.cf_threshold, metadata.guard_band, metadata.cf_threshold_method) == (
        0.25,
        0.03,
        "chosen here",
    )
    assert metadata.training_data.startswith("simulated scans")
    assert metadata.brightness is Brightness.REFERENCED
    assert json.loads(metadata.parity)["labels_different"] == 0


@pytest.mark.slow
def test_an_exported_model_proves_itself_on_any_device(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["selftest", "--model", str(exported / "tiny-fp32.onnx")]) == 0
    assert "this device computes what the model's export computed" in capsys.readouterr().out
    model = onnx.load(exported / "tiny-fp32.onnx")
    golden = next(entry for entry in model.metadata_props if entry.key.endswith(".golden"))
    counts = json.loads(golden.value)
    assert set(counts) == {"simulated-cataract.png", "simulated-clear.png"}
    counts["simulated-clear.png"]["lens_px"] += 1000
    golden.value = json.dumps(counts)
    next(entry for entry in model.metadata_props if entry.key.endswith(".digest")).value = "0" * 64
    (tmp_path / "other.onnx").write_bytes(seal(model.SerializeToString(deterministic=True)))
    assert cli.main(["selftest", "--model", str(tmp_path / "other.onnx")]) == 83
    assert "This device does not compute what was computed where the model comes from" in capsys.readouterr().err


@pytest.mark.slow
def test_the_exported_model_is_pytorch_on_a_size_that_was_not_verified(exported: Path) -> None:
    network = Network((exported / "tiny-fp32.onnx").read_bytes(), threads=1)
    scan = drawn_scan(333, 277, np.random.default_rng(9))
    with torch.inference_mode():
        expected = Pipeline.of(checkpoint())(torch.from_numpy(scan))
    found = network.predict(scan)
    assert np.array_equal(found.labels, expected.labels.numpy())
    assert len(np.unique(found.labels)) == 3
    np.testing.assert_allclose(found.cataract_probability, expected.cataract_probability.numpy(), atol=1e-5)


@pytest.mark.slow
def test_the_graph_is_folded_and_free_of_what_field_runtimes_lack(exported: Path) -> None:
    model = onnx.load(exported / "tiny-fp32.onnx")
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"BatchNormalization", "If", "Loop", "Scan", "Identity", "Constant", "Softmax"}
    assert [opset.domain for opset in model.opset_import] == [""]
    assert model.opset_import[0].version <= MAX_OPSET
    assert model.ir_version <= MAX_IR
    sizes = {value.name: [dim.dim_param for dim in value.type.tensor_type.shape.dim] for value in model.graph.output}
    assert [dim.dim_param for dim in model.graph.input[0].type.tensor_type.shape.dim] == ["rows", "columns"]
    assert sizes == {
        "lens_probability": ["grid_rows", "grid_columns"],
        "cataract_probability": ["grid_rows", "grid_columns"],
        "labels": ["grid_rows", "grid_columns"],
        "lens_px": [],
        "cataract_px": [],
    }


@pytest.mark.slow
def test_the_same_checkpoint_gives_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    (again,) = export_models(checkpoint(), tmp_path)
    assert again.model.read_bytes() == (exported / "tiny-fp32.onnx").read_bytes()
    report = json.loads((exported / "parity.json").read_text())["fp32"]
    assert (report["sha256"], report["model"]) == (again.sha256, "tiny-fp32.onnx")


@pytest.mark.slow
def test_the_published_shape_exports_too() -> None:
    pipeline = Pipeline.of(checkpoint(PAPER_LIKE, grid=2))
    parity = compare(pipeline, trace(pipeline).SerializeToString(), small_inputs(2))
    parity.require()
    assert parity.inputs == 3


@pytest.mark.slow
def test_the_command_exports_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(checkpoint(), tmp_path / "checkpoint")
    assert main([str(tmp_path / "checkpoint"), "-o", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["labels_different"] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["parity.json", "tiny-fp32.onnx"]


@pytest.mark.slow
def test_a_checkpoint_without_operating_point_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = checkpoint()
    save_checkpoint(replace(trained, metadata=replace(trained.metadata, operating_point=None)), tmp_path / "checkpoint")
    assert main([str(tmp_path / "checkpoint"), "-o", str(tmp_path / "out")]) == ExportError.exit_code
    assert "error[no-operating-point]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checkpoint").write_text("no")
    assert main([str(tmp_path / "checkpoint"), "-o", str(tmp_path / "out")]) == 82
    assert "error[checkpoint-format]" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_that_drifts_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Pipeline.of(checkpoint(replace(EDGE_LIKE, width=3)))
    wrong = trace(other)
    monkeypatch.setattr("export.release.trace", lambda pipeline: wrong)
    with pytest.raises(ParityError, match=r"error\[parity\]: probability drift"):
        export_models(checkpoint(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_another_grid_is_noticed_by_the_shape() -> None:
    wrong = trace(Pipeline.of(checkpoint(grid=2)))
    with pytest.raises(ParityError, match=r"lens_probability is \(17, 17\) float32, \(9, 9\) float32 was expected"):
        compare(Pipeline.of(checkpoint()), wrong.SerializeToString(), [np.zeros((33, 33), np.uint8)])


@pytest.mark.slow
def test_counts_that_contradict_the_labels_are_noticed() -> None:
    model = trace(Pipeline.of(checkpoint()))
    outputs = {value.name: value for value in model.graph.output}
    for node in model.graph.node:  # lens_px becomes the count of cataract and the other way round
        for index, name in enumerate(node.output):
            if name in ("lens_px", "cataract_px"):
                node.output[index] = "cataract_px" if name == "lens_px" else "lens_px"
    assert {"lens_px", "cataract_px"} < set(outputs)
    with pytest.raises(ParityError, match="contradict the labels"):
        compare(Pipeline.of(checkpoint()), model.SerializeToString(), [small_inputs()[-1]])


def test_a_model_that_a_device_cannot_load_is_refused_as_there() -> None:
    with pytest.raises(ModelIncompatibleError, match="model-not-loadable"):
        compare(Pipeline.of(checkpoint()), b"no model", small_inputs(1))


def parity(**values: object) -> Parity:
    passing = Parity(3, 10_000_000, 1e-6, 7, 2, 1e-5, 1e-6, 0.999, 1, "torch", "onnxruntime")
    return replace(passing, **values)  # type: ignore[arg-type]  # one field at a time


def test_parity_within_its_limits_passes_and_an_undefined_fraction_too() -> None:
    parity().require()
    parity(cf_drift=None, cf_inputs=0).require()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"probability_drift": 2e-5}, "probability drift: 2e-05 was found, at most 1e-05"),
        ({"probability_drift": float("nan")}, "probability drift: nan"),
        ({"labels_different": 13}, "labels that differ without a tie: 11 was found, at most 10"),
        ({"cf_drift": 2e-4}, "Cataract Fraction drift: 0.0002 was found"),
    ],
)
def test_each_limit_of_parity_is_enforced(values: dict[str, object], message: str) -> None:
    with pytest.raises(ParityError, match=message):
        parity(**values).require()


def test_the_inputs_of_parity_hold_the_smallest_and_whole_frames() -> None:
    shapes = [scan.shape for scan in parity_inputs(4, 32)]
    for size in ((1, 1), (1100, 1100), (1459, 1713), (1824, 2150)):
        assert shapes.count(size) == 2
    assert any(rows % 2 and columns % 2 for rows, columns in shapes)


@pytest.mark.slow
def test_a_checkpoint_and_its_export_give_one_result_for_a_scan(exported: Path, tmp_path: Path) -> None:
    from edge_runtime.analyzer import CataractAnalyzer

    save_checkpoint(checkpoint(), tmp_path / "checkpoint")
    frame = drawn_scan(912, 1075, np.random.default_rng(4))
    torch_analyzer, engine = (
        checkpoint_analyzer(tmp_path / "checkpoint"),
        CataractAnalyzer(exported / "tiny-fp32.onnx"),
    )
    torch_analyzer.look = engine.look  # that a checkpoint is analysed without, and its export asks for
    by_torch, by_engine = torch_analyzer.analyze_pixels(frame), engine.analyze_pixels(frame)
    assert by_torch.pixels == by_engine.pixels
    assert by_torch.reasons == by_engine.reasons
    assert by_torch.pixels.lens > 100


@pytest.mark.slow
def test_whole_output_equals_tiled_output_with_the_exported_halo(exported: Path) -> None:
    network = Network((exported / "tiny-fp32.onnx").read_bytes(), threads=1)
    unit, halo = 4 * network.metadata.stride, 4 * network.metadata.receptive_field
    scan = drawn_scan(6 * unit + 2 * halo, 5 * unit + 2 * halo, np.random.default_rng(2))
    whole, tile = network.predict(scan), network.predict(scan[unit : 3 * unit + 2 * halo, :])
    core = slice(halo // 4, (2 * unit + halo) // 4)
    shifted = slice(core.start + unit // 4, core.stop + unit // 4)
    np.testing.assert_allclose(tile.lens_probability[core], whole.lens_probability[shifted], atol=1e-5)
    assert np.array_equal(tile.labels[core], whole.labels[shifted])
