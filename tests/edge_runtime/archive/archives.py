"""Small archives for tests: scans that differ, for the tiny model, among them some that are none."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime import CataractAnalyzer, Limits
from edge_runtime.archive.manifest import Shard
from edge_runtime.archive.plan import ArchivePlan, work_of
from edge_runtime.archive.score import ArchiveWork
from edge_runtime.batch.work import AnalyzerSettings
from edge_runtime.scan import Scan
from tests.edge_runtime.batch.exams import settings, write_scan
from tests.edge_runtime.pictures import encoded, lens_frame

NOT_GRADED = {"empty.png": "empty-file", "text.png": "unsupported-format", "none.png": "missing-file"}


def write_files(folder: Path, scans: int) -> list[str]:
    """Scans, and behind the first one the files that are none; returns their keys, below `folder`."""
    for number in range(scans):
        write_scan(folder / "scans" / f"P{number}_OD.png", number % 5)
    (folder / "scans" / "empty.png").write_bytes(b"")
    (folder / "scans" / "text.png").write_bytes(b"no picture")
    keys = [f"scans/P{number}_OD.png" for number in range(scans)]
    return [keys[0], *(f"scans/{name}" for name in NOT_GRADED), *keys[1:]]


def write_manifest(folder: Path, scans: int = 5) -> Path:
    """A manifest as CSV with its files; 3 keys more than scans."""
    path = folder / "manifest.csv"
    path.write_text("".join(f"{key}\n" for key in ("key", *write_files(folder, scans))), encoding="utf-8")
    return path


def work_in(
    folder: Path, model: Path, keys: list[str], *, shard_size: int = 4, scan_s: float = 60.0, loads: Any = None
) -> tuple[ArchiveWork, list[Shard]]:
    """What a worker needs for an archive whose results go to `folder`/out, and its shards."""
    plan = ArchivePlan("0" * 64, len(keys), shard_size, work_of(settings(model)))
    work = ArchiveWork(plan, str(folder / "out"), str(folder), loads or settings(model), scan_s)
    starts = range(0, len(keys), shard_size)
    return work, [Shard(at // shard_size, at, tuple(keys[at : at + shard_size])) for at in starts]


class Crashing(CataractAnalyzer):
    """Kills its process, or hangs, on scans of so many rows; once, where a file says so."""

    deadly_rows = hanging_rows = 0
    once = ""

    def analyze_scan(self, scan: Scan, **options: Any) -> Any:
        if scan.rows == self.hanging_rows:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            threading.Event().wait()
        if scan.rows == self.deadly_rows and not (self.once and os.path.exists(self.once)):
            if self.once:
                Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().analyze_scan(scan, **options)


@dataclass(frozen=True)
class CrashingSettings:
    """Loads an analyzer that crashes or hangs."""

    like: AnalyzerSettings
    deadly_rows: int = 0
    hanging_rows: int = 0
    once: str = ""

    @property
    def limits(self) -> Limits:
        return self.like.limits

    def load(self) -> CataractAnalyzer:
        analyzer = Crashing(self.like.model, limits=self.limits)
        analyzer.deadly_rows, analyzer.hanging_rows, analyzer.once = self.deadly_rows, self.hanging_rows, self.once
        return analyzer


def odd_scan(path: Path) -> int:
    """A scan of another size, upon which `Crashing` may be set; returns its rows."""
    frame = lens_frame()
    path.write_bytes(encoded(".png", frame[:-4]))
    return int(frame.shape[0]) - 4
