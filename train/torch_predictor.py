"""A checkpoint behind the runtime's own steps: same reading, window and counting, PyTorch instead of onnxruntime."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch

from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.model.metadata import ModelMetadata
from edge_runtime.model.predictor import Prediction

from .checkpoint import CheckpointError, load_checkpoint
from .pipeline import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from .checkpoint import Checkpoint


class TorchNetwork:
    """The network of a checkpoint, with the interface of `edge_runtime.model.network.Network`.

    Attributes
    ----------
    metadata, sha256, threads
        The same as of a model file; the digest is that of the checkpoint file.
    pictures
        Beginnings of the digests of the pictures that it learnt from.
    """

    def __init__(self, checkpoint: Checkpoint, sha256: str, look: str = "") -> None:
        metadata = checkpoint.metadata
        point = metadata.operating_point
        if point is None:
            raise CheckpointError(
                "no-operating-point",
                "The checkpoint has no cf_threshold.",
                "Train with clear and cataract eyes held out.",
            )
        self._pipeline = Pipeline.of(checkpoint)
        self.sha256 = sha256
        self.pictures = frozenset(checkpoint.pictures)
        self.threads = torch.get_num_threads()
        self.metadata = ModelMetadata(
            name=metadata.name,
            version=metadata.version,
            precision="fp32",
            grid=metadata.grid,
            stride=metadata.network.stride,
            receptive_field=metadata.network.receptive_halo,
            cf_threshold=point.cf_threshold,
            cf_threshold_method=point.method,
            guard_band=point.guard_band,
            look=look,
            doubts="; ".join(point.doubts),
            profile=metadata.profile,
            brightness=metadata.brightness,
            training_data=metadata.training_data,
            training_commit=metadata.training_commit,
            parity="{}",
            licence="Apache-2.0",
            intended_use="Research use only. Not a medical device.",
        )

    def predict(self, window: NDArray[np.uint8]) -> Prediction:
        """Label one (rows, columns) uint8 window at the native pitch."""
        with torch.inference_mode():
            # A copy: torch can share the memory of writable arrays only, and a frame need not be one.
            found = self._pipeline(torch.tensor(window))
        evidence = getattr(found, "evidence", None)
        return Prediction(
            found.lens_probability.numpy(),
            found.cataract_probability.numpy(),
            found.labels.numpy(),
            None if evidence is None else evidence.numpy(),
        )


def checkpoint_analyzer(path: Path, profile: str | None = None, look: str = "") -> CataractAnalyzer:
    """The runtime's analyzer with a checkpoint in the place of the model file.

    Parameters
    ----------
    path
        Checkpoint file.
    profile
        Name of a device profile, or None to take the one that fits each frame.
    look
        Schema of the look over the whole frame that comes before the network, as a model file names it; "" for none.
    """
    network = TorchNetwork(load_checkpoint(path), hashlib.sha256(path.read_bytes()).hexdigest(), look)
    return CataractAnalyzer(network, profile=profile)
