"""The worker in use: another takes over when its model has proven itself, and only then."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import EdgeCataractError, InferenceError, InternalError, ModelIntegrityError, RequestError
from edge_runtime.golden import sample_counts
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.service.tasks import Done, Kind, Task, Unknown
from edge_runtime.service.watched import WatchedWorker
from edge_runtime.service.workshop import Workshop
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .conftest import png, write_proven
from .deadly import DIES, DeadlySettings

pytestmark = pytest.mark.slow
SCAN = Task(Kind.SCAN, (1,))


class Source:
    """A model that a test switches."""

    def __init__(self, model: Path) -> None:
        self.model, self.number = model, 0
        self.error: EdgeCataractError | None = None

    def generation(self) -> int:
        if self.error is not None:
            raise self.error
        return self.number

    def settings(self) -> DeadlySettings:
        return DeadlySettings(str(self.model))

    def switch(self, model: Path) -> None:
        self.model, self.number = model, self.number + 1


@pytest.fixture(scope="module")
def another_model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("another")
    return write_proven(folder / "another.onnx", sample_counts(CataractAnalyzer(tiny_model)), name="another")


@pytest.fixture
def opened() -> Iterator[Callable[[Source, list[str]], Workshop]]:
    with ExitStack() as running:

        def open_one(source: Source, said: list[str]) -> Workshop:
            workshop = Workshop(source, ServiceLimits(), said.append)
            running.callback(workshop.end)
            running.callback(workshop.kill)
            workshop.open()
            return workshop

        yield open_one


def document(workshop: Workshop) -> str:
    done = workshop.worker().do(SCAN, [png()], lambda _: None)
    assert isinstance(done, Done)
    return str(json.loads(done.text)["model"]["name"])


def test_a_model_that_was_switched_takes_over_between_two_scans(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path, another_model: Path
) -> None:
    said: list[str] = []
    source = Source(proven_model)
    workshop = opened(source, said)
    assert not workshop.look_for_another()
    before = workshop.worker()
    assert document(workshop) == "tiny-grey-level"
    source.switch(another_model)
    assert workshop.look_for_another()
    sha256 = CataractAnalyzer(another_model).network.sha256
    assert (before.alive, said) == (True, [f"model another 0 (fp32, {sha256[:12]}) takes over"])
    assert document(workshop) == "another"
    assert (before.alive, workshop.notice) == (False, None)
    assert workshop.model is not None
    assert workshop.model["name"] == "another"


def test_a_model_that_does_not_prove_itself_leaves_the_old_one_even_when_that_dies(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path, tmp_path: Path
) -> None:
    unproven = tmp_path / "unproven.onnx"
    unproven.write_bytes(tiny_model_bytes(TinyModel(name="unproven")))
    said: list[str] = []
    source = Source(proven_model)
    workshop = opened(source, said)
    source.switch(unproven)
    assert not workshop.look_for_another()
    assert not workshop.look_for_another()  # tried once
    assert [("selftest-failed" in line, "stays" in line) for line in said] == [(True, True)]
    assert workshop.notice == "The new model did not take over: error[selftest-failed]."
    with pytest.raises(InternalError):
        workshop.worker().do(SCAN, [png(DIES)], lambda _: None)
    assert document(workshop) == "tiny-grey-level"
    assert said[1:] == ["the process that decodes and measures has ended; another takes its place"]
    source.switch(proven_model)
    assert workshop.look_for_another()
    assert workshop.notice is None


def test_slots_that_are_damaged_leave_the_old_one(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path
) -> None:
    said: list[str] = []
    source = Source(proven_model)
    workshop = opened(source, said)
    source.error = ModelIntegrityError("damaged-slots", "The file is no list of models.", "Install again.")
    assert not workshop.look_for_another()
    assert not workshop.look_for_another()
    assert len(said) == 1
    assert workshop.notice == (
        "The record of models cannot be used: error[damaged-slots]. The model that was in use stays."
    )
    assert document(workshop) == "tiny-grey-level"
    source.error = None
    assert not workshop.look_for_another()
    assert workshop.notice is None


def test_a_model_that_does_not_prove_itself_is_not_begun_with(
    opened: Callable[[Source, list[str]], Workshop], tiny_model: Path
) -> None:
    with pytest.raises(InferenceError, match="selftest-failed"):
        opened(Source(tiny_model), [])


def test_a_model_whose_file_was_changed_is_not_loaded_when_the_worker_dies(
    opened: Callable[[Source, list[str]], Workshop],
    proven_model: Path,
    another_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(proven_model.read_bytes())
    said: list[str] = []
    workshop = opened(Source(file), said)
    file.write_bytes(another_model.read_bytes())  # which passes its own self-test
    with pytest.raises(InternalError):
        workshop.worker().do(SCAN, [png(DIES)], lambda _: None)
    with pytest.raises(RequestError, match="damaged-model"):
        workshop.worker()
    assert (workshop.model, workshop.trouble) == (None, "No model can be loaded: error[damaged-model].")
    file.write_bytes(proven_model.read_bytes())
    monkeypatch.setattr("edge_runtime.service.workshop.monotonic", lambda: time.monotonic() + 3)
    workshop.revive()
    assert (document(workshop), workshop.trouble) == ("tiny-grey-level", None)
    assert [line.partition(" (")[0] for line in said[2:]] == ["model tiny-grey-level 0"]
    assert said[-1].endswith("measures again")


def test_while_no_worker_can_begin_tasks_hear_it_at_once_and_it_is_tried_ever_more_seldom(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, tries = [1e9], []
    monkeypatch.setattr("edge_runtime.service.workshop.monotonic", lambda: now[0])
    file, said = tmp_path / "model.onnx", list[str]()
    file.write_bytes(proven_model.read_bytes())
    workshop = opened(Source(file), said)
    file.unlink()
    die(workshop.worker())
    prepared = workshop._prepared
    monkeypatch.setattr(workshop, "_prepared", lambda *given: (tries.append(now[0] - 1e9), prepared(*given))[1])
    for _ in range(100):
        workshop.revive()
        now[0] += 1
    assert tries == [0, 2, 6, 14, 30, 62]
    monkeypatch.setattr(workshop, "_prepared", None)
    with pytest.raises(RequestError) as refused:
        workshop.worker()
    assert (refused.value.word, refused.value.status, refused.value.retry_after_s) == ("missing-model", 503, 5)
    assert [line.partition("]")[0] for line in said] == [
        "the process that decodes and measures has ended; another takes its place",
        "error[missing-model",
    ]


def test_a_task_does_not_wait_for_another_try(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path, tmp_path: Path
) -> None:
    """As where the folder of the model does not answer."""
    file = tmp_path / "model.onnx"
    file.write_bytes(proven_model.read_bytes())
    workshop = opened(Source(file), [])
    file.unlink()
    with pytest.raises(InternalError):
        workshop.worker().do(SCAN, [png(DIES)], lambda _: None)
    with pytest.raises(RequestError):
        workshop.worker()
    with workshop._reviving, pytest.raises(RequestError, match="missing-model"):
        workshop.worker()


def die(worker: WatchedWorker) -> None:
    worker.kill()
    while worker.alive:
        time.sleep(0.01)


def test_a_new_model_whose_worker_dies_before_it_takes_over_leaves_the_old_one_in_work(
    opened: Callable[[Source, list[str]], Workshop],
    proven_model: Path,
    another_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source(proven_model)
    workshop = opened(source, [])
    in_work = workshop.worker()
    source.switch(another_model)
    assert workshop.look_for_another()
    following = workshop._next
    assert following is not None
    die(following)
    assert workshop.worker() is in_work
    assert workshop.model == in_work.model
    begun: list[WatchedWorker] = []
    prepared = workshop._prepared
    monkeypatch.setattr(workshop, "_prepared", lambda *given: begun.append(prepared(*given)) or begun[-1])
    workshop.revive()
    workshop.revive()
    assert (len(begun), in_work.alive, len(multiprocessing.active_children())) == (1, True, 2)
    assert document(workshop) == "another"
    assert (workshop.worker(), in_work.alive, len(begun)) == (begun[0], False, 1)


def test_where_both_workers_have_died_the_new_model_begins_once(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path, another_model: Path
) -> None:
    source = Source(proven_model)
    workshop = opened(source, [])
    in_work = workshop.worker()
    source.switch(another_model)
    workshop.look_for_another()
    assert workshop._next is not None
    die(workshop._next)
    die(in_work)
    assert workshop.model is None
    assert document(workshop) == "another"
    assert (workshop._next, len(multiprocessing.active_children())) == (None, 1)


def test_a_worker_that_dies_after_a_model_took_over_from_a_failed_one_is_replaced_at_once(
    opened: Callable[[Source, list[str]], Workshop],
    proven_model: Path,
    another_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_runtime.service.workshop.monotonic", lambda: 1e9)
    file = tmp_path / "model.onnx"
    file.write_bytes(proven_model.read_bytes())
    source = Source(file)
    workshop = opened(source, [])
    file.unlink()
    die(workshop.worker())
    workshop.revive()
    assert workshop.trouble is not None
    source.switch(another_model)
    assert workshop.look_for_another()
    die(workshop.worker())
    workshop.revive()
    assert workshop.model is not None
    assert workshop.model["name"] == "another"


def test_where_the_system_lets_no_process_start_the_service_goes_on(
    opened: Callable[[Source, list[str]], Workshop],
    proven_model: Path,
    another_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def starts_none(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    said: list[str] = []
    source = Source(proven_model)
    workshop = opened(source, said)
    with monkeypatch.context() as here:
        here.setattr(multiprocessing.get_context("spawn").Process, "start", starts_none)
        source.switch(another_model)
        assert (workshop.look_for_another(), workshop.look_for_another()) == (False, False)
        assert workshop.notice == "The new model did not take over: error[no-process]."
        die(workshop.worker())
        with pytest.raises(RequestError) as refused:
            workshop.worker()
        assert (refused.value.word, refused.value.status) == ("no-process", 503)
        here.setattr("edge_runtime.service.workshop.monotonic", lambda: time.monotonic() + 60)
        workshop.revive()
        assert workshop.trouble == "No model can be loaded: error[no-process]."
    assert len(said) == 3
    assert workshop.look_for_another()  # which says nothing of the model, so that it is tried again
    assert (document(workshop), workshop.notice, workshop.trouble) == ("another", None, None)


def test_words_of_an_eye_that_the_worker_has_let_go_of_need_its_scans(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path
) -> None:
    workshop = opened(Source(proven_model), [])
    worker = workshop.worker()
    exam = Task(Kind.EXAM, (1,), exam="a.1")
    words = Task(Kind.WORDS, exam="a.1")
    assert isinstance(worker.do(exam, [png()], lambda _: None), Done)
    assert isinstance(worker.do(words, [], lambda _: None), Done)
    workshop.let_go()
    assert isinstance(worker.do(words, [], lambda _: None), Unknown)


def test_a_worker_that_was_stopped_from_outside_is_told_apart(
    opened: Callable[[Source, list[str]], Workshop], proven_model: Path
) -> None:
    worker = opened(Source(proven_model), []).worker()
    (process_id,) = (child.pid for child in multiprocessing.active_children())
    assert process_id is not None
    os.kill(process_id, signal.SIGTERM)  # which the service alone heeds
    assert worker.alive
    os.kill(process_id, signal.SIGKILL)
    with pytest.raises(InternalError, match="signal 9"):
        worker.do(SCAN, [png()], lambda _: None)
    assert not worker.alive


def test_a_refusal_survives_the_way_between_processes() -> None:
    import pickle

    error = RequestError("queue-full", "Full.", "Wait.", status=429, retry_after_s=3)
    again = pickle.loads(pickle.dumps(error))
    assert (again.word, again.status, again.retry_after_s) == ("queue-full", 429, 3)
