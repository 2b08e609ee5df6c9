"""The order of the steps, with processes that only seem to be there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.errors import EdgeCataractError, InternalError, OutputError, WriteError
from edge_runtime.watch import events as events_module
from edge_runtime.watch import results as results_module
from edge_runtime.watch import run as run_module
from edge_runtime.watch.judging import Judged
from edge_runtime.watch.memory import Memory
from edge_runtime.watch.moving import Moved
from edge_runtime.watch.rules import Rules
from edge_runtime.watch.run import Watch, _events, _Watcher

from .steps import scan

RULES = Rules(settle_s=0.02, timeout_s=0.1, poll_s=0.01, scans=2)
LONGEST_S = 30.0


class Pool:
    """Judges at once, and finds what a test says."""

    ready = True

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.found: list[tuple[Job, Any]] = []

    @property
    def unfinished(self) -> int:
        return len(self.found)

    def add(self, job: Job) -> None:
        self.jobs.append(job)
        eyes = [EyeRecord(eye, "graded", {"eye": {"answer": "refer"}, "scans": []}) for eye in ("OD", "OS")]
        files = {"exam-OD.json": b"{}\n", "exam-OS.json": b"{}\n"}
        self.found.append((job, Judged(ExamRecord(eyes, {"graded": 2, "refused": 0, "failed": 0}), files)))

    def results(self, timeout_s: float, also: Sequence[Any]) -> list[tuple[Job, Any]]:
        found, self.found = self.found, []
        return found


class Audit:
    """Records, and fails at the calls that a test names."""

    def __init__(self, *failing: int) -> None:
        self.failing, self.calls = failing, 0
        self.lines: list[Any] = []

    def append(self, document: Any) -> None:
        self.calls += 1
        if self.calls in self.failing:
            raise OutputError("output-folder", "The audit cannot be opened.", "Name another.")
        self.lines.append(document)


def unrecordable(_: Any) -> None:
    raise InternalError("not-recordable", "The answer cannot be recorded: its line would be too long.", "Report this.")


class Stage:
    """A watcher of a folder, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.what = Watch(str(folder / "in"), str(folder / "out"), RULES, cast("Any", None))
        for name in ("in", "out"):
            (folder / name).mkdir()
        self.memory = Memory(self.what.output)
        self.pool, self.said = Pool(), list[str]()
        self.summaries: list[dict[str, Any]] = []

    def put(self, *names: str) -> None:
        for number, name in enumerate(names):
            (Path(self.what.root) / name).write_bytes(scan(number))

    def watcher(self, **options: Any) -> _Watcher:
        self.what = replace(self.what, **options)
        return _Watcher(self.what, self, self.memory, cast("Any", self.pool), None)

    def until(self, watcher: _Watcher, results: int) -> None:
        began = time.monotonic()
        while len(self.summaries) < results:
            watcher.step()
            assert time.monotonic() - began < LONGEST_S

    def begins(self, exams: int) -> None:
        self.said.append(f"{exams} before")

    def without_events(self) -> None:
        self.said.append("no events")

    def delivered(self, summary: dict[str, Any]) -> None:
        self.summaries.append(summary)

    def trouble(self, about: str, error: EdgeCataractError | None) -> None:
        self.said.append(f"{about}: {error.word if error else 'works'}")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.memory.close()


def test_an_exam_is_judged_and_delivered_once(stage: Stage) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png")
    watcher = stage.watcher()
    stage.until(watcher, 1)
    for _ in range(50):
        watcher.step()
    assert (len(stage.pool.jobs), len(stage.summaries), stage.said) == (1, 1, [])
    assert stage.memory.last_result("P1") == stage.summaries[0]["result"]
    assert not watcher.is_over()  # it watches on


def test_while_the_disk_takes_nothing_no_exam_is_begun_and_none_is_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png")
    watcher, real, calls = stage.watcher(), results_module.write_all, list[int]()

    def full(contents: Any, permit: Any) -> None:
        calls.append(len(stage.pool.jobs))
        if len(calls) == 1:
            stage.put("P2_OD_1.png", "P2_OS_1.png")
        if len(calls) < 20:
            raise WriteError("write-failed", "full", "Free it.")
        real(contents, permit)

    monkeypatch.setattr(results_module, "write_all", full)
    stage.until(watcher, 2)
    assert set(calls[:19]) == {1}  # nothing else was begun
    assert stage.said == ["output: write-failed", "output: works"]
    assert [summary["exam"] for summary in stage.summaries] == ["P1", "P2"]


def test_with_once_a_result_that_cannot_be_written_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png")

    def full(contents: Any, permit: Any) -> None:
        raise WriteError("write-failed", "full", "Free it.")

    monkeypatch.setattr(results_module, "write_all", full)
    with pytest.raises(WriteError):
        stage.until(stage.watcher(once=True), 1)


def test_with_once_it_is_over_when_all_was_judged_and_what_waits_is_left(stage: Stage) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png", "P2_OD_1.png")
    watcher = stage.watcher(once=True, rules=replace(RULES, timeout_s=3600.0))
    while not watcher.is_over():
        watcher.step()
    assert [summary["exam"] for summary in stage.summaries] == ["P1"]


def test_an_empty_folder_is_over_at_once(stage: Stage) -> None:
    watcher = stage.watcher(once=True)
    while not watcher.is_over():
        watcher.step()
    assert stage.summaries == []


@pytest.mark.parametrize("failing", [(1,), (2,), (2, 3, 4)])
def test_no_answer_goes_out_that_is_not_recorded_and_none_is_recorded_twice(
    failing: tuple[int, ...], stage: Stage
) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png")
    audit = Audit(*failing)
    watcher = stage.watcher(audit=audit.append)
    while audit.calls < max(failing):
        watcher.step()
    assert [path.name for path in Path(stage.what.output).iterdir()] == ["watch.ledger"]
    stage.until(watcher, 1)
    assert (len(audit.lines), stage.said) == (2, ["output: output-folder", "output: works"])


@pytest.mark.parametrize("once", [False, True])
def test_an_exam_whose_answer_no_record_can_hold_is_set_aside_and_the_watch_goes_on(once: bool, stage: Stage) -> None:
    stage.put("P1_OD_1.png", "P1_OS_2.png")
    stage.until(stage.watcher(audit=unrecordable, once=once), 1)
    (summary,) = stage.summaries
    assert [(eye["status"], eye["word"], eye["document"]) for eye in summary["eyes"]] == [
        ("failed", "not-recordable", None),
    ] * 2
    assert (summary["graded"], summary["failed"]) == (0, 2)
    folder = Path(stage.what.output) / summary["result"]
    assert [path.name for path in folder.iterdir()] == ["exam.json"]  # no answer that is not on record
    assert stage.said == []
    stage.memory.close()
    stage.memory = Memory(stage.what.output)
    assert "P1" not in stage.memory  # it is judged again after the next start


def test_a_result_without_its_record_is_adopted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    watcher = stage.watcher()
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            stage.until(watcher, 1)
    audit = Audit()
    stage.until(stage.watcher(audit=audit.append), 1)
    assert (len(stage.pool.jobs), audit.lines) == (1, [])
    assert stage.memory.last_result("P1") == stage.summaries[0]["result"]


def test_a_file_that_cannot_be_moved_keeps_no_other_from_it(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png", "P2_OD_1.png", "P2_OS_1.png")
    real = run_module.move_files

    tries: list[float] = []

    def failing(group: Any, *arguments: Any) -> Moved:
        if group.label == "P1":
            tries.append(time.monotonic())
            return Moved(failed=PermissionError(13, ""))
        return real(group, *arguments)

    watcher = stage.watcher(move_to=str(tmp_path / "in" / "done"))
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "move_files", failing)
        stage.until(watcher, 2)
        while os.path.exists(os.path.join(stage.what.root, "P2_OD_1.png")):
            watcher.step()
        while len(tries) < 3:
            watcher.step()
        assert stage.said == ["move: write-failed"]
    assert tries[-1] - tries[0] > 15 * RULES.poll_s  # each try makes events, by which looks come earlier
    while os.path.exists(os.path.join(stage.what.root, "P1_OD_1.png")):
        watcher.step()
    watcher.step()
    assert (stage.said, len(stage.pool.jobs)) == (["move: write-failed", "move: works"], 2)


def test_where_the_system_tells_of_no_events_looks_come_by_the_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(events_module, "Events", full)
    with ExitStack() as stack:
        assert _events(replace(stage.what, events=True), stage, stack) is None
        assert _events(stage.what, stage, stack) is None
    assert stage.said == ["no events"]
