"""Exams for a machine that does not see this one's folders: their files travel inside, and lie there for a moment."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edge_runtime.frame.profiles import PROFILES

from .measurement import ExamJob, Outcome, ScanJob, load_analyzer, measure_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge_runtime.analyzer import CataractAnalyzer


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as bytes; equal to another by its name and its hash."""

    name: str
    sha256: str
    content: bytes = field(compare=False, repr=False)

    @classmethod
    def of(cls, path: Path) -> Self:
        """A file of this machine; raises OSError as reading does."""
        content = path.read_bytes()
        return cls(path.name, hashlib.sha256(content).hexdigest(), content)

    def written_to(self, folder: str | Path) -> Path:
        """Its path in a folder of another machine, where it now lies."""
        path = Path(folder, self.name)
        path.write_bytes(self.content)
        return path


@dataclass(frozen=True, slots=True)
class SentJob:
    """The scans of an exam to analyse, with their files.

    Attributes
    ----------
    job
        Its paths are those of the machine that asks.
    files
        What measuring reads, by these paths.
    profile
        The device profile, where the dataset names a file.
    """

    job: ExamJob
    files: Mapping[Path, SentFile]
    profile: SentFile | None

    @classmethod
    def of(cls, job: ExamJob) -> Self:
        """The job with the files that can be read; of the others measuring says that they are missing."""
        files = {}
        for one in job.scans:
            scan = one.scan
            for path in (scan.image, scan.mask, scan.truth_labels, one.kinds, one.observable):
                if path is not None:
                    with suppress(OSError):
                        files[path] = SentFile.of(path)
        named = job.profile and job.profile not in PROFILES and Path(job.profile).is_file()
        return cls(job, files, SentFile.of(Path(job.profile)) if named else None)


def measure_sent(model: SentFile, sent: SentJob) -> list[Outcome]:
    """Measure the scans of an exam as `measure` does, from files that came along."""
    analyzer = _analyzer(model, sent.profile, sent.job.profile)
    with tempfile.TemporaryDirectory(prefix="edge-cataract-") as folder:

        def here(path: Path | None) -> Path | None:
            if path is None or path not in sent.files:
                return path
            place = Path(folder, hashlib.sha256(str(path).encode()).hexdigest())
            place.mkdir(exist_ok=True)  # two columns may name one file
            return sent.files[path].written_to(place)

        profile = sent.job.profile if sent.profile is None else str(sent.profile.written_to(folder))

        def moved(job: ScanJob) -> ScanJob:
            scan = replace(
                job.scan,
                image=here(job.scan.image) or job.scan.image,
                mask=here(job.scan.mask) or job.scan.mask,
                truth_labels=here(job.scan.truth_labels),
                profile=profile,
            )
            return replace(job, scan=scan, kinds=here(job.kinds), observable=here(job.observable))

        return measure_by(analyzer, replace(sent.job, scans=tuple(map(moved, sent.job.scans))))


@cache
def _analyzer(model: SentFile, profile: SentFile | None, name: str) -> CataractAnalyzer:
    """The analyzer of a model and a profile, loaded once in a process; their files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="edge-cataract-") as folder:
        named = name if profile is None else str(profile.written_to(folder))
        return load_analyzer(model.written_to(folder), named or None)
