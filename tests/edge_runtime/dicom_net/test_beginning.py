"""A receiver that cannot begin has written nothing, as it says."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime import locked_file
from edge_runtime.dicom_net import own_folder
from edge_runtime.dicom_net.queue import Queue
from edge_runtime.dicom_net.settings import Bounds
from edge_runtime.errors import EdgeCataractError, OutputError, WriteError
from tests.conftest import ROOT


def begun(folder: Path, model: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_runtime", "receive", str(folder), "--to", "PACS@127.0.0.1:104", *options]
    environment = {**os.environ, "EDGE_CATARACT_MODEL": str(model), "EDGE_CATARACT_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_that_is_taken_leaves_no_queue(tmp_path: Path, tiny_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = begun(tmp_path / "queue", tiny_model, "--port", str(taken.getsockname()[1]))
    assert (done.returncode, "error[address-taken]" in done.stderr) == (73, True)
    assert not (tmp_path / "queue").exists()


def test_a_model_that_cannot_be_loaded_leaves_no_queue(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    assert begun(tmp_path / "queue", tmp_path / "model.onnx", "--port", "0").returncode != 0
    assert not (tmp_path / "queue").exists()


def test_the_folder_around_a_queue_must_exist(tmp_path: Path, tiny_model: Path) -> None:
    """It may be that of a disk that is not mounted."""
    done = begun(tmp_path / "disk" / "queue", tiny_model, "--port", "0")
    assert (done.returncode, "error[output-folder]" in done.stderr) == (73, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True])
def test_a_queue_that_cannot_be_opened_leaves_only_what_was_there(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "queue"
    if there:
        folder.mkdir()
        (folder / "kept").mkdir()

    def full(*values: object, **named: object) -> None:
        raise WriteError("write-failed", "Full.", "Free.")

    monkeypatch.setattr("edge_runtime.dicom_net.exam_book.ExamBook.recover", full)
    with pytest.raises(WriteError):
        Queue(str(folder), Bounds())
    assert [path.name for path in tmp_path.rglob("*")] == (["queue", "kept"] if there else [])
    monkeypatch.undo()
    real = os.makedirs

    def no_more(path: str, *values: object, **named: object) -> None:
        if path.endswith("outbox"):
            raise OSError(28, "No space left on device")
        real(path, *values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(own_folder.os, "makedirs", no_more)
    with pytest.raises(OutputError) as caught:
        Queue(str(folder), Bounds())
    assert caught.value.word == "output-folder"
    assert [path.name for path in tmp_path.rglob("*")] == (["queue", "kept"] if there else [])
    monkeypatch.undo()
    Queue(str(folder), Bounds()).close()


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.EMFILE, "too-many-open-files"), (errno.ENOSPC, "write-failed"), (errno.EACCES, "output-folder")],
)
def test_a_queue_whose_lock_cannot_be_opened_leaves_no_folder(
    number: int, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locked_file, "open", refused, raising=False)
    with pytest.raises(EdgeCataractError) as caught:
        Queue(str(tmp_path / "queue"), Bounds())
    assert caught.value.word == word
    assert list(tmp_path.iterdir()) == []


def test_a_queue_whose_lock_was_removed_by_another_that_could_not_open_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = own_folder.open_locked

    def removed(path: str) -> object:
        lock = real(path)
        os.unlink(path)
        return lock

    monkeypatch.setattr(own_folder, "open_locked", removed)
    with pytest.raises(OutputError) as caught:
        Queue(str(tmp_path / "queue"), Bounds())
    assert caught.value.word == "queue-in-use"


def test_a_queue_that_another_begins_meanwhile_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One receiver gives up; as soon as its lock is gone, another begins in the same folder."""
    folder, others = tmp_path / "queue", list[Queue]()

    def begins_after(remove: Callable[[str], None]) -> Callable[[str], None]:
        def removed(path: str) -> None:
            remove(path)
            if not others and not (folder / "receiver.lock").exists():
                others.append(Queue(str(folder), Bounds()))

        return removed

    own = own_folder.OwnFolder(str(folder))
    (folder / "records.sqlite").touch()
    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(own_folder.os, name, begins_after(getattr(os, name)))
    own.abandon()
    monkeypatch.undo()
    (other,) = others
    assert {*own_folder._FOLDERS, "records.sqlite"} <= set(os.listdir(folder))
    assert other.exams.counts()["waiting"] == 0
    with pytest.raises(OutputError) as caught:
        Queue(str(folder), Bounds())
    assert caught.value.word == "queue-in-use"
    other.close()


def test_a_queue_that_was_filled_before_the_lock_was_held_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another receiver began and ended between the first look and the lock."""
    folder, real = tmp_path / "queue", own_folder.open_locked

    def late(path: str) -> object:
        monkeypatch.undo()
        Queue(str(folder), Bounds()).close()
        return real(path)

    monkeypatch.setattr(own_folder, "open_locked", late)
    own_folder.OwnFolder(str(folder)).abandon()
    assert (folder / "records.sqlite").exists()


def test_the_log_of_records_that_were_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start fails when the records are open; their last changes are in the log beside them, perhaps there alone."""
    folder = tmp_path / "queue"
    Queue(str(folder), Bounds()).close()
    own = own_folder.OwnFolder(str(folder))
    database = sqlite3.connect(folder / "records.sqlite", isolation_level=None)
    database.execute("INSERT INTO exams (exam, state, changed) VALUES ('kept', 'waiting', 0)")
    log = (folder / "records.sqlite-wal").read_bytes()
    assert log
    own.abandon()
    assert (folder / "records.sqlite-wal").read_bytes() == log
    database.close()
    queue = Queue(str(folder), Bounds())
    assert queue.exams.counts()["waiting"] == 1
    queue.close()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("name", ["open", "listdir"])
def test_a_folder_in_which_nothing_can_be_made_is_left_as_it_was(
    name: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "queue"
    if there:
        folder.mkdir()

    def refused(*values: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if name == "open":
        monkeypatch.setattr("builtins.open", refused)
    else:
        monkeypatch.setattr(own_folder.os, "listdir", refused)
    with pytest.raises(EdgeCataractError) as caught:
        Queue(str(folder), Bounds())
    monkeypatch.undo()
    assert caught.value.word == ("write-failed" if name == "open" else "output-folder")
    assert folder.exists() is there


def test_a_folder_that_another_works_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both found none, and one was faster: it holds the lock, or gave it up, and may begin again at once."""

    def held(path: str) -> None:
        raise OutputError("ledger-in-use", "Held.", "Wait.")

    monkeypatch.setattr(own_folder, "open_locked", held)
    with pytest.raises(OutputError) as caught:
        Queue(str(tmp_path / "queue"), Bounds())
    assert caught.value.word == "queue-in-use"
    assert (tmp_path / "queue").exists()
