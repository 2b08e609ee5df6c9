"""Reproduce the whole study of one model from seeds: make, measure and summarise every cohort."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.ledger import Ledger
from train.phantom.cohorts.dataset import Cohort, write_cohort

from .evaluate import EvaluationOptions, evaluate
from .measurement import analyzer_of
from .pages import study_page
from .resampling import BootstrapSettings
from .results import CohortRequest, StudyResults, read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEVELOPMENT = "development"
COHORTS = (
    DEVELOPMENT, "validation", "shifted", "age-matched", "focal-young", "senescent-clear", "corneal-disease-without",
    "corneal-disease", "artefacts-without", "artefacts", "test-retest", "display", "phakic-implant",
    "not-gradable",
)  # fmt: skip
# The same eyes: otherwise shown, or without what the cohort is about. The other one comes first in COHORTS.
PAIRS = {"shifted": "validation", "corneal-disease": "corneal-disease-without", "artefacts": "artefacts-without"}
REPORT_DONE = "report"  # key in the ledger of a cohort


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """Which model to study, on which cohorts, and how.

    Attributes
    ----------
    model
        A checkpoint, or an exported model whose name ends in .onnx.
    out
        Folder for study.md and one report per cohort.
    seed
        Seed of the cohorts, one that nothing was tuned on.
    cohorts
        Names from `COHORTS`.
    patients
        Number of patients per cohort; None for each cohort's own number.
    workers
        Number of processes.
    ray
        Address of a cluster whose processors render and analyse instead; None: this machine alone.
    bootstrap
        Settings of the intervals.
    keep_scans
        Whether the scans of the cohorts are kept once they are measured.
    """

    model: Path
    out: Path
    seed: int
    cohorts: tuple[str, ...] = COHORTS
    patients: int | None = None
    workers: int = 1
    ray: str | None = None
    bootstrap: BootstrapSettings = field(default_factory=BootstrapSettings)
    keep_scans: bool = False

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError("usage", f"{self.workers} processes were asked for.", "Give at least 1 with --workers.")


def reproduce(options: StudyOptions, progress: Callable[[str], None]) -> None:
    """Make and measure the cohorts, and write study.md; a stopped study goes on with the cohort it was at.

    Parameters
    ----------
    progress
        Called with one sentence per cohort that is measured.

    Raises
    ------
    EdgeCataractError
        When the request is out of range, or the model or a folder cannot be used.
    """
    model_sha256 = analyzer_of(options.model, None).network.sha256
    found: dict[str, StudyResults] = {}
    for cohort in (name for name in COHORTS if name in options.cohorts):
        request = _request(cohort, options, found)
        folder = options.out / cohort
        folder.mkdir(parents=True, exist_ok=True)
        stamp = dataclasses.asdict(request) | {"model_sha256": model_sha256, "resamples": options.bootstrap.resamples}
        with Ledger(folder / "study.ledger", stamp, replace=True) as ledger:
            if REPORT_DONE in ledger and (folder / "results.json").exists():
                found[cohort] = read_results(folder / "results.json")
            else:
                progress(f"Cohort {cohort}.")
                found[cohort] = _measure(request, options)
                if REPORT_DONE not in ledger:
                    ledger.append(REPORT_DONE, {"data_sha256": found[cohort].data.sha256})
        if not options.keep_scans:
            shutil.rmtree(_scans(cohort, options), ignore_errors=True)
    (options.out / "study.md").write_text(study_page(found), encoding="utf-8")


def _request(cohort: str, options: StudyOptions, found: Mapping[str, StudyResults]) -> CohortRequest:
    """Return the request of a cohort, with the earlier reports of this study that it depends on."""
    development = found.get(DEVELOPMENT)
    # Without a threshold of its own (one group only), the development report fixes none; the model's own is used.
    fixes_threshold = development is not None and development.diagnosis.eye.own_threshold.value is not None
    return CohortRequest(
        name=cohort,
        seed=options.seed,
        patients=options.patients,
        threshold_from=DEVELOPMENT if cohort != DEVELOPMENT and fixes_threshold else None,
        pair_with=PAIRS[cohort] if PAIRS.get(cohort) in found else None,
    )


def _scans(cohort: str, options: StudyOptions) -> Path:
    return options.out / "scans" / cohort


def _measure(request: CohortRequest, options: StudyOptions) -> StudyResults:
    """Make the scans of one cohort and evaluate the model on them."""
    data = _scans(request.name, options)
    _make_cohort(request, data, options)
    return evaluate(
        EvaluationOptions(
            model=options.model,
            data=data,
            out=options.out / request.name,
            threshold_from=None if request.threshold_from is None else options.out / request.threshold_from,
            pair_with=None if request.pair_with is None else options.out / request.pair_with,
            workers=options.workers,
            ray=options.ray,
            bootstrap=options.bootstrap,
            cohort=request,
        )
    )


def _make_cohort(request: CohortRequest, data: Path, options: StudyOptions) -> None:
    try:
        cohort = Cohort.plan(request.name, request.seed, request.patients)
    except ValueError as error:
        raise UsageError("usage", str(error), "Change --patients.") from error
    write_cohort(cohort, data, options.workers, options.ray)
