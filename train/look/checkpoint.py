"""The trained look and what is known about it, in one file that cannot run code when it is opened."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from train.checkpoint import CheckpointError, write_atomically
from train.parsing import build

from .network import LookConfig, LookNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

FORMAT = "edge-cataract/look-checkpoint/1"


@dataclass(frozen=True, slots=True)
class LookCheckpoint:
    """What a training run of a look leaves.

    Attributes
    ----------
    metadata
        Name, version, shape of the network, recipe, steps, what it learnt from, and what was measured.
    weights
        The network's state, float32.
    """

    metadata: Mapping[str, Any]
    weights: Mapping[str, Tensor]

    def network(self) -> LookNetwork:
        """Build the network in eval mode."""
        network = LookNetwork(build(LookConfig, self.metadata["network"]))
        network.load_state_dict(dict(self.weights))
        return network.eval()


def save_look(checkpoint: LookCheckpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    weights = {name: value.detach().cpu().contiguous() for name, value in checkpoint.weights.items()}
    metadata = json.dumps(dict(checkpoint.metadata), allow_nan=False)
    write_atomically({"format": FORMAT, "metadata": metadata, "weights": weights}, path)


def load_look(path: Path) -> LookCheckpoint:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        When the file is missing or is no checkpoint of a look.
    """
    try:
        content = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        return LookCheckpoint(json.loads(content["metadata"]), content["weights"])
    except Exception as error:  # torch's errors on other files share no base class but this
        raise CheckpointError(
            "checkpoint-format", f"{path} is no checkpoint of a look.", "Make it with 'python -m train look'."
        ) from error
