"""How far an archive is, how fast, when it will be done, and what it has cost so far."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.progress import LINE_EVERY_S, clock

if TYPE_CHECKING:
    from .plan import ArchivePlan
    from .score import ShardReport

_HOUR_S = 3600.0


@dataclass(slots=True)
class ArchiveProgress:
    """Counts of one run.

    Attributes
    ----------
    shards, scans
        All.
    shards_before, scans_before
        On the store when this run began.
    began_s
        When that was, by any clock.
    machines
        That work at the moment.
    price
        Of a machine for an hour, in any currency; None: not given.
    counts
        Files of this run by status.
    start_s
        Seconds until the first worker began its first shard; None before it is done.
    """

    shards: int
    scans: int
    shards_before: int
    scans_before: int
    began_s: float
    price: float | None = None
    machines: int = 1
    shards_done: int = 0
    scans_done: int = 0
    scans_twice: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    requests: int = 0
    repeated: int = 0
    measuring_mb: float = 0.0
    fetching_mb: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    machine_s: float = 0.0
    start_s: float | None = None
    _told_s: float | None = None
    _counted_s: float | None = None

    @classmethod
    def of(cls, plan: ArchivePlan, done: set[int], began_s: float, price: float | None) -> ArchiveProgress:
        """Before anything is scored."""
        return cls(plan.shards, plan.rows, len(done), sum(map(plan.rows_of, done)), began_s, price)

    def add(self, report: ShardReport, now_s: float) -> None:
        """A shard more is on the store."""
        if self.start_s is None:
            self.start_s = now_s - report.seconds - self.began_s
        self.shards_done += 1
        self.scans_done += report.rows
        self.scans_twice += 0 if report.written else report.rows
        self.bytes_read += report.bytes_read
        self.bytes_written += report.bytes_written
        self.requests += report.requests
        self.repeated += report.repeated
        self.measuring_mb = max(self.measuring_mb, report.measuring_mb)
        self.fetching_mb = max(self.fetching_mb, report.fetching_mb)
        self.counts.update(report.counts)

    def passed(self, now_s: float) -> None:
        """Count the time of the machines that work."""
        since_s = self.began_s if self._counted_s is None else self._counted_s
        self.machine_s += self.machines * (now_s - since_s)
        self._counted_s = now_s

    def is_time(self, now_s: float) -> bool:
        """Whether a minute has passed since a line was due."""
        if self._told_s is not None and now_s - self._told_s < LINE_EVERY_S:
            return False
        self._told_s = now_s
        return True

    @property
    def cost(self) -> float | None:
        """Of the machines in this run, at the price that was given."""
        return None if self.price is None else self.machine_s / _HOUR_S * self.price

    def rate(self, now_s: float) -> float:
        """Scans a second in this run."""
        return self.scans_done / max(now_s - self.began_s, 1e-9)

    def text(self, now_s: float) -> str:
        """One line: ``37 of 200 shards, 74000 of 400000 scans, 20.3 scans/s, 4:27:35 left, 1.01 machine-hours``."""
        shards, scans = self.shards_before + self.shards_done, self.scans_before + self.scans_done
        line = f"{shards} of {self.shards} shards, {scans} of {self.scans} scans"
        if self.scans_done:
            rate = self.rate(now_s)
            line += f", {rate:.1f} scans/s, {clock((self.scans - scans) / rate)} left"
            line += f", {self.machine_s / _HOUR_S:.2f} machine-hours"
            line += "" if self.cost is None else f", cost {self.cost:.2f}"
        return line

    def to_dict(self, now_s: float) -> dict[str, Any]:
        """The counts of this run, for who reads JSON."""
        return {
            "shards": self.shards_done,
            "scans": self.scans_done,
            "scans_of_shards_that_another_wrote": self.scans_twice,
            "counts": dict(sorted(self.counts.items())),
            "bytes_read": self.bytes_read,
            "bytes_written": self.bytes_written,
            "requests": self.requests,
            "requests_repeated": self.repeated,
            "start_seconds": None if self.start_s is None else round(self.start_s, 2),
            "seconds": round(now_s - self.began_s, 1),
            "processor_seconds_of_this_process": round(time.process_time(), 2),
            "scans_per_s": round(self.rate(now_s), 2),
            "machine_hours": round(self.machine_s / _HOUR_S, 4),
            "cost": None if self.cost is None else round(self.cost, 4),
            "peak_mb": {"measuring": round(self.measuring_mb, 1), "fetching": round(self.fetching_mb, 1)},
        }
