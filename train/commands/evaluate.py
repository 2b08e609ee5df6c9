"""`python -m train evaluate`: the study of one model on one dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from train.data.dataset import Part
from train.data.scan_checks import some
from train.study.evaluate import EvaluationOptions, evaluate
from train.study.resampling import BootstrapSettings

if TYPE_CHECKING:
    import argparse


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
    parser.add_argument(
        "--split",
        choices=[part.value for part in Part],
        help="part of the dataset (default: test where the table has a split, else all)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="analyse on this cluster of Ray (auto, local, HOST:PORT) instead"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap (default 0)")
    parser.add_argument("--resamples", type=int, default=2000, help="resamples of the bootstrap (default 2000)")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate the model and return 0.

    Raises
    ------
    EdgeCataractError
        When the request is out of range, or the model, the dataset or another report cannot be used.
    """
    options = EvaluationOptions(
        model=arguments.model,
        data=arguments.data,
        out=arguments.out,
        threshold=arguments.threshold,
        threshold_from=arguments.threshold_from,
        pair_with=arguments.pair_with,
        part=None if arguments.split is None else Part(arguments.split),
        workers=arguments.workers,
        ray=arguments.ray,
        bootstrap=BootstrapSettings(arguments.seed, arguments.resamples),
    )
    results = evaluate(options)
    if results.learnt_from:
        sys.stderr.write(
            f"Warning: the model learnt from {len(results.learnt_from)} of these {results.scans} scans, "
            f"so the numbers are too good: {some(results.learnt_from)}.\n"
        )
    area = results.diagnosis.eye.auc.value
    found = "no AUC, which needs graded eyes of two groups" if area is None else f"AUC per eye {area}"
    sys.stderr.write(f"{options.out / 'report.md'}: {results.scans} scans, {found}.\n")
    return 0
