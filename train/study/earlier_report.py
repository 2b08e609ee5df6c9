"""What one report takes from another: its threshold, its eyes, its grey level."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError

from .rows import EyeRow, read_rows

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "edge-cataract/study/1"


class ReportError(EdgeCataractError):
    """Another report cannot be used."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class OtherReport:
    """An earlier report.

    Attributes
    ----------
    folder
        Where it lies.
    description
        Of its data.
    model
        Name and version.
    cf_threshold
        Youden-optimal for its eyes; None where it has one group only.
    eyes
        All of them.
    grey_level, baseline_thresholds
        Of the baselines, chosen there.
    """

    folder: Path
    description: str
    model: str
    cf_threshold: float | None
    eyes: tuple[EyeRow, ...]
    grey_level: int | None
    baseline_thresholds: dict[str, float | None]


def read_report(folder: Path, model_sha256: str | None) -> OtherReport:
    """Read a report folder.

    Parameters
    ----------
    folder
        With results.json and eyes.csv.
    model_sha256
        Of the model it must be about; None: any.

    Raises
    ------
    ReportError
        When it is none, is not finished, or is one of another model.
    """
    try:
        results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        if results.get("schema") != SCHEMA:
            raise ValueError(f"schema {SCHEMA} was expected, got {results.get('schema')}")
        own = results["diagnosis"]["eye"]["own_threshold"]["value"]
        other = OtherReport(
            folder,
            results["data"]["description"],
            f"{results['model']['name']} {results['model']['version']}",
            own,
            tuple(read_rows(folder / "eyes.csv", EyeRow)),
            results["grey_level"]["value"],
            {name: one["own_threshold"] for name, one in results["baselines"].items()},
        )
        sha256 = results["model"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            "report", f"{folder} is no finished report ({error}).", "Evaluate that data first."
        ) from error
    if model_sha256 is not None and sha256 != model_sha256:
        raise ReportError(
            "other-model", f"{folder} is the report of another model ({sha256}).", "Evaluate that data with this one."
        )
    return other
