"""The metadata of a model file: its `edge_cataract.*` entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.golden import sample_counts
from edge_runtime.look.network import SCHEMA as LOOK
from edge_runtime.measure.coefficients import MeasureCoefficients
from edge_runtime.measure.evidence import CHANNELS
from edge_runtime.measure.lens import CLASSES
from edge_runtime.model.metadata import PREFIX, SCHEMA
from edge_runtime.model.network import Network
from edge_runtime.model.seal import UNSEALED

from .errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

    from train.checkpoint import CheckpointMetadata

    from .verify import Parity


@dataclass(frozen=True, slots=True)
class Release:
    """What an export adds to what its checkpoint knows.

    Attributes
    ----------
    version
        Version of the model files.
    measures
        Coefficients of grade, kinds, evidence and scatter as one line of JSON; "" without.
    look
        Whether a look over the whole frame comes before it.
    """

    version: str
    measures: str = ""
    look: bool = True


def read_measures(path: Path) -> str:
    """The coefficients in a file, as one line of JSON.

    Raises
    ------
    ExportError
        When there are none, or they are malformed.
    """
    try:
        return MeasureCoefficients.from_json(path.read_text(encoding="utf-8")).to_json()
    except (OSError, ValueError) as error:
        raise ExportError(
            "coefficients", f"{path.name} holds no coefficients: {error}.", "Make it with 'python -m train measures'."
        ) from error


def entries_of(metadata: CheckpointMetadata, precision: str, parity: Parity, release: Release) -> dict[str, str]:
    """Collect the entries, with the digest still to be filled in.

    Raises
    ------
    ExportError
        When the checkpoint has no operating point: a model without one cannot decide.
    """
    point = metadata.operating_point
    if point is None:
        raise ExportError(
            "no-operating-point",
            "The checkpoint has no cf_threshold.",
            "Train with clear and cataract eyes among the held-out patients.",
        )
    entries = {
        "schema": SCHEMA,
        "name": metadata.name,
        "version": release.version,
        "precision": precision,
        "classes": CLASSES,
        "cf_threshold": repr(point.cf_threshold),
        "cf_threshold_method": point.method,
        "guard_band": repr(point.guard_band),
        **({"doubts": "; ".join(point.doubts)} if point.doubts else {}),
        "grid": str(metadata.grid),
        "stride": str(metadata.network.stride),
        "receptive_field": str(metadata.network.receptive_halo),
        "profile": metadata.profile,
        "brightness": metadata.brightness.value,
        "training_data": metadata.training_data,
        "training_data_sha256": metadata.dataset_sha256,
        "training_commit": metadata.training_commit,
        "parity": json.dumps(parity.summary(), separators=(",", ":"), allow_nan=False),
        "licence": "Apache-2.0",
        **({"measures": release.measures} if release.measures else {}),
        **({"evidence": ",".join(CHANNELS)} if metadata.network.evidence else {}),
        **({"look": LOOK} if release.look else {}),
        "intended_use": "Research use only. Not a medical device.",
        "digest": UNSEALED,
    }
    return {PREFIX + key: value for key, value in entries.items()}


def golden_entry(model: bytes, threads: int) -> dict[str, str]:
    """What a sealed model finds in the bundled samples, for `edge-cataract selftest --model`."""
    counts = sample_counts(CataractAnalyzer(Network(model, threads)))
    return {PREFIX + "golden": json.dumps(counts, separators=(",", ":"))}


def write_entries(model: onnx.ModelProto, entries: dict[str, str]) -> None:
    """Replace the model's metadata."""
    del model.metadata_props[:]
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
