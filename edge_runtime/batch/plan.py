"""What a batch is to measure: its exams, cut into parts, each with a fingerprint of its files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError
from edge_runtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge_runtime.exams.planned import PlannedExam, PlannedScan
    from edge_runtime.scan import Laterality


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a batch is measured.

    Attributes
    ----------
    number
        From 0.
    count
        How many parts there are.
    """

    number: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count:
            raise UsageError(
                "usage",
                f"There is no part {self.number} of {self.count}.",
                "Give --num-parts N, and --part-id from 0 to N - 1.",
            )

    @property
    def suffix(self) -> str:
        """What the names of its files say; nothing where the batch is not cut."""
        return "" if self.count == 1 else f"-{self.number:05d}-of-{self.count:05d}"

    def holds(self, label: str) -> bool:
        """Whether an exam is in it. That depends on its label alone, whatever other exams there are."""
        digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number


@dataclass(frozen=True, slots=True)
class Job:
    """An exam to measure.

    Attributes
    ----------
    exam
        Its scans.
    fingerprint
        Changes with its files and with what is said of them.
    """

    exam: PlannedExam
    fingerprint: str

    @property
    def label(self) -> str:
        """The label of the exam in one line of valid text."""
        return printable(self.exam.label)

    @property
    def eyes(self) -> tuple[Laterality | None, ...]:
        """The eyes that names or the manifest say, in the order of the scans; None stands for one of unknown side."""
        return tuple(dict.fromkeys(_eye(scan) for scan in self.exam.scans))


def jobs_of(exams: Iterable[PlannedExam], part: Part) -> list[Job]:
    """The exams of a part, in the order of the batch."""
    return [Job(exam, fingerprint(exam)) for exam in exams if part.holds(exam.label)]


def fingerprint(exam: PlannedExam) -> str:
    """A digest of what is known of the exam's files without reading them: names, eye, size and age.

    Where the whole archive lies is left out, so that its run may be continued under another path.
    """
    facts = [
        [os.path.basename(scan.path), list(scan.folders), scan.eye, scan.meridian_deg, *_state(scan.path)]
        for scan in exam.scans
    ]
    return hashlib.sha256(json.dumps(facts).encode("ascii")).hexdigest()


def _state(path: str) -> tuple[int, ...]:
    """Size and times of a file. The time of its last change of any kind cannot be set back, where systems keep it."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (status.st_size, status.st_mtime_ns, *((status.st_ctime_ns,) if os.name == "posix" else ()))


def _eye(scan: PlannedScan) -> Laterality | None:
    try:
        return scan.eye or scan.eye_by_name
    except UsageError:
        return None
