"""What is said to be on the disk is there with its name, and with those of the folders that lead to it."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from edge_runtime import locked_file
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.errors import OutputError
from edge_runtime.locked_file import locked_folders, make_folder, open_locked
from edge_runtime.watch.judging import Judged
from edge_runtime.watch.results import Results
from edge_runtime.watch.tracking import Group


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    folders: list[str] = []
    monkeypatch.setattr(locked_file, "sync_folder", folders.append)
    return folders


def test_the_name_of_every_new_folder_is_synced_from_above(synced: list[str], tmp_path: Path) -> None:
    make_folder(str(tmp_path / "a" / "b" / "c"))
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert synced == [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "b")]


def test_a_folder_that_is_there_is_synced_all_the_same(synced: list[str], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    make_folder(str(tmp_path / "a"))
    assert synced == [str(tmp_path)]


def test_a_path_without_folders_before_it_is_below_the_working_folder(
    synced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder("a", 0o700)
    assert synced == [os.getcwd()]
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    for name in ("a", "a/b"):
        with pytest.raises(OSError, match=rf"Errno ({errno.EEXIST}|{errno.ENOTDIR})"):
            make_folder(str(tmp_path / name))


def test_the_folder_of_a_watched_exam_is_durable_before_its_summary_is_written(
    synced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[list[str]] = []
    monkeypatch.setattr("edge_runtime.watch.results.write_all", lambda *_: before.append([*synced]))
    eye = EyeRecord("OD", "failed", None, "internal", "It failed.", [])
    Results(str(tmp_path)).write(Group("P1", ()), Judged(ExamRecord([eye], {"failed": 1})), None)
    assert before == [[str(tmp_path)]]


@pytest.fixture(params=[True, False])
def own_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether folders have locks of their own, as not on some shares."""
    import fcntl

    flock = fcntl.flock

    def only_files(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(descriptor, operation)

    if not request.param:
        monkeypatch.setattr(fcntl, "flock", only_files)
    return bool(request.param)


@pytest.mark.usefixtures("own_locks")
def test_one_at_a_time_puts_files_into_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever names the folder is given; where it has no lock itself, by that of a file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    order: list[str] = []
    inside, entered = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        entered.set()
        with locked_folders([str(tmp_path / "a")]):
            order.append("second")

    thread = threading.Thread(target=other)
    thread.start()
    with locked_folders([".", "a", str(tmp_path), "nowhere"]):
        inside.set()
        assert entered.wait(10)
        thread.join(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert os.listdir(tmp_path) == ["a"]
    assert os.listdir(tmp_path / "a") == []


def test_who_keeps_a_folder_locked_is_waited_for_with_a_limit(
    own_locks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may read a folder can lock it for ever."""
    import fcntl

    monkeypatch.setattr(locked_file, "FOLDER_WAIT_S", 0.2)
    held = os.open(
        tmp_path if own_locks else tmp_path / ".edge-cataract.lock", os.O_RDONLY | (not own_locks) * os.O_CREAT
    )
    fcntl.flock(held, fcntl.LOCK_SH)
    with pytest.raises(OutputError, match="ledger-in-use"), locked_folders([str(tmp_path)]):
        raise AssertionError("the folder is not this process's")
    os.close(held)
    with locked_folders([str(tmp_path)]):
        pass


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EACCES])
def test_a_held_file_is_waited_for_whatever_a_share_calls_it(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock, tries = fcntl.flock, list[int]()

    def held_twice(descriptor: int, operation: int) -> None:
        tries.append(1)
        if len(tries) <= 2:
            raise OSError(number, os.strerror(number))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", held_twice)
    open_locked(str(tmp_path / "a"), wait_s=5).close()
    assert len(tries) == 3


def test_a_folder_without_any_lock_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked_folders([str(tmp_path)]):
        (tmp_path / "a").touch()
    assert (tmp_path / "a").exists()


def test_what_is_done_stays_done_when_a_lock_cannot_be_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def failing(descriptor: int) -> None:
        of_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        close(descriptor)
        if of_folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", failing)
    with locked_folders([str(tmp_path)]):
        (tmp_path / "a").touch()
    assert (tmp_path / "a").exists()
