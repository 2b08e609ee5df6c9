"""Measure every scan of a dataset, in several processes; a stopped run is continued."""

from __future__ import annotations

import hashlib
import sys
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from tqdm import tqdm

from edge_runtime.errors import EdgeCataractError
from edge_runtime.exams.tables import read_table
from edge_runtime.ledger import Ledger
from train.cluster import over_cluster
from train.data.dataset import SCAN_COLUMNS, STRATA, DatasetError
from train.data.scan_checks import duplicates, eyes_without_cataract, short
from train.provenance import code_revision
from train.workers import process_pool

from .measurement import ExamJob, Failure, Measured, Outcome, ScanJob, analyzer_of, measure
from .rows import ScanRow, record_of, scan_row_from_record, write_rows
from .sent import SentFile, SentJob, measure_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from train.data.dataset import Dataset

    Outcomes = Callable[[list[ExamJob]], Iterator[list[Outcome]]]

LEDGER = "predictions.ledger"
PICTURE, CATARACT = "picture_sha256", "mask_has_cataract"  # in the ledger beside the row
SYNC_EVERY = 20  # scans that a loss of power may cost


class AnalysisError(EdgeCataractError):
    """The machine or the model failed on a scan; what was measured before is kept for the next run."""

    exit_code = 83


class Predictions(NamedTuple):
    """The measured scans, and the names of those that the model learnt from (known of checkpoints only)."""

    rows: list[ScanRow]
    learnt_from: tuple[str, ...]


def predict(model: Path, dataset: Dataset, out: Path, workers: int = 1, ray: str | None = None) -> Predictions:
    """Analyse every scan of a dataset, in the order of its table, and write scans.csv; a stopped run is continued.

    Parameters
    ----------
    model
        A checkpoint, or an exported model whose name ends in .onnx.
    dataset
        What is analysed.
    out
        Folder of the report.
    workers
        Number of processes.
    ray
        Address of a cluster whose processors analyse instead.

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    AnalysisError
        When an analysis fails.
    EdgeCataractError
        When the model or the folder cannot be used.
    """
    network = analyzer_of(model, None).network
    stamp = {
        "model_sha256": network.sha256,
        "tables_sha256": dataset.tables_sha256,
        "code_revision": code_revision(),
    }
    files = (hashlib.sha256(scan.image.read_bytes()).hexdigest() for scan in dataset.scans)
    if faults := duplicates(dataset.scans, files):  # at once, before anything is measured
        raise DatasetError(dataset.folder, faults)
    out.mkdir(parents=True, exist_ok=True)
    with Ledger(out / LEDGER, stamp, replace=True, sync_every=SYNC_EVERY) as ledger:
        _measure_rest(ledger, list(_jobs(model, dataset)), dataset, lambda rest: _outcomes(model, rest, workers, ray))
        records = [ledger[scan.scan_id] for scan in dataset.scans]
    if faults := duplicates(dataset.scans, (record[PICTURE] for record in records)):
        raise DatasetError(dataset.folder, faults)
    if doubt := eyes_without_cataract(dataset.scans, (record[CATARACT] for record in records)):
        sys.stderr.write(f"Warning: {doubt}\n")
    rows = [scan_row_from_record(record) for record in records]
    write_rows(out / "scans.csv", rows, ScanRow)
    learnt: frozenset[str] = getattr(network, "pictures", frozenset())
    return Predictions(
        rows, tuple(row.scan_id for row, record in zip(rows, records, strict=True) if short(record[PICTURE]) in learnt)
    )


def _measure_rest(ledger: Ledger, jobs: list[ExamJob], dataset: Dataset, outcomes: Outcomes) -> None:
    """Measure the exams of which the ledger has not every scan yet."""
    rest = [job for job in jobs if any(one.scan.scan_id not in ledger for one in job.scans)]
    faults: list[str] = []
    left = sum(len(job.scans) for job in rest)
    total = len(dataset.scans)
    with tqdm(total=total, initial=total - left, unit="scan", disable=not sys.stderr.isatty()) as bar:
        for outcome in chain.from_iterable(outcomes(rest)):
            bar.update()
            if isinstance(outcome, Failure):
                raise AnalysisError(
                    "analysis", outcome.message, "Run again to continue.", lost="The report is unfinished."
                )
            if isinstance(outcome, Measured):
                of_all = {PICTURE: outcome.picture_sha256, CATARACT: outcome.cataract}
                if outcome.row.scan_id not in ledger:  # an exam may have been stopped halfway
                    ledger.append(outcome.row.scan_id, record_of(outcome.row) | of_all)
            else:
                faults += outcome
    if faults:
        raise DatasetError(dataset.folder, faults)


def _jobs(model: Path, dataset: Dataset) -> Iterator[ExamJob]:
    """Every exam of every eye, in the order of their first scans; scans of several profiles are several exams."""
    exams: dict[tuple[str, str], list[ScanJob]] = {}
    for job in _scan_jobs(dataset):
        exams.setdefault((job.scan.eye_id, job.scan.profile), []).append(job)
    return (ExamJob(model, tuple(jobs)) for jobs in exams.values())


def _scan_jobs(dataset: Dataset) -> Iterator[ScanJob]:
    more = {row["scan_id"]: row.cells for row in read_table(dataset.folder / "scans.csv", SCAN_COLUMNS, [])}
    for scan in dataset.scans:
        row = more[scan.scan_id]
        kinds, observable = (
            dataset.folder / row[name] if row.get(name) else None for name in ("truth_type", "truth_observable")
        )
        strata = tuple(word for name in STRATA for word in _words(name, row.get(name)))
        yield ScanJob(scan, kinds, observable, strata)


def _words(name: str, value: str | None) -> list[str]:
    """Return each value of a column as `name=value`; nothing where the dataset has no such column."""
    return [] if value is None else [f"{name}={one}" for one in value.split() or ["none"]]


def _outcomes(model: Path, jobs: list[ExamJob], workers: int, ray: str | None) -> Iterator[list[Outcome]]:
    if ray is not None:
        yield from over_cluster(measure_sent, SentFile.of(model), map(SentJob.of, jobs), ray) if jobs else ()
        return
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(measure, jobs)
        return
    with process_pool(workers) as pool:
        yield from pool.map(measure, jobs)
