"""The order of an export: trace, verify, describe, seal, load as a device does, and only then write."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.errors import OutputError
from edge_runtime.model_file import check_seal, seal
from edge_runtime.network import Network

from .errors import ParityError
from .graph import pipeline_of, trace
from .metadata import entries_of, write_entries
from .parity_inputs import drawn_scan, parity_inputs
from .verify import Parity, compare

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Written:
    """A finished export.

    Attributes
    ----------
    model
        Path of the .onnx file.
    sha256
        Of its bytes.
    parity
        What was found when it was compared with PyTorch.
    """

    model: Path
    sha256: str
    parity: Parity


def export_model(checkpoint: Checkpoint, folder: Path, *, precision: str = "fp32", threads: int = 1) -> Written:
    """Export a checkpoint to `<name>-<precision>.onnx` with `parity.json` beside it.

    Raises
    ------
    ExportError, ParityError
        When the checkpoint cannot be exported faithfully; nothing is written.
    OutputError
        When the folder cannot be written.
    """
    metadata = checkpoint.metadata
    pipeline = pipeline_of(checkpoint)
    model = trace(pipeline)
    write_entries(model, {})
    inputs = parity_inputs(metadata.grid, metadata.network.stride)
    parity = compare(pipeline, model.SerializeToString(deterministic=True), inputs, threads=threads)
    parity.require()
    write_entries(model, entries_of(metadata, precision, parity))
    data = seal(model.SerializeToString(deterministic=True))
    _check_as_device(data, pipeline.grid, threads)
    path = folder / f"{metadata.name}-{precision}.onnx"
    digest = hashlib.sha256(data).hexdigest()
    report = {"model": path.name, "sha256": digest, "precision": precision, **parity.summary()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, data)
        _write(folder / "parity.json", (json.dumps(report, indent=1, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise OutputError(
            "cannot-write", f"{folder} cannot be written: {error.strerror}.", "Choose another folder."
        ) from error
    return Written(path, digest, parity)


def _check_as_device(data: bytes, grid: int, threads: int) -> None:
    """Open the sealed bytes through the runtime's own door, and let it label one scan."""
    check_seal(data)
    network = Network(data, threads)
    scan = drawn_scan(367, 501, np.random.default_rng(0))
    shape = network.predict(scan).labels.shape
    expected = (-(-scan.shape[0] // grid), -(-scan.shape[1] // grid))
    if shape != expected:
        raise ParityError(
            "parity", f"The runtime got labels of {shape}, {expected} was expected.", "Report this fault."
        )


def _write(path: Path, data: bytes) -> None:
    """Write so that the file is either whole or absent."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
