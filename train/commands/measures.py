"""`python -m train measures`: measure simulated eyes; fit or judge the coefficients of grade, kinds and the like."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import UsageError
from edge_runtime.measure.coefficients import MeasureCoefficients
from edge_runtime.report.files import write_all
from train.phantom.cohorts.dataset import Cohort
from train.provenance import code_revision, machine, versions
from train.study.measures.agreement_plots import draw_agreement
from train.study.measures.coefficients import fit_coefficients
from train.study.measures.failures import missed, pictures_of
from train.study.measures.figures_of_merit import figures_of
from train.study.measures.measured_eyes import cohort_sha256, measured_eyes, model_sha256
from train.study.measures.moves import moved_between, moves_of
from train.study.reproduce import PAIRS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from train.study.measures.measured_eyes import MeasuredEye


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the verb."""
    parser.add_argument("--cohort", required=True, action="append", help="simulated cohort; several are joined")
    parser.add_argument("--seed", type=int, required=True, help="seed of the cohorts")
    parser.add_argument("--patients", type=int, help="patients of each cohort; default: its usual number")
    parser.add_argument("--out", type=Path, required=True, help="folder for what was measured, and for the figures")
    parser.add_argument("--fit", action="store_true", help="fit coefficients to the cohort, and write them")
    parser.add_argument("--coefficients", type=Path, metavar="FILE", help="coefficients that are judged")
    parser.add_argument(
        "--together",
        action="append",
        metavar="COHORT",
        help="cohorts whose eyes are judged together, too (default: all of them)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, then fit or judge, and return 0.

    Raises
    ------
    EdgeCataractError
        When the request cannot be met, or the folder cannot be used.
    """
    unknown = set(arguments.together or ()) - set(arguments.cohort)
    if unknown:
        raise UsageError(
            "usage", f"{', '.join(sorted(unknown))}: not among the cohorts.", "Name it with --cohort, too."
        )
    coefficients = None if arguments.coefficients is None else _read(arguments.coefficients)
    table = None if coefficients is None else coefficients.excess
    arguments.out.mkdir(parents=True, exist_ok=True)
    cohorts = [Cohort.plan(name, arguments.seed, arguments.patients) for name in arguments.cohort]
    measured = {
        cohort: measured_eyes(cohort, arguments.out / f"{cohort.stamp.cohort}.ledger", table, arguments.workers)
        for cohort in cohorts
    }
    eyes = [eye for some in measured.values() for eye in some]
    files: dict[str, bytes] = {}
    if arguments.fit:
        coefficients = _fit(eyes, cohorts)
        files["coefficients.json"] = (coefficients.to_json() + "\n").encode()
    if coefficients is not None:
        together = [
            eye
            for cohort, some in measured.items()
            if cohort.stamp.cohort in (arguments.together or arguments.cohort)
            for eye in some
        ]
        figures = _figures(arguments, measured, together, coefficients)
        files["figures.json"] = (json.dumps(figures, indent=1, allow_nan=False) + "\n").encode()
        draw_agreement(together, coefficients, arguments.out)
    if arguments.coefficients is not None and coefficients is not None:
        for cohort, some in measured.items():
            files.update(pictures_of(cohort, missed(some, coefficients)))
    write_all({str(arguments.out / name): data for name, data in files.items()})
    sys.stderr.write(f"{arguments.out}: {len(eyes)} eyes measured.\n")
    return 0


def _fit(eyes: Sequence[MeasuredEye], cohorts: Sequence[Cohort]) -> MeasureCoefficients:
    try:
        return fit_coefficients(eyes, "; ".join(cohort.stamp.describe() for cohort in cohorts))
    except ValueError as error:
        raise UsageError("cohort-too-small", f"Nothing can be fitted: {error}.", "Measure more patients.") from error


def _figures(
    arguments: argparse.Namespace,
    measured: Mapping[Cohort, Sequence[MeasuredEye]],
    together: Sequence[MeasuredEye],
    coefficients: MeasureCoefficients,
) -> dict[str, Any]:
    """What a study states, with where it comes from."""
    by_name = {cohort.stamp.cohort: some for cohort, some in measured.items()}
    return {
        "cohorts": [cohort.stamp.describe() for cohort in measured],
        "seed": arguments.seed,
        "pictures_sha256": {name: cohort_sha256(some) for name, some in by_name.items()},
        "coefficients_fitted_on": coefficients.fitted_on,
        "code_revision": code_revision(),
        "machine": machine(),
        "versions": versions("numpy", "onnxruntime", "opencv-python-headless", "scikit-learn", "scipy"),
        "model_sha256": model_sha256(),
        "together": {"cohorts": arguments.together or arguments.cohort, **figures_of(together, coefficients)},
        "by_cohort": {
            name: figures_of(some, coefficients) | {"moves": moves_of(some, coefficients)}
            for name, some in by_name.items()
        },
        "between_cohorts": {
            f"{name} and {other}": moved_between(by_name[name], by_name[other], coefficients)
            for name, other in PAIRS.items()
            if name in by_name and other in by_name
        },
    }


def _read(path: Path) -> MeasureCoefficients:
    try:
        return MeasureCoefficients.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "coefficients", f"{path.name} holds no coefficients: {error}.", "Make them with --fit."
        ) from error
