"""A batch from its exams to its tables. This file knows the order of the steps."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edge_runtime.errors import InternalError
from edge_runtime.report.document import to_json
from edge_runtime.report.files import write_all

from .book import Book, stamp
from .plan import jobs_of
from .progress import Progress
from .record import Status
from .tables import csv_bytes, has_parquet, json_lines, parquet_bytes, row
from .work import without_result
from .workers import EXAM_S, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge_runtime.exams.planned import PlannedExam

    from .plan import Job, Part
    from .record import ExamRecord, EyeRecord
    from .work import AnalyzerSettings

SUMMARY_SCHEMA = "edge-cataract/batch/1"


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be measured, and how.

    Attributes
    ----------
    exams
        All exams, in the order of the manifest; those of other parts are passed over.
    settings
        What every process builds its analyzer from.
    outputs
        Where ledger and tables go.
    part
        Which part is measured.
    workers
        Processes that measure.
    parquet
        Whether the table is written as Parquet, too; None: where the extra is installed.
    retry
        Whether exams that a fault of the program or of the machine touched are measured again.
    replace
        Whether a ledger of other work is started over.
    audit
        Records each document before it counts as measured; None: not asked for.
    exam_s
        Seconds that an exam may take.
    """

    exams: tuple[PlannedExam, ...]
    settings: AnalyzerSettings
    outputs: BatchFiles
    part: Part
    workers: int
    parquet: bool | None = None
    retry: bool = False
    replace: bool = False
    audit: Callable[[dict[str, Any]], None] | None = None
    exam_s: float = EXAM_S


@dataclass(frozen=True, slots=True)
class BatchFiles:
    """The files of a batch, or of one of its parts.

    Attributes
    ----------
    folder
        Where they are.
    part
        Which part.
    """

    folder: str
    part: Part

    def _path(self, name: str, ending: str) -> str:
        return os.path.join(self.folder, f"{name}{self.part.suffix}.{ending}")

    @property
    def ledger(self) -> str:
        """The record of finished work."""
        return self._path("batch", "ledger")

    @property
    def csv(self) -> str:
        """Numbers, one line per eye."""
        return self._path("results", "csv")

    @property
    def json_lines(self) -> str:
        """Documents, one line per eye."""
        return self._path("results", "jsonl")

    @property
    def parquet(self) -> str:
        """Numbers as Parquet."""
        return self._path("results", "parquet")

    @property
    def summary(self) -> str:
        """Counts."""
        return self._path("summary", "json")

    @property
    def results(self) -> list[str]:
        """All but the ledger."""
        return [self.csv, self.json_lines, self.parquet, self.summary]


class Listener(Protocol):
    """Who hears how a batch goes on."""

    def begins(self, progress: Progress, workers: int) -> None:
        """Before anything is measured: what there is, and the processes that will measure."""

    def goes_on(self, progress: Progress) -> None:
        """An exam was recorded, or half a second has passed."""


def run_batch(batch: Batch, listener: Listener) -> dict[str, Any]:
    """Measure what is not recorded yet, then write the tables of all; returns the summary.

    Raises
    ------
    EdgeCataractError
        When the model cannot be loaded, an output cannot be written, or the ledger records other work.
    """
    if batch.parquet:
        parquet_bytes([])  # what is missing is said before the work
    jobs = jobs_of(batch.exams, batch.part)
    common = stamp(batch.settings, batch.part)
    with Book(batch.outputs.ledger, common, retry=batch.retry, replace=batch.replace) as book:
        left = book.left(jobs)
        waiting = {id(job) for job in left}
        done = [job for job in jobs if id(job) not in waiting]
        progress = Progress(len(jobs), _files(jobs), len(done), _files(done), time.monotonic())
        listener.begins(progress, min(batch.workers, len(left)))
        with closing(measured(left, batch.settings, batch.workers, batch.exam_s)) as results:
            for result in results:
                if result is not None:
                    job, record = result
                    book.add(job, _told(batch.audit, job, record))
                    progress.add(len(job.exam.scans))
                listener.goes_on(progress)
        return _deliver(batch, jobs, book)


def _told(audit: Callable[[dict[str, Any]], None] | None, job: Job, record: ExamRecord) -> ExamRecord:
    """Record the answers of an exam; one that cannot be recorded is not given, and the run goes on."""
    try:
        for eye in record.eyes:
            if audit is not None and eye.document is not None:
                audit(eye.document)
    except InternalError as error:
        return without_result(job, error)
    return record


def _deliver(batch: Batch, jobs: Sequence[Job], book: Book) -> dict[str, Any]:
    lines: list[tuple[str, EyeRecord]] = []
    files: Counter[str] = Counter()
    for job in jobs:
        record = book[job]
        lines += [(job.label, eye) for eye in record.eyes]
        files.update(record.files)
    rows = [row(label, eye) for label, eye in lines]
    summary = _summary(jobs, lines, files)
    contents = {batch.outputs.csv: csv_bytes(rows), batch.outputs.json_lines: json_lines(lines)}
    if batch.parquet or (batch.parquet is None and has_parquet()):
        contents[batch.outputs.parquet] = parquet_bytes(rows)
    contents[batch.outputs.summary] = to_json(summary, indent=1).encode() + b"\n"
    write_all(contents)
    return summary


def _summary(jobs: Sequence[Job], lines: Sequence[tuple[str, EyeRecord]], files: Counter[str]) -> dict[str, Any]:
    eyes = Counter(eye.status for _, eye in lines)
    answers = Counter(eye.document["eye"]["answer"] for _, eye in lines if eye.document)
    words = Counter(eye.word for _, eye in lines if eye.word)
    return {
        "schema": SUMMARY_SCHEMA,
        "inputs": _files(jobs),
        **{status.value: files[status] for status in Status},
        "exams": len(jobs),
        "eyes": {"lines": len(lines), **{status.value: eyes[status] for status in Status}},
        "answers": dict(sorted(answers.items())),
        "words": dict(sorted(words.items())),
    }


def _files(jobs: Sequence[Job]) -> int:
    return sum(len(job.exam.scans) for job in jobs)
