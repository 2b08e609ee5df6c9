"""The checkpoint that ships is the model that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from train.checkpoint import load_checkpoint
from train.torch_predictor import checkpoint_analyzer

CHECKPOINTS = Path(__file__).parents[2] / "train" / "checkpoints"


def network_version(version: str) -> str:
    """Of a recipe and a checkpoint; the last number of a model's version counts its coefficients, fitted anew."""
    return f"{version.rpartition('.')[0]}.0"


def test_there_is_one_checkpoint_and_it_is_of_the_bundled_model() -> None:
    model = CataractAnalyzer().network.metadata
    assert [path.name for path in CHECKPOINTS.iterdir()] == [f"{model.name}-{network_version(model.version)}"]
    checkpoint = load_checkpoint(next(CHECKPOINTS.iterdir())).metadata
    assert checkpoint.version == network_version(model.version)
    for name in ("name", "grid", "profile", "brightness", "training_data", "training_commit"):
        assert getattr(checkpoint, name) == getattr(model, name), name
    assert (checkpoint.network.stride, checkpoint.network.receptive_halo) == (model.stride, model.receptive_field)


@pytest.mark.slow
@pytest.mark.parametrize("sample", ["simulated-cataract.png", "simulated-clear.png"])
def test_both_find_the_same_in_a_sample(sample: str) -> None:
    bundled = CataractAnalyzer(precision="fp32")
    metadata = bundled.network.metadata
    checkpoint = CHECKPOINTS / f"{metadata.name}-{network_version(metadata.version)}"
    by_torch = checkpoint_analyzer(checkpoint, look=metadata.look).analyze(SAMPLES / sample)
    by_engine = bundled.analyze(SAMPLES / sample)
    assert by_torch.pixels.lens == pytest.approx(by_engine.pixels.lens, abs=2)
    assert by_torch.pixels.cataract == pytest.approx(by_engine.pixels.cataract, abs=2)
    assert by_engine.pixels.lens > 10_000
