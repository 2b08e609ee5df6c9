"""Processes that may crash or hang, watched by one that may not."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection

HANG_S, HANG_PER_PIECE_S = 20.0, 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """Pieces of work of one kind, by their numbers: `count` from `first` on."""

    name: str
    first: int
    count: int


@dataclass(slots=True)
class _Worker:
    process: Any
    pipe: Connection
    job: Job
    since: float


def _work(pipe: Connection, outcomes: Callable[[Job, int], Iterable[str]], seed: int) -> None:
    while (job := pipe.recv()) is not None:
        found: Counter[str] = Counter()
        slowest, began = 0.0, time.process_time()
        for outcome in outcomes(job, seed):
            found[outcome] += 1
            now = time.process_time()
            slowest, began = max(slowest, now - began), now
        pipe.send((dict(found), slowest))


def supervised(
    outcomes: Callable[[Job, int], Iterable[str]], jobs: list[Job], seed: int, workers: int, hang_s: float = HANG_S
) -> tuple[dict[str, Counter[str]], float]:
    """Run jobs in watched processes; a process that ends or is silent is counted as a fault, and replaced.

    Parameters
    ----------
    outcomes
        Does a job with a seed and gives a word for each of its pieces; a function of a module.
    jobs, seed, workers
        The work, and the number of processes.
    hang_s
        Seconds of silence after which a process hangs, besides those that are granted for each piece.

    Returns
    -------
    dict, float
        How often each word came, by the name of the job; and the most processor time of one piece, in seconds.
    """
    watch = _Watch(outcomes, seed, list(reversed(jobs)), hang_s)
    for _ in range(workers):
        watch.start()
    while watch.running:
        for worker in list(watch.running):
            watch.look_at(worker)
    return watch.found, watch.slowest


@dataclass(slots=True)
class _Watch:
    outcomes: Callable[[Job, int], Iterable[str]]
    seed: int
    waiting: list[Job]
    hang_s: float = HANG_S
    running: list[_Worker] = field(default_factory=list)
    found: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: float = 0.0

    def start(self) -> None:
        """Start a process on the next job, if there is one."""
        if not self.waiting:
            return
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.outcomes, self.seed), daemon=True)
        process.start()
        theirs.close()
        self.running.append(_Worker(process, ours, self.waiting.pop(), time.monotonic()))
        ours.send(self.running[-1].job)

    def look_at(self, worker: _Worker) -> None:
        """Take the result of a process, or notice that there will be none."""
        counts = self.found.setdefault(worker.job.name, Counter())
        if worker.pipe.poll(0.05):
            try:
                some, slow = worker.pipe.recv()
            except (EOFError, OSError):
                counts["FAULT: crash"] += 1
                self._replace(worker)
                return
            counts.update(some)
            self.slowest = max(self.slowest, slow)
            self._go_on(worker)
        elif time.monotonic() - worker.since > self.hang_s + HANG_PER_PIECE_S * worker.job.count:
            counts["FAULT: hang"] += 1
            worker.process.kill()
            self._replace(worker)

    def _go_on(self, worker: _Worker) -> None:
        if self.waiting:
            worker.job, worker.since = self.waiting.pop(), time.monotonic()
            worker.pipe.send(worker.job)
        else:
            worker.pipe.send(None)
            self.running.remove(worker)

    def _replace(self, worker: _Worker) -> None:
        self.running.remove(worker)
        self.start()
