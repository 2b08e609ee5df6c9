"""A watch that ends by itself ends well only when nothing was passed over; others go on."""

from __future__ import annotations

import errno
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import EdgeCataractError, ScanMissingError, WriteError
from edge_runtime.report import files as files_module
from edge_runtime.watch.folder import glance
from edge_runtime.watch.troubles import Troubles

from .test_run import LONGEST_S, Audit, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.memory.close()


def end(watcher: Any) -> None:
    began = time.monotonic()
    while not watcher.is_over():
        watcher.step()
        assert time.monotonic() - began < LONGEST_S
    watcher.finish()


def closed(patch: pytest.MonkeyPatch, call: str, name: str) -> None:
    """Have the system refuse a call for what has this name: who runs tests may be allowed everything."""
    real = getattr(os, call)

    def refusing(path: Any, *more: Any, **named: Any) -> Any:
        if isinstance(path, str) and os.path.basename(path) == name:
            raise PermissionError(errno.EACCES, "")
        return real(path, *more, **named)

    patch.setattr(os, call, refusing)


@pytest.mark.parametrize(("call", "name"), [("scandir", "sec"), ("stat", "S_OD_1.png")])
def test_with_once_what_cannot_be_looked_at_is_an_error_when_all_else_was_judged(
    call: str, name: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(stage.what.root) / "sec").mkdir()
    stage.put("P1_OD_1.png", "P1_OS_1.png", "sec/S_OD_1.png")
    closed(monkeypatch, call, name)
    with pytest.raises(ScanMissingError) as caught:
        end(stage.watcher(once=True))
    assert (caught.value.word, caught.value.exit_code, "again" in str(caught.value)) == ("unreadable-file", 66, False)
    assert ([one["exam"] for one in stage.summaries], stage.said) == (["P1"], [])


def test_what_can_be_read_in_the_end_is_no_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(stage.what.root) / "sec").mkdir()
    stage.put("sec/S_OD_1.png", "sec/S_OS_1.png")
    watcher = stage.watcher(once=True)
    with monkeypatch.context() as patch:
        closed(patch, "scandir", "sec")
        for _ in range(5):  # for longer than files settle
            watcher.step()
    end(watcher)
    assert ([one["exam"] for one in stage.summaries], stage.said) == (["sec/S"], [])


def test_a_link_in_a_circle_is_no_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "P1_OD_1.png").symlink_to(tmp_path / "P1_OD_1.png")
    seen = glance(str(tmp_path), ())
    assert (seen.files, seen.unsure, seen.unreadable) == ({}, set(), set())


def test_with_once_a_file_that_cannot_be_moved_is_an_error(stage: Stage, tmp_path: Path) -> None:
    stage.put("P1_OD_1.png", "P1_OS_1.png", "P2_OD_1.png", "P2_OS_1.png")
    watcher = stage.watcher(once=True, move_to=str(tmp_path / "done"))
    real = stage.memory.add

    def taken(key: str, label: str, files: Any, result: str, **more: Any) -> None:
        if label == "P1":
            (tmp_path / "done").mkdir(exist_ok=True)
            (tmp_path / "done" / result).write_bytes(b"of somebody else")
        real(key, label, files, result, **more)

    stage.memory.add = taken  # type: ignore[method-assign]
    with pytest.raises(WriteError, match="cannot be moved"):
        end(watcher)
    assert sorted(path.name for path in Path(stage.what.root).iterdir()) == ["P1_OD_1.png", "P1_OS_1.png"]
    assert stage.said == []


def test_with_once_an_exam_that_is_left_for_another_run_is_an_error(stage: Stage) -> None:
    watcher = stage.watcher(once=True)
    watcher._flights._not_before["P1"] = math.inf
    with pytest.raises(ScanMissingError, match="1 exam could not be read"):
        watcher.finish()


def test_the_gravest_ends_it_and_the_others_are_reported_once() -> None:
    heard: list[str] = []
    troubles = Troubles(lambda about, error: heard.append(about), once=True)
    grave, light = WriteError("write-failed", "a", "b"), ScanMissingError("unreadable-file", "a", "b")
    troubles.tell("folder", light)
    troubles.tell("move", grave)
    troubles.tell("output", grave)
    troubles.tell("output", None)
    with pytest.raises(EdgeCataractError) as caught:
        troubles.check_none()
    assert (caught.value, heard) == (grave, [])
    troubles.tell_others(caught.value)
    assert heard == ["folder"]


def test_a_full_disk_leaves_no_folder_of_a_result_and_records_no_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start of a watch would add the same answers to the record again."""
    stage.put("P1_OD_1.png", "P1_OS_1.png")
    audit, tries = Audit(), list[int]()

    def full(*_: Any) -> None:
        tries.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    watcher = stage.watcher(audit=audit.append)
    with monkeypatch.context() as patch:
        patch.setattr(files_module, "_write_synced", full)
        while len(tries) < 3:
            watcher.step()
    assert (audit.lines, [path.name for path in Path(stage.what.output).iterdir()]) == ([], ["watch.ledger"])
    stage.until(watcher, 1)
    assert len(audit.lines) == 2


@pytest.mark.parametrize("when", ["idle", "judged", "full"])
def test_a_watch_whose_folder_of_results_is_removed_ends(
    when: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would be remembered, and a second watch could begin there."""
    watcher = stage.watcher()
    watcher.step()
    if when != "idle":
        stage.put("P1_OD_1.png", "P1_OS_1.png")
        while not stage.pool.jobs:
            watcher.step()
    if when == "full":
        stage.memory._ledger.close()  # type: ignore[union-attr]  # as it does when a write fails
        stage.memory._ledger = None
    shutil.rmtree(stage.what.output)
    os.mkdir(stage.what.output)
    with pytest.raises(EdgeCataractError) as caught:
        stage.until(watcher, 1)
    assert (caught.value.word, caught.value.exit_code) == ("ledger-replaced", 73)
    assert [path.name for path in Path(stage.what.output).rglob("watch.ledger")] == []
    assert stage.summaries == []
