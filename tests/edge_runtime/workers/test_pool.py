"""Workers side by side, and what becomes of a job whose process dies, hangs or fails."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from edge_runtime.errors import EdgeCataractError, InternalError, ModelMissingError, ResourceError
from edge_runtime.workers.pool import WorkerPool

from .jobs import begins

pytestmark = pytest.mark.slow
Start = Callable[..., WorkerPool]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def started(*jobs: Any, workers: int = 1, begin: Any = begins, **options: Any) -> WorkerPool:
            pool = WorkerPool(begin, **{"job_s": 60.0, **options})
            stack.callback(pool.end)
            for job in jobs:
                pool.add(job)
            for _ in range(workers):
                pool.start()
            return pool

        yield started
    assert multiprocessing.active_children() == []


def results(pool: WorkerPool) -> dict[str, str]:
    """What came out of each job by its name: its own name, or the word of an error."""
    found: dict[str, str] = {}
    while pool.unfinished:
        for job, said in pool.results(0.5) or ():
            found[job] = said.word if isinstance(said, EdgeCataractError) else said[0]
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_ends_hangs_or_fails_costs_itself_alone(workers: int, start: Start) -> None:
    found = results(start("a", "dies", "b", "hangs", "fails", "c", workers=workers, job_s=3.0))
    assert found == {"a": "a", "b": "b", "c": "c", "dies": "worker-died", "hangs": "worker-died", "fails": "internal"}


def test_a_pool_without_more_jobs_ends_its_workers_unless_they_are_kept(start: Start) -> None:
    left = start("a")
    while left.running:
        left.results(0.5)
    kept = start("a", keep=True)
    assert results(kept) == {"a": "a"}
    assert (len(kept.running), kept.ready) == (1, True)
    kept.add("b")
    assert results(kept) == {"b": "b"}


def test_a_worker_that_dies_while_it_waits_is_replaced(start: Start) -> None:
    pool = start("a", keep=True)
    results(pool)
    pool.running[0].kill()
    pool.running[0]._process.join()
    pool.add("b")
    assert results(pool) == {"b": "b"}


def test_workers_that_cannot_begin_end_the_run(start: Start) -> None:
    with pytest.raises(ModelMissingError):
        results(start("a", begin=partial(begins, "refuses")))
    with pytest.raises(InternalError, match="code 7"):
        results(start("a", begin=partial(begins, "leaves")))


def test_an_answer_that_cannot_be_taken_costs_its_job_alone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, begun = start("a", "b", "c"), threading.Timer.start
    calls: list[threading.Timer] = []

    def starts(timer: threading.Timer) -> None:
        calls.append(timer)
        if len(calls) == 3:  # that it is ready, that it takes a job, and what comes out
            raise RuntimeError("can't start new thread")
        begun(timer)

    monkeypatch.setattr(threading.Timer, "start", starts)
    assert results(pool) == {"a": "no-process", "b": "b", "c": "c"}


@pytest.mark.parametrize("workers", [1, 2])
def test_where_no_process_can_be_started_the_others_go_on(
    workers: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = start(workers=workers, keep=True)
    while not all(worker.idle for worker in pool.running):
        pool.results(0.5)
    process = multiprocessing.get_context("spawn").Process

    def starts_none(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as here:
        here.setattr(process, "start", starts_none)
        for job in ("dies", "a", "b"):
            pool.add(job)
        if workers == 1:
            with pytest.raises(ResourceError, match="no-process"):
                results(pool)
            return
        assert results(pool) == {"dies": "worker-died", "a": "a", "b": "b"}
        assert len(pool.running) == 1
    pool.results(0.0)
    assert len(pool.running) == 2
