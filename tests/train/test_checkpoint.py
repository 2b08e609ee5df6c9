from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from train.checkpoint import (
    Checkpoint,
    CheckpointError,
    CheckpointMetadata,
    ChosenThreshold,
    load_checkpoint,
    load_network,
    save_checkpoint,
    write_atomically,
)
from train.unet import UNet, UNetConfig

CONFIG = UNetConfig(width=2, levels=2, channel_cap=4)


def checkpoint(config: UNetConfig = CONFIG) -> Checkpoint:
    torch.manual_seed(0)
    metadata = CheckpointMetadata(
        name="tiny",
        version="0",
        network=config,
        grid=4,
        profile="anterion",
        training_data="simulated scans",
        dataset_sha256="0" * 64,
        training_commit="unknown",
        recipe="",
        steps=3,
        operating_point=ChosenThreshold(0.14, "chosen for this test"),
    )
    return Checkpoint(metadata, UNet(config).state_dict())


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = checkpoint()
    save_checkpoint(saved, tmp_path / "checkpoint")
    loaded = load_checkpoint(tmp_path / "checkpoint")
    assert loaded.metadata == saved.metadata
    assert all(torch.equal(loaded.weights[name], value) for name, value in saved.weights.items())
    assert loaded.calibration is None


def test_calibration_windows_come_back_and_odd_ones_are_refused(tmp_path: Path) -> None:
    windows = torch.arange(24, dtype=torch.uint8).reshape(2, 3, 4)
    save_checkpoint(replace(checkpoint(), calibration=windows), tmp_path / "checkpoint")
    loaded = load_checkpoint(tmp_path / "checkpoint").calibration
    assert loaded is not None
    assert torch.equal(loaded, windows)
    save_checkpoint(replace(checkpoint(), calibration=windows.float()), tmp_path / "odd")
    with pytest.raises(CheckpointError, match="calibration"):
        load_checkpoint(tmp_path / "odd")


def test_load_network_returns_the_trained_network_in_eval_mode(tmp_path: Path) -> None:
    saved = checkpoint()
    save_checkpoint(saved, tmp_path / "checkpoint")
    network = load_network(tmp_path / "checkpoint")
    assert not network.training
    grey = torch.rand(1, 1, 8, 8)
    with torch.inference_mode():
        assert torch.equal(network(grey), saved.network()(grey))


def test_an_operating_point_is_added_without_touching_the_weights() -> None:
    other = checkpoint().with_operating_point(ChosenThreshold(0.3, "again"))
    assert other.metadata.operating_point == ChosenThreshold(0.3, "again")
    assert other.metadata.steps == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-missing\].*nothing"):
        load_checkpoint(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps({"format": "x"}), b"PK\x03\x04 broken zip"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-format\]"):
        load_checkpoint(path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(checkpoint(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-format\]"):
        load_checkpoint(path)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(
        {"format": "edge-cataract/checkpoint/1", "metadata": "{}", "weights": Path("/")}, tmp_path / "checkpoint"
    )
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-format\]"):
        load_checkpoint(tmp_path / "checkpoint")


def test_another_torch_file_is_refused(tmp_path: Path) -> None:
    torch.save({"weights": {}}, tmp_path / "checkpoint")
    with pytest.raises(CheckpointError, match=r"no checkpoint of format edge-cataract/checkpoint/1"):
        load_checkpoint(tmp_path / "checkpoint")


WHOLE = checkpoint().metadata.to_json()


@pytest.mark.parametrize(
    "metadata",
    [
        "{}",
        "[]",
        "no json",
        WHOLE.replace('"grid": 4', '"grid": 0'),
        WHOLE.replace('"grid": 4', '"grid": "4"'),
        WHOLE.replace('"grid": 4', '"grid": 4, "colour": 1'),
        WHOLE.replace('"width": 2', '"breadth": 2'),
        WHOLE.replace(', "brightness": "as-shown"', ""),
    ],
)
def test_malformed_metadata_are_refused(tmp_path: Path, metadata: str) -> None:
    assert metadata != WHOLE
    content = {"format": "edge-cataract/checkpoint/1", "metadata": metadata, "weights": dict(checkpoint().weights)}
    write_atomically(content, tmp_path / "checkpoint")
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-metadata\]"):
        load_checkpoint(tmp_path / "checkpoint")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = replace(checkpoint(), metadata=checkpoint(UNetConfig(width=3, levels=2, channel_cap=6)).metadata)
    save_checkpoint(other, tmp_path / "checkpoint")
    with pytest.raises(CheckpointError, match=r"error\[checkpoint-weights\].*width=3"):
        load_network(tmp_path / "checkpoint")


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1])
def test_a_threshold_outside_the_open_unit_interval_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="cf_threshold"):
        ChosenThreshold(threshold, "chosen for this test")
