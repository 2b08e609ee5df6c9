"""Measure every scan of a dataset, in several processes; a stopped run is continued."""

from __future__ import annotations

import csv
import hashlib
import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from edge_runtime.errors import EdgeCataractError
from edge_runtime.ledger import Ledger
from train.data.dataset import DatasetError
from train.provenance import code_revision
from train.workers import process_pool

from .measurement import Failure, Job, analyzer_of, measure
from .rows import ScanRow, record_of, scan_row_from_record, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from train.data.dataset import Dataset

# Columns of scans.csv by which results are told apart, where a dataset has them.
STRATA = ("mix", "condition", "artefacts", "display", "state", "senescent", "dilated")
LEDGER = "predictions.ledger"
SYNC_EVERY = 20  # scans that a loss of power may cost


class AnalysisError(EdgeCataractError):
    """The machine or the model failed on a scan; what was measured before is kept for the next run."""

    exit_code = 83


def predict(model: Path, dataset: Dataset, out: Path, workers: int = 1) -> list[ScanRow]:
    """Analyse every scan of a dataset, in the order of its table, and write scans.csv; a stopped run is continued.

    Raises
    ------
    DatasetError
        Naming every image and mask that cannot be used.
    AnalysisError
        When an analysis fails.
    EdgeCataractError
        When the model or the folder cannot be used.
    """
    stamp = {
        "model_sha256": analyzer_of(model, None).network.sha256,
        "tables_sha256": dataset.tables_sha256,
        "code_revision": code_revision(),
    }
    faults = list(_duplicates(dataset))
    if faults:
        raise DatasetError(dataset.folder, faults)
    out.mkdir(parents=True, exist_ok=True)
    with Ledger(out / LEDGER, stamp, replace=True, sync_every=SYNC_EVERY) as ledger:
        _measure_rest(ledger, list(_jobs(model, dataset)), dataset, workers)
        rows = [scan_row_from_record(ledger[scan.scan_id]) for scan in dataset.scans]
    write_rows(out / "scans.csv", rows, ScanRow)
    return rows


def _measure_rest(ledger: Ledger, jobs: list[Job], dataset: Dataset, workers: int) -> None:
    """Measure the scans that the ledger does not have yet."""
    rest = [job for job in jobs if job.scan.scan_id not in ledger]
    faults: list[str] = []
    with tqdm(total=len(jobs), initial=len(ledger), unit="scan", disable=not sys.stderr.isatty()) as bar:
        for outcome in _outcomes(rest, workers):
            bar.update()
            if isinstance(outcome, Failure):
                raise AnalysisError(
                    "analysis", outcome.message, "Run again to continue.", lost="The report is unfinished."
                )
            if isinstance(outcome, ScanRow):
                ledger.append(outcome.scan_id, record_of(outcome))
            else:
                faults += outcome
    if faults:
        raise DatasetError(dataset.folder, faults)


def _jobs(model: Path, dataset: Dataset) -> Iterator[Job]:
    with (dataset.folder / "scans.csv").open(newline="", encoding="utf-8-sig") as file:
        more = {(row["scan_id"] or "").strip(): row for row in csv.DictReader(file)}
    for scan in dataset.scans:
        row = more[scan.scan_id]
        kinds, observable = (
            dataset.folder / row[name] if row.get(name) else None for name in ("truth_type", "truth_observable")
        )
        strata = tuple(word for name in STRATA for word in _words(name, row.get(name)))
        yield Job(model, scan, kinds, observable, strata)


def _words(name: str, value: str | None) -> list[str]:
    """Return each value of a column as `name=value`; nothing where the dataset has no such column."""
    return [] if value is None else [f"{name}={one}" for one in value.split() or ["none"]]


def _duplicates(dataset: Dataset) -> Iterator[str]:
    seen: dict[str, str] = {}
    for scan in dataset.scans:
        first = seen.setdefault(hashlib.sha256(scan.image.read_bytes()).hexdigest(), scan.scan_id)
        if first != scan.scan_id:
            yield f"scan {scan.scan_id}: image is a duplicate of that of scan {first}"


def _outcomes(jobs: list[Job], workers: int) -> Iterator[ScanRow | list[str] | Failure]:
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(measure, jobs)
        return
    with process_pool(workers) as pool:
        yield from pool.map(measure, jobs, chunksize=2)
