"""The record of what a batch has measured, on the ledger, so that a stopped run is continued and nothing is done twice.

An exam is recorded under its label and the fingerprint of its files: one whose files have changed since is measured
again. What would change every number (model, options, version, part) is the ledger's stamp: with another, the run is
refused.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ModelMissingError
from edge_runtime.ledger import Ledger
from edge_runtime.model.store import read_look, read_model
from edge_runtime.version import __version__

from .record import ExamRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from .plan import Job, Part
    from .work import AnalyzerSettings


def stamp(settings: AnalyzerSettings, part: Part) -> dict[str, Any]:
    """What all records of a ledger have in common.

    Raises
    ------
    EdgeCataractError
        When the model is missing, damaged or of another kind.
    """
    look = None
    with suppress(ModelMissingError):  # which matters to models that ask for it alone, and they will say so
        look = hashlib.sha256(read_look()).hexdigest()
    return {
        "work": "batch",
        "version": __version__,
        "model": hashlib.sha256(read_model(settings.model, settings.precision)).hexdigest(),
        "look": look,
        "threshold": settings.threshold,
        "profile": _profile(settings.profile),
        "bits": settings.bits,
        "part": [part.number, part.count],
    }


def _profile(profile: Any) -> Any:
    """A profile by its name, its numbers, or the digest of its file."""
    if is_dataclass(profile) and not isinstance(profile, type):
        return asdict(profile)
    if profile is not None and os.path.isfile(profile):
        with open(profile, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return profile


class Book:
    """The records of a batch, open for writing.

    Parameters
    ----------
    path
        The ledger.
    common
        Its stamp.
    retry
        Whether exams that a fault of the program or of the machine touched are measured again.
    replace
        Whether a ledger of other work is started over.

    Raises
    ------
    EdgeCataractError
        As `Ledger`.
    """

    def __init__(self, path: str, common: dict[str, Any], *, retry: bool, replace: bool) -> None:
        self._ledger = Ledger(path, common, replace=replace)
        self._retry = retry
        self._before = frozenset(self._ledger)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ledger.close()

    def left(self, jobs: Sequence[Job]) -> list[Job]:
        """The exams that are still to be measured, in order."""
        return [job for job in jobs if self._is_left(job)]

    def _is_left(self, job: Job) -> bool:
        key = self._latest(job)
        return key is None or (self._retry and key in self._before and self[job].failed)

    def add(self, job: Job, record: ExamRecord) -> None:
        """Record a measured exam; when this returns, it is on the disk.

        Raises
        ------
        WriteError
            When writing fails.
        """
        attempt = 1
        while _key(job, attempt) in self._ledger:
            attempt += 1
        self._ledger.append(_key(job, attempt), record.to_dict())

    def __getitem__(self, job: Job) -> ExamRecord:
        """The latest record of an exam; KeyError where there is none."""
        key = self._latest(job)
        if key is None:
            raise KeyError(job.label)
        return ExamRecord.from_dict(self._ledger[key])

    def _latest(self, job: Job) -> str | None:
        attempt = 1
        while _key(job, attempt) in self._ledger:
            attempt += 1
        return _key(job, attempt - 1) if attempt > 1 else None


def _key(job: Job, attempt: int) -> str:
    again = f"\n{attempt}" if attempt > 1 else ""
    return f"{job.label}\n{job.fingerprint}{again}"
