"""What one report takes from another: its threshold, its eyes, its grey level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cattrs import BaseValidationError

from edge_runtime.errors import EdgeCataractError

from .results import read_results
from .rows import EyeRow, read_rows

if TYPE_CHECKING:
    from pathlib import Path


class ReportError(EdgeCataractError):
    """Another report cannot be used."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """What a later study takes from an earlier report.

    Attributes
    ----------
    folder
        The folder of the report.
    description
        Description of its data.
    model
        Name and version of its model.
    cf_threshold
        Youden-optimal threshold for its eyes; None where they are of one group only.
    eyes
        All eyes of the report.
    grey_level, baseline_thresholds
        Grey level and thresholds of the baselines, chosen there.
    paper_threshold
        Youden-optimal threshold of the fraction on the paper's label; None without one.
    """

    folder: Path
    description: str
    model: str
    cf_threshold: float | None
    eyes: tuple[EyeRow, ...]
    grey_level: int | None
    baseline_thresholds: dict[str, float | None]
    paper_threshold: float | None = None


def read_report(folder: Path, model_sha256: str | None) -> EarlierReport:
    """Read a report folder.

    Parameters
    ----------
    folder
        The folder that holds results.json and eyes.csv.
    model_sha256
        The model that the report must be about; None for any.

    Raises
    ------
    ReportError
        When the folder holds no finished report, or one of another model.
    """
    try:
        results = read_results(folder / "results.json")
        eyes = tuple(read_rows(folder / "eyes.csv", EyeRow))
    except (OSError, ValueError, BaseValidationError) as error:
        raise ReportError(
            "report", f"{folder} is no finished report ({error}).", "Evaluate that data first."
        ) from error
    if model_sha256 is not None and results.model.sha256 != model_sha256:
        raise ReportError(
            "other-model",
            f"{folder} is the report of another model ({results.model.sha256}).",
            "Evaluate that data with this one.",
        )
    return EarlierReport(
        folder=folder,
        description=results.data.description,
        model=f"{results.model.name} {results.model.version}",
        cf_threshold=results.diagnosis.eye.own_threshold.value,
        eyes=eyes,
        grey_level=results.grey_level.value,
        baseline_thresholds={name: one.own_threshold for name, one in results.baselines.items()},
        paper_threshold=None if results.paper_label is None else results.paper_label.published.own_threshold.value,
    )
