"""Small batches for tests: frames that differ, for the tiny model, and what is planned of them."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.batch.plan import Job, Part, jobs_of
from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.exams.folder import find_scans
from edge_runtime.exams.grouping import exams_by_name
from edge_runtime.machine.resources import Limits
from tests.edge_runtime.pictures import encoded, lens_frame


def write_scan(path: Path, number: int = 0) -> None:
    """A scan that differs from others with another number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(".png", lens_frame(cataract_rows=200 + 8 * number)))


def write_exams(root: Path, exams: int, *, scans: int = 1) -> None:
    """Exams of two eyes: ``E1_OD_1.png``."""
    for exam in range(1, exams + 1):
        for eye in ("OD", "OS"):
            for number in range(1, scans + 1):
                write_scan(root / f"E{exam}_{eye}_{number}.png", number)


def jobs_in(root: Path, part: Part | None = None) -> list[Job]:
    scans = find_scans(str(root), deep=True, is_own=lambda path: False).scans
    return jobs_of(exams_by_name(scans, str(root)), part or Part())


def settings(model: Path | str) -> AnalyzerSettings:
    return AnalyzerSettings(str(model), "int8", None, None, Limits(1), None)
