"""The order of an export: trace, verify, describe, seal, load as a device does, and only then write."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import OutputError
from edge_runtime.model.network import Network
from edge_runtime.model.seal import check_seal, seal
from edge_runtime.report.files import write_all
from train.pipeline import Pipeline

from .equalise import equalise
from .errors import ExportError, ParityError
from .graph import trace
from .metadata import Release, entries_of, golden_entry, write_entries
from .parity_inputs import drawn_scan, parity_inputs
from .quantise import native_input, quantise
from .verify import LIMITS, Parity, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import onnx
    from numpy.typing import NDArray

    from train.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Written:
    """A finished export.

    Attributes
    ----------
    precision
        "fp32" or "int8".
    model
        Path of the .onnx file.
    sha256
        Digest of its bytes.
    parity
        What the comparison with PyTorch found.
    """

    precision: str
    model: Path
    sha256: str
    parity: Parity

    def report(self) -> dict[str, Any]:
        """Return this model's part of parity.json."""
        return {"model": self.model.name, "sha256": self.sha256, **self.parity.summary()}


def export_models(
    checkpoint: Checkpoint,
    folder: Path,
    precisions: Sequence[str] = ("fp32",),
    release: Release | None = None,
    *,
    threads: int = 1,
    force: bool = False,
) -> list[Written]:
    """Export a checkpoint to `<name>-<precision>.onnx` each, with one `parity.json` beside them.

    Raises
    ------
    ExportError, ParityError
        When the checkpoint cannot be exported faithfully in one of the precisions; nothing is written.
    OutputError, WriteError
        When the folder cannot be made, or the files cannot be written; none of them is left behind.
    """
    release = release or Release(checkpoint.metadata.version)
    point = checkpoint.metadata.operating_point
    if point is not None and point.doubts and not force:
        raise ExportError(
            "doubtful-threshold",
            f"The threshold is in doubt: {'; '.join(point.doubts)}.",
            "Train and choose it on more eyes, or add --force: the file then says so.",
        )
    pipeline = Pipeline.of(checkpoint)
    files: dict[str, bytes] = {}
    written: list[Written] = []
    for precision in precisions:
        model, inputs = _as_precision(precision, pipeline, checkpoint)
        write_entries(model, {})
        parity = compare(pipeline, model.SerializeToString(deterministic=True), inputs, threads=threads)
        parity.require(LIMITS[precision])
        entries = entries_of(checkpoint.metadata, precision, parity, release)
        write_entries(model, entries)
        draft = seal(model.SerializeToString(deterministic=True))
        write_entries(model, entries | golden_entry(draft, threads))
        data = seal(model.SerializeToString(deterministic=True))
        _check_as_device(data, pipeline.grid, threads)
        path = folder / f"{checkpoint.metadata.name}-{precision}.onnx"
        files[str(path)] = data
        written.append(Written(precision, path, hashlib.sha256(data).hexdigest(), parity))
    report = {one.precision: one.report() for one in written}
    files[str(folder / "parity.json")] = (json.dumps(report, indent=1, allow_nan=False) + "\n").encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "cannot-write", f"{folder} cannot be made: {error.strerror}.", "Choose another folder."
        ) from error
    write_all(files)
    return written


def _as_precision(
    precision: str, pipeline: Pipeline, checkpoint: Checkpoint
) -> tuple[onnx.ModelProto, Iterable[NDArray[np.uint8]]]:
    """The model in this precision, and the inputs on which it is compared with PyTorch."""
    grid, stride = checkpoint.metadata.grid, checkpoint.metadata.network.stride
    if precision == "fp32":
        return trace(pipeline), parity_inputs(grid, stride)
    if checkpoint.calibration is None:
        raise ExportError(
            "no-calibration", "The checkpoint keeps no windows to calibrate on.", "Train again; fit keeps some."
        )
    network = checkpoint.network()
    network.merge_heads()
    equalise(network, checkpoint.calibration)
    equalised = Pipeline.around(network, grid)
    windows = checkpoint.calibration.numpy()
    # Compared on other eyes than it was calibrated on: the mirrored ones.
    return quantise(trace(equalised), windows, grid), (native_input(window[:, ::-1], grid) for window in windows)


def _check_as_device(data: bytes, grid: int, threads: int) -> None:
    """Open the sealed bytes as the runtime does, and label one scan with them."""
    check_seal(data)
    network = Network(data, threads)
    scan = drawn_scan(367, 501, np.random.default_rng(0))
    shape = network.predict(scan).labels.shape
    expected = (-(-scan.shape[0] // grid), -(-scan.shape[1] // grid))
    if shape != expected:
        raise ParityError(
            "parity", f"The runtime got labels of {shape}, {expected} was expected.", "Report this fault."
        )
