"""Processes that measure exams side by side, watched by one that does nothing else.

A process that ends in the middle of an exam costs that exam alone: another takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, InternalError
from edge_runtime.machine.memory import give_back_freed

from .record import ExamRecord
from .work import known_error, measure_exam, without_result

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .plan import Job
    from .work import AnalyzerSettings

    Results = Generator[tuple[Job, ExamRecord] | None, None, None]

# Resident memory at its peak in MB, of a worker on exams of two eyes and of the process that watches, measured by
# benchmarks/speed/batch.py.
WORKER_PEAK_MB, WATCH_PEAK_MB = 350, 100
TICK_S = 0.5  # how often somebody who waits for results hears that there are none yet
_MOST_FALSE_STARTS = 3
_EXIT_ORPHAN = 70


def measured(jobs: Sequence[Job], settings: AnalyzerSettings, workers: int) -> Results:
    """Measure exams in processes of their own; each result comes as soon as it is there, None every half second.

    Close the iterator to end the processes.

    Raises
    ------
    EdgeCataractError
        When the processes cannot load the model, or end before they have.
    """
    watch = _Watch(settings, list(reversed(jobs)))
    try:
        for _ in range(min(workers, len(jobs))):
            watch.start()
        while watch.running:
            ready = wait([worker.pipe for worker in watch.running], TICK_S)
            if not ready:
                yield None
            for worker in [one for one in watch.running if one.pipe in ready]:
                if (result := watch.look_at(worker)) is not None:
                    yield result
    finally:
        watch.end()


class _Worker:
    """A process, its end of the pipe, and the exam that it has."""

    def __init__(self, process: Any, pipe: Connection) -> None:
        self.process, self.pipe = process, pipe
        self.job: Job | None = None


class _Watch:
    def __init__(self, settings: AnalyzerSettings, waiting: list[Job]) -> None:
        self._settings, self._waiting = settings, waiting
        self._context = multiprocessing.get_context("spawn")  # a session of onnxruntime does not survive a fork
        self._false_starts = 0
        self.running: list[_Worker] = []

    def start(self) -> None:
        """Start a process; it says when it is ready."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._settings), daemon=True)
        process.start()
        theirs.close()
        self.running.append(_Worker(process, ours))

    def look_at(self, worker: _Worker) -> tuple[Job, ExamRecord] | None:
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
        """Give a process the next exam, or nothing more."""
        worker.job = self._waiting.pop() if self._waiting else None
        try:
            worker.pipe.send(worker.job)
        except OSError:  # it has ended meanwhile, without having begun
            if worker.job is not None:
                self._waiting.append(worker.job)
                worker.job = None
            return
        if worker.job is None:
            self._forget(worker)

    def _replace(self, worker: _Worker) -> tuple[Job, ExamRecord] | None:
        self._forget(worker)
        code = worker.process.exitcode
        died = InternalError(
            "worker-died",
            f"The process that measured it ended by {f'signal {-code}' if code and code < 0 else f'code {code}'}.",
            "Look for a lack of memory, and run it again with --retry.",
        )
        if worker.job is None:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS:
                raise died
            self.start()
            return None
        if self._waiting:
            self.start()
        return worker.job, without_result(worker.job, died)

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


def _serve(pipe: Connection, settings: AnalyzerSettings) -> None:
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
            pipe.send(measure_exam(analyzer, job))
            give_back_freed()  # or what one exam left in pieces grows with the next


def end_with_parent() -> None:
    """End at once when the process that watches was killed: nobody would take the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(_EXIT_ORPHAN)
