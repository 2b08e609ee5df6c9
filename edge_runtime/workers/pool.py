"""Workers side by side, that share a queue of jobs.

A worker that ends in the middle of a job, or takes too long for it and is ended, costs that job alone: another takes
its place.
"""

from __future__ import annotations

import math
import time
from collections import deque
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, ResourceError

from .bounds import WORKER_MB
from .process import Gone, WorkerProcess
from .serving import Failed, Result, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .serving import Begin

TICK_S = 0.5  # how often somebody who waits for results hears that there are none yet
_MOST_FALSE_STARTS = 3
_DIED = "Look for a lack of memory, and run it again with --retry."
_LATE = "Give it longer (--exam-limit)."


class _Worker(WorkerProcess):
    """A worker, the job that it has, and whether it waits for one."""

    job: Any = None
    idle = False


class WorkerPool:
    """Workers that carry out job after job.

    Parameters
    ----------
    begin
        Loads what the jobs need, in each process.
    keep
        Whether a worker without a job waits for the next one; otherwise it ends.
    job_s
        Seconds that a job may take; a process that takes longer is ended.
    worker_mb
        Megabytes of memory that each process may ask for.

    Attributes
    ----------
    running
        The workers.
    """

    def __init__(self, begin: Begin, *, job_s: float, keep: bool = False, worker_mb: int = WORKER_MB) -> None:
        self._begin, self._keep, self._job_s, self._worker_mb = begin, keep, job_s, worker_mb
        self._waiting: deque[Any] = deque()
        self._false_starts = self._missing = 0
        self.running: list[_Worker] = []

    def start(self) -> None:
        """Start a worker; it says when it is ready.

        Raises
        ------
        ResourceError
            ``no-process`` when the system lets none start.
        """
        self.running.append(_Worker(self._begin, self._worker_mb))

    def add(self, job: Any) -> None:
        """Put a job at the end of the queue; a worker that waits gets it at once."""
        self._waiting.append(job)
        idle = next((worker for worker in self.running if worker.idle), None)
        if idle is not None:
            self._give(idle)

    @property
    def unfinished(self) -> int:
        """Jobs without a result."""
        return len(self._waiting) + sum(worker.job is not None for worker in self.running)

    @property
    def ready(self) -> bool:
        """Whether a worker has begun."""
        return any(worker.idle or worker.job is not None for worker in self.running)

    def results(self, timeout_s: float, also: Sequence[Connection] = ()) -> list[tuple[Any, Any]] | None:
        """Jobs that have ended since, each with what came out, or with the error of the job or of the process's end.

        A process that takes too long is ended here, so that one job stops no others.

        Parameters
        ----------
        timeout_s
            How long to wait for a worker to say something; None is returned when none does.
        also
            Other pipes that end the waiting.

        Raises
        ------
        EdgeCataractError
            When the workers cannot begin, or end before they have; ``no-process`` when the last one has ended, and the
            system lets no other start.
        """
        if self._waiting or self._keep:
            self._start_missing()
        patience_s = min((worker.until for worker in self.running), default=math.inf) - time.monotonic()
        ready = wait([*(worker.pipe for worker in self.running), *also], max(min(timeout_s, patience_s), 0.0))
        now = time.monotonic()
        heard = [self._look_at(worker) for worker in list(self.running) if worker.pipe in ready or worker.until <= now]
        return [result for result in heard if result is not None] if ready or heard else None

    def _look_at(self, worker: _Worker) -> tuple[Any, Any] | None:
        """Take what a worker says, and give it the next job; None where that was no result."""
        said, job = worker.hear(), worker.job
        if isinstance(said, Gone):
            return self._replace(worker, said)
        if isinstance(said, Told):
            worker.allow(self._job_s)
            return None
        if isinstance(said, Failed) and job is None:
            raise said.error
        self._false_starts = 0
        self._give(worker)
        if isinstance(said, Failed):
            return job, said.error
        return (job, said.value) if isinstance(said, Result) else None

    def _give(self, worker: _Worker) -> None:
        """Give a worker the next job; without one it waits, or ends."""
        worker.job = self._waiting.popleft() if self._waiting else None
        worker.idle = worker.job is None and self._keep
        if worker.idle:
            worker.allow(math.inf)
        elif worker.job is None:
            self.running.remove(worker)
            worker.dismiss()
        elif not worker.give(worker.job, seconds=self._job_s):  # it has ended meanwhile, without having begun
            self._waiting.appendleft(worker.job)
            worker.job = None

    def _replace(self, worker: _Worker, gone: Gone) -> tuple[Any, EdgeCataractError] | None:
        self.running.remove(worker)
        died = gone.error(_LATE if gone.late else _DIED)
        if worker.job is None:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS:
                raise died
            self._missing += 1
            self._start_missing()
            return None
        if self._waiting or self._keep:
            self._missing += 1
            self._start_missing()
        return worker.job, died

    def _start_missing(self) -> None:
        """Start workers in place of those that died; while the system lets none start, the others do their work."""
        while self._missing:
            try:
                self.start()
            except ResourceError:
                if not self.running:
                    raise
                return
            self._missing -= 1

    def end(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self.running:
            worker.kill()
        for worker in self.running:
            worker.end()
