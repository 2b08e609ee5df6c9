"""Trained weights and what is known about them, in one file that cannot run code when it is opened."""

from __future__ import annotations

import io
import json
import lzma
import math
import os
import pickle
import warnings
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from edge_runtime.errors import EdgeCataractError
from edge_runtime.frame.brightness import Brightness
from edge_runtime.measure.decision import GUARD_BAND
from edge_runtime.report.files import write_all

from .parsing import build
from .unet import UNet, UNetConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "edge-cataract/checkpoint/1"
# What torch raises on files of other kinds and on damaged ones; they share no base class below Exception.
_DAMAGED = (
    RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError, IndexError,
    AttributeError, TypeError,
)  # fmt: skip


class CheckpointError(EdgeCataractError):
    """The file is no checkpoint of this project, or holds weights of another network."""

    exit_code = 82


@dataclass(frozen=True, slots=True)
class ChosenThreshold:
    """The operating point of a model, and how it was chosen.

    Attributes
    ----------
    cf_threshold
        Cataract Fraction in (0, 1) from which an eye counts as cataract.
    method
        One sentence: on which eyes and by which rule it was chosen.
    guard_band
        Eyes within this distance of the threshold are borderline.
    doubts
        Why nobody should rely on it; a model with doubts is exported only by force.
    """

    cf_threshold: float
    method: str
    guard_band: float = GUARD_BAND
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.cf_threshold < 1:
            raise ValueError(f"a cf_threshold in (0, 1) was expected, got {self.cf_threshold}")
        if not 0 <= self.guard_band < 1:
            raise ValueError(f"a guard_band in [0, 1) was expected, got {self.guard_band}")


@dataclass(frozen=True, slots=True)
class CheckpointMetadata:
    """Everything that has to be known about a set of weights.

    Attributes
    ----------
    name, version
        Name and version of the model.
    network
        Shape of the network that the weights belong to.
    grid
        Native pixels per network pixel, g.
    profile
        Device profile whose native pitch the network has learnt.
    training_data
        One sentence: what the network learnt from.
    dataset_sha256
        Digest of everything it learnt from (`GridFrames.sha256`).
    training_commit
        Revision of the code that trained it, or "unknown".
    recipe
        The recipe as TOML text.
    steps
        Number of optimiser steps taken.
    operating_point
        None until it has been chosen on held-out patients.
    brightness
        What grey meant to it.
    """

    name: str
    version: str
    network: UNetConfig
    grid: int
    profile: str
    training_data: str
    dataset_sha256: str
    training_commit: str
    recipe: str
    steps: int
    operating_point: ChosenThreshold | None = None
    brightness: Brightness = Brightness.AS_SHOWN

    def __post_init__(self) -> None:
        if self.grid < 1:
            raise ValueError(f"a grid of at least 1 was expected, got {self.grid}")
        if self.steps < 0:
            raise ValueError(f"steps of at least 0 were expected, got {self.steps}")

    def to_json(self) -> str:
        """Return the metadata as JSON."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            When an entry is missing, unknown or out of range.
        """
        entries: dict[str, Any] = json.loads(text)
        absent = {field.name for field in fields(cls)} - set(entries)
        if absent:
            raise ValueError(f"metadata entries {sorted(absent)} are missing")
        return build(cls, entries)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a training run leaves.

    Attributes
    ----------
    metadata
        What is known about the weights.
    weights
        The network's state, float32.
    calibration
        (n, rows, columns) uint8: windows of training scans on the network grid, grey from 0 to 255, on which an int8
        export finds its ranges; None where the run kept none.
    pictures
        Beginnings of the digests of the pictures that it learnt from (`train.data.scan_checks.picture_sha256`), so
        that they are known when they are met again; empty in older files.
    """

    metadata: CheckpointMetadata
    weights: Mapping[str, Tensor]
    calibration: Tensor | None = None
    pictures: tuple[str, ...] = ()

    def network(self) -> UNet:
        """Build the network in eval mode.

        Raises
        ------
        CheckpointError
            When the weights are not those of the network that the metadata describes.
        """
        network = UNet(self.metadata.network)
        try:
            network.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            raise CheckpointError(
                "checkpoint-weights",
                f"The weights do not fit a network of {self.metadata.network}.",
                "Use a checkpoint written by 'python -m train fit', unchanged.",
            ) from error
        return network.eval()

    def with_operating_point(self, point: ChosenThreshold) -> Checkpoint:
        """Return the same weights with another operating point."""
        return replace(self, metadata=replace(self.metadata, operating_point=point))


def write_atomically(content: Any, path: Path) -> None:
    """Serialise with torch: either the old file or the whole new one is there, also after a power cut.

    Raises
    ------
    OutputError, WriteError
        When the file cannot be created, or not be written in full.
    """
    data = io.BytesIO()
    torch.save(content, data)
    write_all({str(path): data.getvalue()})


def _packed(windows: Tensor) -> Tensor:
    """The bytes of uint8 windows, of which most are black, packed by LZMA: two fifths of the size."""
    return torch.from_numpy(np.frombuffer(lzma.compress(windows.numpy().tobytes(), preset=9), np.uint8).copy())


def _unpacked(packed: Tensor, shape: Sequence[int]) -> Tensor:
    """What `_packed` packed; ValueError for anything else."""
    try:
        content = lzma.decompress(packed.numpy().tobytes())
    except lzma.LZMAError as error:
        raise ValueError("the calibration windows are damaged") from error
    if len(content) != math.prod(shape):
        raise ValueError("the calibration windows have another size")
    return torch.from_numpy(np.frombuffer(content, np.uint8).reshape(shape).copy())


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    weights = {name: value.detach().cpu().contiguous() for name, value in checkpoint.weights.items()}
    content: dict[str, Any] = {"format": FORMAT, "metadata": checkpoint.metadata.to_json(), "weights": weights}
    if checkpoint.calibration is not None:
        content |= {"calibration_shape": list(checkpoint.calibration.shape)}
        content |= {"calibration_lzma": _packed(checkpoint.calibration)}
    if checkpoint.pictures:
        content["pictures"] = list(checkpoint.pictures)
    write_atomically(content, path)


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        When the file is missing, is no checkpoint, or its metadata is malformed.
    """
    advice = "Use a checkpoint written by 'python -m train fit', unchanged."
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(
            "checkpoint-missing", f"{os.fspath(path)} cannot be read: {error.strerror}.", advice
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on files of other kinds before it refuses them
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        raise CheckpointError("checkpoint-format", f"{os.fspath(path)} is no checkpoint.", advice) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError("checkpoint-format", f"{os.fspath(path)} is no checkpoint of format {FORMAT}.", advice)
    try:
        metadata = CheckpointMetadata.from_json(content["metadata"])
        weights = content["weights"]
        if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
            raise ValueError("the weights are no tensors")
        calibration = content.get("calibration")  # as older files keep it
        if "calibration_lzma" in content:
            calibration = _unpacked(content["calibration_lzma"], content["calibration_shape"])
        if calibration is not None and not (
            isinstance(calibration, Tensor) and calibration.dtype == torch.uint8 and calibration.dim() == 3
        ):
            raise ValueError("the calibration windows are no (n, rows, columns) uint8 tensor")
        pictures = tuple(content.get("pictures", ()))
        if not all(isinstance(picture, str) for picture in pictures):
            raise ValueError("the pictures are no digests")
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("checkpoint-metadata", f"{os.fspath(path)}: {error}.", advice) from error
    return Checkpoint(metadata, weights, calibration, pictures)


def load_network(path: str | os.PathLike[str]) -> UNet:
    """Load the network of a checkpoint, in eval mode: the reference that every exported model is compared with.

    It takes (n, 1, rows, columns) float32 in [0, 1] on the network grid, rows and columns multiples of
    `config.stride`, and returns logits (n, 3, rows, columns).

    Raises
    ------
    CheckpointError
        When the file is no checkpoint, or holds weights of another network.
    """
    return load_checkpoint(path).network()
