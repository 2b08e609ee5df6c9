"""Evaluate a model on a dataset: the paper's study, written as a report into one folder.

Every scan goes through the runtime's own steps, as on a device; only the network behind them may be PyTorch's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from train.data.dataset import Part, read_dataset
from train.metrics import MIN_CF_THRESHOLD

from .earlier_report import EarlierReport, ReportError, read_report
from .measurement import analyzer_of
from .pages import report_page
from .predict import predict
from .resampling import BootstrapSettings
from .results import CohortRequest, StudyResults, Threshold, to_json
from .rows import EyeRow, write_rows
from .summarise import Study, summarise

if TYPE_CHECKING:
    from edge_runtime.model.metadata import ModelMetadata


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What to evaluate, on what, and how.

    Attributes
    ----------
    model
        A checkpoint, or an exported model whose name ends in .onnx.
    data
        Folder of the dataset.
    out
        Folder for the report.
    threshold
        Cataract Fraction from which an eye is called cataract, in [0, 1]; None for the model's own, or for that of
        `threshold_from`.
    threshold_from
        Folder of the report whose Youden-optimal threshold is used.
    pair_with
        Folder of a report on the same eyes, to compare with eye by eye.
    part
        Part of the dataset; None: the test scans where the dataset fixes a split, else all.
    workers
        Number of processes.
    ray
        Address of a cluster whose processors analyse instead; None: this machine alone.
    bootstrap
        Settings of the intervals.
    cohort
        Which simulated cohort the data are, for the record; None for other data.
    """

    model: Path
    data: Path
    out: Path
    threshold: float | None = None
    threshold_from: Path | None = None
    pair_with: Path | None = None
    part: Part | None = None
    workers: int = 1
    ray: str | None = None
    bootstrap: BootstrapSettings = field(default_factory=BootstrapSettings)
    cohort: CohortRequest | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(
                "usage", f"A threshold in [0, 1] was expected, got {self.threshold}.", "Change --threshold."
            )
        if self.workers < 1:
            raise UsageError("usage", f"{self.workers} processes were asked for.", "Give at least 1 with --workers.")


def evaluate(options: EvaluationOptions) -> StudyResults:
    """Measure every scan of a dataset, and write the report; results.json is written last.

    Raises
    ------
    DatasetError
        When the dataset, or an image or mask of it, cannot be used.
    ReportError
        When another report cannot be used.
    AnalysisError
        When an analysis fails.
    EdgeCataractError
        When the model cannot be used.
    """
    dataset = read_dataset(options.data).part(options.part)
    network = analyzer_of(options.model, None).network
    development = read_report(options.threshold_from, network.sha256) if options.threshold_from else None
    study = Study(
        model=network.metadata,
        model_sha256=network.sha256,
        dataset=dataset,
        rows=(),
        threshold=_threshold(options.threshold, development, network.metadata),
        development=development,
        pair=read_report(options.pair_with, None) if options.pair_with else None,
        bootstrap=options.bootstrap,
    )
    for name in ("results.json", "report.md", "eyes.csv", "scans.csv"):  # what is there afterwards is of this run
        (options.out / name).unlink(missing_ok=True)
    rows, learnt_from = predict(options.model, dataset, options.out, options.workers, options.ray)
    return _write_report(dataclasses.replace(study, rows=tuple(rows), learnt_from=learnt_from), options)


def _write_report(study: Study, options: EvaluationOptions) -> StudyResults:
    """Compute and write everything but the scans."""
    from .figures import draw_figures
    from .gallery import draw_gallery

    out = options.out
    write_rows(out / "eyes.csv", study.eyes, EyeRow)
    measured = summarise(study)
    figures = draw_figures(study, measured, out) + draw_gallery(study, options.model, out)
    results = dataclasses.replace(measured, figures=tuple(figures), cohort=options.cohort)
    (out / "report.md").write_text(report_page(results), encoding="utf-8")
    (out / "results.json").write_text(to_json(results), encoding="utf-8")
    return results


def _threshold(asked: float | None, development: EarlierReport | None, model: ModelMetadata) -> Threshold:
    if asked is not None:
        return Threshold(asked, "given on the command line")
    if development is None:
        return Threshold(model.cf_threshold, f"the model's own: {model.cf_threshold_method}")
    if development.cf_threshold is None:
        raise ReportError(
            "no-threshold", f"{development.folder} has no threshold of its own.", "Take data with clear and cataract."
        )
    method = f"fixed on other eyes (middle of the Youden-optimal interval): {development.description}"
    if development.cf_threshold < MIN_CF_THRESHOLD:
        return Threshold(MIN_CF_THRESHOLD, f"the least allowed; {development.cf_threshold:.4f} was {method}")
    return Threshold(development.cf_threshold, method)
