"""Processes that measure exams side by side, watched by one that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError
from edge_runtime.workers.bounds import memory_bound_mb
from edge_runtime.workers.pool import TICK_S, WorkerPool
from edge_runtime.workers.serving import Begun

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
    pool = analyzer_pool(settings, measure_exam, exam_s=exam_s)
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


def analyzer_pool(settings: AnalyzerSettings, task: Task, *, keep: bool = False, exam_s: float = EXAM_S) -> WorkerPool:
    """Processes that carry out one task, each with an analyzer of its own.

    Parameters
    ----------
    settings
        What every process builds its analyzer from.
    task
        What is done with an analyzer and a job: a function of a module, for other processes find it by its name.
    keep
        Whether a process without a job waits for the next one; otherwise it ends.
    exam_s
        Seconds that a job may take; a process that takes longer is ended.
    """
    most_mb = memory_bound_mb(settings.limits.max_memory_mb)
    return WorkerPool(partial(_with_analyzer, settings, task), job_s=exam_s, keep=keep, worker_mb=most_mb)


@contextmanager
def _with_analyzer(settings: AnalyzerSettings, task: Task) -> Iterator[Begun]:
    analyzer = settings.load()
    yield Begun(lambda job, contents, tell: task(analyzer, job))
