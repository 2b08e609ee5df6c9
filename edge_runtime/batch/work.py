"""Measure one exam, in whichever process: a function of its files and of an analyzer."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edge_runtime.exams.eyes import split_eyes
from edge_runtime.exams.opening import open_scans
from edge_runtime.machine.faults import forget_pixels, known_error
from edge_runtime.printable import printable
from edge_runtime.results import ScanResult

from .record import ExamRecord, EyeRecord, Status, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge_runtime.analyzer import CataractAnalyzer
    from edge_runtime.errors import EdgeCataractError
    from edge_runtime.frame.profiles import PixelPitch
    from edge_runtime.machine.resources import Limits
    from edge_runtime.results import EyeResult, UnreadableScan
    from edge_runtime.scan import Exam

    from .plan import Job


@dataclass(frozen=True, slots=True)
class AnalyzerSettings:
    """What every process builds its analyzer from; the arguments of `CataractAnalyzer`."""

    model: str | None
    precision: str
    threshold: float | None
    profile: str | PixelPitch | None
    limits: Limits
    bits: int | None

    def check(self) -> None:
        """Check before any work, and before anything is written, that model and profile can be used at all.

        Raises
        ------
        EdgeCataractError
            As `CataractAnalyzer` for a model that is missing or damaged, or a profile that is none.
        """
        from edge_runtime.frame.profiles import wanted_profile
        from edge_runtime.model.store import read_model

        read_model(self.model, self.precision)
        wanted_profile(self.profile)

    def load(self) -> CataractAnalyzer:
        """Load and verify the model; it raises as `CataractAnalyzer` does."""
        from edge_runtime.analyzer import CataractAnalyzer
        from edge_runtime.machine.libraries import load_cv2

        analyzer = CataractAnalyzer(
            self.model,
            precision=self.precision,
            threshold=self.threshold,
            profile=self.profile,
            limits=self.limits,
            bits=self.bits,
        )
        load_cv2().setNumThreads(analyzer.network.threads)
        return analyzer


class Spectator(Protocol):
    """Who sees the eyes of an exam while it is measured; what it raises becomes a part of the record."""

    def judged(self, eye: EyeResult, document: dict[str, Any]) -> None:
        """An eye was measured."""


def measure_exam(analyzer: CataractAnalyzer, job: Job, spectator: Spectator | None = None) -> ExamRecord:
    """Measure the eyes of an exam. Whatever is wrong with it is in the record; nothing is raised."""
    try:
        opened = open_scans(job.exam.scans, analyzer.room_for_reading)
        eyes = split_eyes(opened)
    except Exception as error:  # noqa: BLE001 - one exam, whatever is wrong with it, ends no run
        return without_result(job, known_error(error))
    path_of = {source.name: scan.planned.path for scan in opened for source in scan.sources}
    found: dict[str, list[Status]] = {scan.path: [] for scan in job.exam.scans}
    records = []
    for exam in eyes.exams:
        record, statuses = _measure_eye(analyzer, exam, job.label, spectator)
        records.append(record)
        for source, status in zip(exam.sources, statuses, strict=True):
            found[path_of[source.name]].append(status)
    for stray in eyes.strays:
        if stray.error is not None:
            records.append(EyeRecord.of_error(None, stray.error, _names([stray.planned.path])))
            found[stray.planned.path].append(status_of(stray.error))
    return ExamRecord(records, _counted(_best(statuses) for statuses in found.values()))


def without_result(job: Job, error: EdgeCataractError) -> ExamRecord:
    """The record of an exam that has no result: a line for each eye that is known of it."""
    names = _names(scan.path for scan in job.exam.scans)
    return ExamRecord(
        [EyeRecord.of_error(eye, error, names) for eye in job.eyes],
        _counted([status_of(error)] * len(job.exam.scans)),
    )


def _measure_eye(
    analyzer: CataractAnalyzer, exam: Exam, label: str, spectator: Spectator | None
) -> tuple[EyeRecord, list[Status]]:
    """The line of one eye, and what became of each of its scans."""
    from edge_runtime.report.document import document

    names = _names(source.name for source in exam.sources)
    try:
        eye: EyeResult = analyzer.analyze_exam(exam)
        content = {**document(eye), "exam": label}
        if spectator is not None:
            spectator.judged(eye, content)
    except Exception as error:  # noqa: BLE001 - one exam, whatever is wrong with it, ends no run
        known = known_error(error)
        forget_pixels(known)
        return EyeRecord.of_error(exam.laterality, known, names), [status_of(known)] * len(names)
    side = None if eye.laterality is None else eye.laterality.value
    status = Status.GRADED if eye.scans_used else Status.REFUSED
    return EyeRecord(side, status.value, content, sources=names), [_status(entry) for entry in eye.entries]


def _status(entry: ScanResult | UnreadableScan) -> Status:
    if isinstance(entry, ScanResult):
        return Status.GRADED if entry.gradable else Status.REFUSED
    return status_of(entry.error)


def _best(statuses: Sequence[Status]) -> Status:
    """Of a file with several scans: graded where one of them is."""
    return next((status for status in Status if status in statuses), Status.REFUSED)


def _counted(statuses: Iterable[Status]) -> dict[str, int]:
    counts = Counter(statuses)
    return {status.value: counts[status] for status in Status}


def _names(paths: Iterable[str]) -> list[str]:
    return [printable(os.path.basename(path)) for path in paths]
