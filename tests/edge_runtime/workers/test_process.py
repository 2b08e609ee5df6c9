"""One worker: what it says, and what is said of it when it dies, hangs or cannot begin."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from edge_runtime.errors import InternalError, ModelMissingError, ResourceError
from edge_runtime.workers import process as process_module
from edge_runtime.workers.bounds import WORKER_MB, memory_bound_mb
from edge_runtime.workers.process import Gone, WorkerProcess
from edge_runtime.workers.serving import Failed, Result, Told

from .jobs import begins

pytestmark = pytest.mark.slow


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    process = WorkerProcess(begins)
    assert process.wait_until_ready("Look.") == "hello"
    yield process
    process.end()
    process.end()
    assert multiprocessing.active_children() == []


def test_a_job_comes_back_with_its_result_and_bytes_go_beside_it(worker: WorkerProcess) -> None:
    for job, contents in (("one", []), ("two", [b"", b"abc"])):
        assert worker.give(job, contents, seconds=60)
        assert worker.hear() == Result((job, [len(content) for content in contents]))


@pytest.mark.parametrize("job", ["fails", "cannot be sent"])
def test_a_fault_in_a_job_costs_that_job_alone(job: str, worker: WorkerProcess) -> None:
    worker.give(job, seconds=60)
    said = worker.hear()
    assert isinstance(said, Failed)
    assert said.error.word == "internal"
    worker.give("next", seconds=60)
    assert worker.hear() == Result(("next", []))


@pytest.mark.parametrize(("job", "how"), [("dies", "signal 9"), ("leaves", "code 7")])
def test_the_end_of_a_process_is_told_with_how_it_ended(job: str, how: str, worker: WorkerProcess) -> None:
    worker.give(job, seconds=60)
    gone = worker.hear()
    assert gone == Gone(late=False, how=how)
    assert isinstance(gone, Gone)
    error = gone.error("Look.")
    assert (error.word, how in error.found, error.remedy, worker.alive) == ("worker-died", True, "Look.", False)
    assert not worker.give("next", seconds=60)


def test_a_process_that_says_nothing_in_time_is_ended(worker: WorkerProcess) -> None:
    worker.give("hangs", seconds=0.5)
    gone = worker.hear()
    assert isinstance(gone, Gone)
    assert (gone.late, "took too long" in gone.error("").found, worker.alive) == (True, True, False)


def test_a_process_that_stands_and_does_not_take_a_job_is_ended(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_END_S", 1.0)
    os.kill(worker.process_id, signal.SIGSTOP)
    assert not worker.give("next", [bytes(10_000_000)], seconds=0.5)
    assert worker.hear() == Gone(late=True, how="signal 9")
    assert not worker.alive


def test_a_process_that_stands_in_the_middle_of_its_answer_is_ended(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_END_S", 1.0)
    worker.give("says much", seconds=5.0)
    assert worker.pipe.poll(60)
    os.kill(worker.process_id, signal.SIGSTOP)
    assert worker.hear() == Gone(late=True, how="signal 9")
    assert not worker.alive


def no_thread(worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", start)


def half_an_answer(worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def recv() -> None:
        os.read(worker.pipe.fileno(), 8)
        raise MemoryError

    monkeypatch.setattr(worker.pipe, "recv", recv)


def half_a_job(worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def send_bytes(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(worker.pipe, "send_bytes", send_bytes)


@pytest.mark.parametrize(
    ("prevents", "before_the_job", "word"),
    [
        (no_thread, True, "no-process"),
        (no_thread, False, "no-process"),
        (half_a_job, True, "out-of-memory"),
        (half_an_answer, False, "out-of-memory"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_never_heard_by_the_next(
    prevents: Callable[[WorkerProcess, pytest.MonkeyPatch], None],
    before_the_job: bool,
    word: str,
    worker: WorkerProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as here:
        if before_the_job:
            prevents(worker, here)
        assert worker.give("one", [b"scan"], seconds=60) is not before_the_job
        if not before_the_job:
            prevents(worker, here)
        gone = worker.hear()
    assert isinstance(gone, Gone)
    assert (gone.error("Look.").word, gone.how, worker.alive) == (word, "signal 9", False)
    assert not worker.give("two", seconds=60)
    assert isinstance(worker.hear(), Gone)


def test_a_worker_that_has_not_answered_is_given_nothing_more(worker: WorkerProcess) -> None:
    assert worker.give(["counts", 1, 0.0], seconds=60)
    assert worker.hear() == Told(0)
    assert not worker.give("next", seconds=60)
    gone = worker.hear()
    assert isinstance(gone, Gone)
    assert (gone.error("").word, worker.alive) == ("worker-died", False)


@pytest.mark.parametrize("error", [BlockingIOError(11, "Again"), OSError(24, "Files"), MemoryError()])
def test_a_process_that_cannot_be_started_is_named_and_leaves_no_pipe(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: object) -> None:
        raise error

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", start)
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    with pytest.raises(ResourceError, match="no-process"):
        WorkerProcess(begins)
    assert sys.platform != "linux" or len(os.listdir("/proc/self/fd")) <= before


def test_a_job_that_goes_on_is_allowed_more(worker: WorkerProcess) -> None:
    worker.give(["counts", 4, 0.5], seconds=60)
    for step in range(4):
        assert worker.hear() == Told(step)
        worker.allow(60)
    assert isinstance(worker.hear(), Result)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_are_left_to_the_process_that_watches(name: str, worker: WorkerProcess) -> None:
    worker.give(["signal", getattr(signal, name)], seconds=60)
    assert isinstance(worker.hear(), Result)


def test_a_worker_that_is_dismissed_ends_by_itself(worker: WorkerProcess) -> None:
    worker.dismiss()
    assert (worker.alive, worker._process.exitcode) == (False, 0)


def test_a_worker_that_refuses_to_begin_says_why() -> None:
    worker = WorkerProcess(partial(begins, "refuses"))
    with pytest.raises(ModelMissingError):
        worker.wait_until_ready("Look.")
    assert not worker.alive


@pytest.mark.parametrize(("how", "found"), [("leaves", "code 7"), ("hangs", "took too long")])
def test_a_worker_that_never_begins_is_ended(how: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "hangs":
        monkeypatch.setattr(process_module, "READY_S", 0.5)
    worker = WorkerProcess(partial(begins, how))
    with pytest.raises(InternalError, match=found):
        worker.wait_until_ready("Look.")
    assert not worker.alive


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep to no bound")
@pytest.mark.parametrize("megabytes", [WORKER_MB, 2_500])
def test_every_worker_has_a_bound_of_memory_and_is_the_first_to_go(megabytes: int) -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    worker = WorkerProcess(begins, megabytes)
    try:
        worker.wait_until_ready("Look.")
        worker.give("bounds", seconds=60)
        assert worker.hear() == Result((megabytes * 1_000_000, most, "1000"))
    finally:
        worker.end()


@pytest.mark.parametrize(("cap", "bound"), [(None, WORKER_MB), (95, WORKER_MB), (WORKER_MB + 1, WORKER_MB + 1)])
def test_a_cap_above_the_usual_bound_raises_it(cap: int | None, bound: int) -> None:
    assert memory_bound_mb(cap) == bound
