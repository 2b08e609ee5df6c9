"""Processes that measure exams side by side, watched by one that does nothing else.

A process that ends in the middle of an exam, or takes too long for it and is ended, costs that exam alone: another
takes its place.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, InternalError
from edge_runtime.machine.faults import known_error
from edge_runtime.machine.memory import give_back_freed

from .work import measure_exam, without_result

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from edge_runtime.analyzer import CataractAnalyzer

    from .plan import Job
    from .record import ExamRecord
    from .work import AnalyzerSettings

    Task = Callable[[CataractAnalyzer, Any], Any]  # of whatever a verb calls a job
    Results = Generator[tuple[Job, ExamRecord] | None, None, None]

# Resident memory at its peak in MB, of a worker on exams of two eyes and of the process that watches, measured by
# benchmarks/speed/batch.py.
WORKER_PEAK_MB, WATCH_PEAK_MB = 350, 100
EXAM_S = 600.0  # that an exam may take, unless something else is said: a hundred times what it needs
_READY_S = 300.0  # that loading the model may take: a second or two, on a board some
TICK_S = 0.5  # how often somebody who waits for results hears that there are none yet
_MOST_FALSE_STARTS = 3
_EXIT_ORPHAN = 70


def measured(jobs: Sequence[Job], settings: AnalyzerSettings, workers: int, exam_s: float = EXAM_S) -> Results:
    """Measure exams in processes of their own; each result comes as soon as it is there, None every half second.

    Close the iterator to end the processes.

    Parameters
    ----------
    jobs
        The exams.
    settings
        What every process builds its analyzer from.
    workers
        Number of processes.
    exam_s
        Seconds that an exam may take.

    Raises
    ------
    EdgeCataractError
        When the processes cannot load the model, or end before they have.
    """
    pool = WorkerPool(settings, measure_exam, exam_s=exam_s)
    try:
        for job in jobs:
            pool.add(job)
        for _ in range(min(workers, len(jobs))):
            pool.start()
        while pool.running:
            found = pool.results(TICK_S)
            if found is None:
                yield None
            for job, said in found or ():
                yield job, (without_result(job, said) if isinstance(said, EdgeCataractError) else said)
    finally:
        pool.end()


class _Worker:
    """A process, its end of the pipe, the exam that it has, and until when it has to say something."""

    def __init__(self, process: Any, pipe: Connection, until: float) -> None:
        self.process, self.pipe, self.until = process, pipe, until
        self.job: Any = None
        self.idle = False


class WorkerPool:
    """Processes that carry out one task for exam after exam.

    Parameters
    ----------
    settings
        What every process builds its analyzer from.
    task
        What is done with an analyzer and an exam: a function of a module, for other processes find it by its name.
    keep
        Whether a process without an exam waits for the next one; otherwise it ends.
    exam_s
        Seconds that an exam may take; a process that takes longer is ended.

    Attributes
    ----------
    running
        The processes.
    """

    def __init__(self, settings: AnalyzerSettings, task: Task, *, keep: bool = False, exam_s: float = EXAM_S) -> None:
        self._settings, self._task, self._keep, self._exam_s = settings, task, keep, exam_s
        self._waiting: deque[Any] = deque()
        self._context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        self._false_starts = 0
        self.running: list[_Worker] = []

    def start(self) -> None:
        """Start a process; it says when it is ready."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._settings, self._task), daemon=True)
        process.start()
        theirs.close()
        self.running.append(_Worker(process, ours, time.monotonic() + _READY_S))

    def add(self, job: Any) -> None:
        """Put an exam at the end of the queue; a process that waits gets it at once."""
        self._waiting.append(job)
        idle = next((worker for worker in self.running if worker.idle), None)
        if idle is not None:
            self._give(idle)

    @property
    def unfinished(self) -> int:
        """Exams without a result."""
        return len(self._waiting) + sum(worker.job is not None for worker in self.running)

    @property
    def ready(self) -> bool:
        """Whether a process has loaded the model."""
        return any(worker.idle or worker.job is not None for worker in self.running)

    def results(self, timeout_s: float, also: Sequence[Connection] = ()) -> list[tuple[Any, Any]] | None:
        """Exams that have ended since, each with what the task gave, or with the error that ended its process.

        A process that takes too long is ended here, so that one exam stops no others.

        Parameters
        ----------
        timeout_s
            How long to wait for a process to say something; None is returned when none does.
        also
            Other pipes that end the waiting.

        Raises
        ------
        EdgeCataractError
            When the processes cannot load the model, or end before they have.
        """
        patience_s = min((worker.until for worker in self.running), default=math.inf) - time.monotonic()
        ready = wait([*(worker.pipe for worker in self.running), *also], max(min(timeout_s, patience_s), 0.0))
        heard = [self._look_at(worker) for worker in list(self.running) if worker.pipe in ready]
        now = time.monotonic()
        late = [worker for worker in self.running if worker.until <= now and not worker.pipe.poll()]
        heard += [self._replace(worker, late=True) for worker in late]
        return [result for result in heard if result is not None] if ready or late else None

    def _look_at(self, worker: _Worker) -> tuple[Any, Any] | None:
        """Take what a process says, and give it the next exam; None where that was no result."""
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replace(worker)
        if isinstance(said, EdgeCataractError):
            raise said
        self._false_starts = 0
        job = worker.job
        self._give(worker)
        return None if job is None else (job, said)

    def _give(self, worker: _Worker) -> None:
        """Give a process the next exam; without one it waits, or ends."""
        worker.job = self._waiting.popleft() if self._waiting else None
        worker.idle = worker.job is None and self._keep
        worker.until = math.inf if worker.job is None else time.monotonic() + self._exam_s
        if worker.idle:
            return
        try:
            worker.pipe.send(worker.job)
        except OSError:  # it has ended meanwhile, without having begun
            if worker.job is not None:
                self._waiting.appendleft(worker.job)
                worker.job = None
            return
        if worker.job is None:
            self._forget(worker)

    def _replace(self, worker: _Worker, *, late: bool = False) -> tuple[Any, EdgeCataractError] | None:
        if late:
            worker.process.kill()
        self._forget(worker)
        died = _too_slow() if late else _ended(worker.process.exitcode)
        if worker.job is None:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS:
                raise died
            self.start()
            return None
        if self._waiting or self._keep:
            self.start()
        return worker.job, died

    def _forget(self, worker: _Worker) -> None:
        self.running.remove(worker)
        worker.process.join()
        worker.pipe.close()

    def end(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self.running:
            worker.process.kill()
        for worker in self.running:
            worker.process.join()


def _ended(code: int | None) -> EdgeCataractError:
    return InternalError(
        "worker-died",
        f"The process that measured it ended by {f'signal {-code}' if code and code < 0 else f'code {code}'}.",
        "Look for a lack of memory, and run it again with --retry.",
    )


def _too_slow() -> EdgeCataractError:
    return InternalError(
        "worker-died", "The process that measured it took too long, and was ended.", "Give it longer (--exam-limit)."
    )


def _serve(pipe: Connection, settings: AnalyzerSettings, task: Task) -> None:
    """Be a worker: load the model once, then measure what comes until nothing does."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # the process that watches hears them too, and ends this one
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        try:
            analyzer = settings.load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the watching process tells it
            pipe.send(known_error(error))
            return
        pipe.send(None)
        while (job := pipe.recv()) is not None:
            pipe.send(task(analyzer, job))
            give_back_freed()  # or what one exam left in pieces grows with the next


def end_with_parent() -> None:
    """End at once when the process that watches was killed: nobody would take the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(_EXIT_ORPHAN)
