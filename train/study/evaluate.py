"""`python -m train evaluate`: the paper's study of a model on a dataset, in one folder.

Every scan goes through the runtime's own steps, as on a device; only the network behind them may be PyTorch's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from train.data.dataset import read_dataset
from train.metrics import MIN_CF_THRESHOLD

from .diagnosis import Draws
from .predict import analyzer_of, predict
from .report import write_report
from .reports import OtherReport, ReportError, read_report
from .results import Study, Threshold, summarise
from .rows import EyeRow, write_rows

if TYPE_CHECKING:
    import argparse

    from edge_runtime.model.metadata import ModelMetadata


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--model", type=Path, required=True, help="checkpoint, or an exported .onnx")
    parser.add_argument("--data", type=Path, required=True, help="dataset folder")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for report.md, figures, results.json, scans.csv and eyes.csv"
    )
    fixed = parser.add_mutually_exclusive_group()
    fixed.add_argument("--threshold-from", type=Path, metavar="REPORT", help="report whose best threshold is used")
    fixed.add_argument("--threshold", type=float, metavar="F", help="Cataract Fraction; default: the model's own")
    parser.add_argument(
        "--pair-with", type=Path, metavar="REPORT", help="report on the same eyes, to compare eye by eye"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default 0)")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default 2000)")


def run(arguments: argparse.Namespace) -> int:
    """Run the verb; 0, or 2 for a senseless request."""
    if arguments.threshold is not None and not 0 <= arguments.threshold <= 1:
        sys.stderr.write(f"python -m train evaluate: a threshold in [0, 1] was expected, got {arguments.threshold}.\n")
        return 2
    if arguments.workers < 1 or arguments.resamples < 1:
        sys.stderr.write("python -m train evaluate: --workers and --resamples must be at least 1.\n")
        return 2
    dataset = read_dataset(arguments.data)
    network = analyzer_of(arguments.model, None).network
    development = read_report(arguments.threshold_from, network.sha256) if arguments.threshold_from else None
    study = Study(
        model=network.metadata,
        model_sha256=network.sha256,
        dataset=dataset,
        rows=(),
        threshold=_threshold(arguments.threshold, development, network.metadata),
        development=development,
        pair=read_report(arguments.pair_with, None) if arguments.pair_with else None,
        draws=Draws(arguments.seed, arguments.resamples),
    )
    for name in ("results.json", "report.md"):  # what is there afterwards is of this run
        (arguments.out / name).unlink(missing_ok=True)
    write_study(study.with_rows(predict(arguments.model, dataset, arguments.out, arguments.workers)), arguments)
    return 0


def write_study(study: Study, arguments: argparse.Namespace) -> None:
    """Compute and write everything but the scans, results.json last."""
    from .figures import draw_figures
    from .gallery import draw_gallery

    out = arguments.out
    write_rows(out / "eyes.csv", study.eyes, EyeRow)
    results = summarise(study)
    figures = draw_figures(study, results, out) + draw_gallery(study, arguments.model, out)
    (out / "report.md").write_text(write_report(results, figures), encoding="utf-8")
    text = json.dumps(results | {"figures": figures}, indent=1, allow_nan=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    best = results["diagnosis"]["eye"]
    sys.stderr.write(f"{out / 'report.md'}: {len(study.rows)} scans, AUC per eye {best['auc']['value']}.\n")


def _threshold(asked: float | None, development: OtherReport | None, model: ModelMetadata) -> Threshold:
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
