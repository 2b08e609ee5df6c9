"""Measure the bytes of one file, in the process that has the model: a row, whatever is wrong with the file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.record import EyeRecord, Status
from edge_runtime.batch.tables import row
from edge_runtime.errors import UsageError
from edge_runtime.exams.eyes import OpenedScan, split_eyes
from edge_runtime.exams.planned import PlannedScan
from edge_runtime.machine.faults import forget_pixels, known_error
from edge_runtime.machine.memory import MEGABYTE, resident_bytes
from edge_runtime.reading.sources import sources_of
from edge_runtime.scan import Exam

if TYPE_CHECKING:
    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.errors import EdgeCataractError
    from edge_runtime.results import EyeResult


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file whose bytes are here.

    Attributes
    ----------
    place
        Of its key in the shard, from 0.
    key
        As the manifest says it.
    content
        Its bytes.
    attempt
        From 1.
    """

    place: int
    key: str
    content: bytes
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """What became of a file.

    Attributes
    ----------
    row
        Its line in the table of the shard.
    peak_mb
        Most memory that the process has had.
    """

    row: dict[str, Any]
    peak_mb: float


def measure_file(analyzer: CataractAnalyzer, file: FetchedFile) -> MeasuredFile:
    """Measure a file. Whatever is wrong with it is in its row; nothing is raised."""
    from edge_runtime.report.document import document

    try:
        eye = _judged(analyzer, file)
        side = None if eye.laterality is None else eye.laterality.value
        status = Status.GRADED if eye.scans_used else Status.REFUSED
        record = EyeRecord(side, status.value, document(eye), sources=[""] * len(eye.entries))
        found = row_of(file.key, file.content, record)
    except Exception as error:  # noqa: BLE001 - one file, whatever is wrong with it, ends no run
        known = known_error(error)
        forget_pixels(known)
        found = row_of_error(file.key, file.content, known)
    return MeasuredFile(found, resident_bytes(peak=True) / MEGABYTE)


def row_of_error(key: str, content: bytes | None, error: EdgeCataractError) -> dict[str, Any]:
    """The row of a file without a result."""
    return row_of(key, content, EyeRecord.of_error(None, error, [""] if content is not None else []))


def row_of(key: str, content: bytes | None, record: EyeRecord) -> dict[str, Any]:
    """The row of a file: its key, its hash, and the columns of a batch."""
    about = {
        "key": key,
        "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        "bytes": None if content is None else len(content),
    }
    numbers = row("", record)
    del numbers["exam"]
    return about | numbers


def _judged(analyzer: CataractAnalyzer, file: FetchedFile) -> EyeResult:
    """The eye that a file shows; the name of its key may say which."""
    planned = PlannedScan.at(file.key)
    sources = sources_of(file.content, analyzer.room_for_reading)
    try:
        exams = split_eyes([OpenedScan(planned, sources)]).exams
    except UsageError as error:
        if error.word != "unknown-eye":
            raise
        exams = (Exam(sources, None),)
    if len(exams) > 1:
        raise UsageError("contradicting-eye", "The file has scans of both eyes.", "Save each eye in its own file.")
    exam = exams[0]
    if len(exam.sources) > 1:
        return analyzer.analyze_exam(exam)
    return analyzer.as_eye([analyzer.analyze_scan(exam.sources[0].scan())], laterality=exam.laterality)
