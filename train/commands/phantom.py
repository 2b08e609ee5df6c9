"""`python -m train phantom`: make a cohort of simulated scans."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from train.phantom.cohorts.catalogue import COHORTS
from train.phantom.cohorts.dataset import Cohort, write_cohort

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--cohort", required=True, choices=sorted(COHORTS), help="which patients")
    parser.add_argument("--out", required=True, type=Path, help="folder of the dataset; a started one is continued")
    parser.add_argument("--patients", type=int, help="how many (default: the cohort's own number)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other patients (default: 0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="render on this cluster of Ray (auto, local, HOST:PORT) instead"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render the cohort and return 0.

    Raises
    ------
    EdgeCataractError
        When the request makes no sense (exit code 2), the folder holds another cohort (73), or writing fails (74).
    """
    try:
        cohort = Cohort.plan(arguments.cohort, arguments.seed, arguments.patients)
    except ValueError as error:
        raise UsageError("usage", str(error), "Change --patients.") from error
    out: Path = arguments.out
    sys.stderr.write(
        f"Cohort {cohort.stamp.cohort}: {cohort.stamp.patients} patients, {cohort.scans} scans, "
        f"about {cohort.bytes / 1e9:.2f} GB ({_free_bytes(out) / 1e9:.1f} GB free).\n"
    )
    write_cohort(cohort, out, arguments.workers, arguments.ray)
    return 0


def _free_bytes(folder: Path) -> int:
    """Free space on the disk of a folder that need not exist yet."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
