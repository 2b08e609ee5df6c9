"""`python -m train study`: the whole study of one model on simulated cohorts, from seeds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from train.study.reproduce import COHORTS, StudyOptions, reproduce
from train.study.resampling import BootstrapSettings

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--model", type=Path, required=True, help="checkpoint, or an exported .onnx")
    parser.add_argument("--out", type=Path, required=True, help="folder for study.md and one report per cohort")
    parser.add_argument("--seed", type=int, required=True, help="seed of the cohorts, one that nothing was tuned on")
    parser.add_argument("--cohorts", nargs="+", choices=COHORTS, default=list(COHORTS), help="default: all")
    parser.add_argument("--patients", type=int, help="patients per cohort (default: the cohort's own number)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--ray", metavar="ADDRESS", help="render and analyse on this cluster of Ray instead")
    parser.add_argument("--resamples", type=int, default=2000, help="resamples of the bootstrap (default 2000)")
    parser.add_argument("--keep-scans", action="store_true", help="keep the cohorts (1.5 MB per scan)")


def run(arguments: argparse.Namespace) -> int:
    """Make, measure and summarise the cohorts, and return 0; a stopped study goes on where it stopped.

    Raises
    ------
    EdgeCataractError
        When the request is out of range, or the model or a folder cannot be used.
    """
    options = StudyOptions(
        model=arguments.model,
        out=arguments.out,
        seed=arguments.seed,
        cohorts=tuple(arguments.cohorts),
        patients=arguments.patients,
        workers=arguments.workers,
        ray=arguments.ray,
        bootstrap=BootstrapSettings(seed=0, resamples=arguments.resamples),
        keep_scans=arguments.keep_scans,
    )
    reproduce(options, progress=_tell)
    return 0


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
