"""What a watch remembers, over kills and full disks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_runtime.errors import EdgeCataractError, OutputError, WriteError
from edge_runtime.watch.content import UNREADABLE, Content
from edge_runtime.watch.folder import FileState
from edge_runtime.watch.memory import LEDGER, KnownFile, Memory

STATE = FileState(10, 1_700_000_000_123_456_789, 2)


def known(path: str, sha256: str = "a" * 64) -> KnownFile:
    return KnownFile(path, STATE, Content(sha256, 1, whole=True))


def test_what_was_judged_is_remembered_over_runs(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path))
    memory.add("k1", "P\udcff/1", [known("P\udcff/1.png"), known("x.png", UNREADABLE)], "P-1")
    memory.close()
    memory = Memory(str(tmp_path))
    assert (len(memory), "P\udcff/1" in memory, "P" in memory) == (1, True, False)
    assert memory.holds("P\udcff/1", ("P\udcff/1.png", "a" * 64))
    assert not memory.holds("P\udcff/1", ("P\udcff/1.png", "b" * 64))
    assert not memory.holds("P2", ("P\udcff/1.png", "a" * 64))
    assert memory.content("P\udcff/1.png", STATE) == Content("a" * 64, 1, whole=True)
    assert memory.content("P\udcff/1.png", STATE._replace(ctime_ns=4)) is None
    assert memory.content("x.png", STATE) is None  # it may be readable by now
    assert (memory.last_result("P\udcff/1"), memory.last_result("P2")) == ("P-1", None)
    memory.close()


def test_a_later_result_comes_on_top_of_earlier_ones(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path))
    memory.add("k1", "P1", [known("1.png")], "P1-1")
    memory.add("k2", "P1", [known("1.png", "b" * 64)], "P1-2")
    assert memory.last_result("P1") == "P1-2"
    assert memory.holds("P1", ("1.png", "a" * 64))
    assert memory.holds("P1", ("1.png", "b" * 64))
    memory.close()
    assert (tmp_path / LEDGER).read_bytes().count(b"\n") == 3


def test_what_failed_is_forgotten_with_the_run(tmp_path: Path) -> None:
    for attempt in (1, 2):
        memory = Memory(str(tmp_path))
        assert "P1" not in memory
        memory.add("k1", "P1", [known("1.png")], "P1-1", failed=True)
        assert memory.holds("P1", ("1.png", "a" * 64))
        memory.close()
        assert (tmp_path / LEDGER).read_bytes().count(b"\n") == 1 + attempt
    memory = Memory(str(tmp_path))
    memory.add("k1", "P1", [known("1.png")], "P1-1")
    memory.close()
    memory = Memory(str(tmp_path))
    assert "P1" in memory
    memory.close()


def test_a_full_disk_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(str(tmp_path))
    memory.add("k1", "P1", [known("1.png")], "P1-1")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(2):
            with pytest.raises(WriteError):
                memory.add("k2", "P2", [known("2.png")], "P2-1")
        assert "P2" not in memory
    memory.add("k2", "P2", [known("2.png")], "P2-1")
    memory.close()
    memory = Memory(str(tmp_path))
    assert ("P1" in memory, "P2" in memory) == (True, True)
    memory.close()


@pytest.mark.parametrize(("number", "word"), [(errno.EIO, "write-failed"), (errno.ESTALE, "ledger-replaced")])
def test_a_share_that_is_away_after_a_full_disk_is_waited_for(
    number: int, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(str(tmp_path))
    memory.add("k1", "P1", [known("1.png")], "P1-1")

    def failing(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(WriteError):
            memory.add("k2", "P2", [known("2.png")], "P2-1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", failing)
        with pytest.raises(EdgeCataractError) as refused:
            memory.add("k2", "P2", [known("2.png")], "P2-1")
    assert refused.value.word == word
    memory.add("k2", "P2", [known("2.png")], "P2-1")
    assert "P2" in memory
    memory.close()


def test_two_watches_with_one_folder_of_results_are_refused(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path))
    with pytest.raises(OutputError) as refused:
        Memory(str(tmp_path))
    assert refused.value.word == "ledger-in-use"
    memory.close()
    Memory(str(tmp_path)).close()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_share_that_cannot_be_synced_is_used_all_the_same(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(_: int) -> None:
        raise OSError(number, "")

    monkeypatch.setattr(os, "fsync", unable)
    memory = Memory(str(tmp_path))
    memory.add("k1", "P1", [known("1.png")], "P1-1")
    memory.close()
    memory = Memory(str(tmp_path))
    assert "P1" in memory
    memory.close()
