"""A disk that is full, read-only or broken: the receiver waits until it has room, and goes on where it was."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.dicom_net import spool
from edge_runtime.dicom_net.events import Event
from edge_runtime.dicom_net.intake import Taken
from edge_runtime.dicom_net.queue import Queue
from edge_runtime.dicom_net.receiver import Receiver
from edge_runtime.dicom_net.records import Records
from edge_runtime.dicom_net.sending import MOST_REFUSALS
from edge_runtime.dicom_net.settings import Bounds, Patience
from edge_runtime.errors import (
    EdgeCataractError,
    ModelIntegrityError,
    OutputError,
    ResourceError,
    UsageError,
    WriteError,
)

from .conftest import Archive, Restart, Station, exam, files_in, send, single, statuses, until

Begin = Callable[..., Station]
Refuse = Callable[..., None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """Have the system refuse a call for paths that hold some text, until `monkeypatch` is undone; it has to come."""
    all_hits: dict[str, int] = {}

    def refused(module: Any, name: str, text: str, error: int = errno.ENOSPC) -> None:
        real, case = getattr(module, name), f"{name} {text}"
        all_hits[case] = 0

        def call(*values: Any, **named: Any) -> Any:
            if any(text in str(value) for value in values):
                all_hits[case] += 1
                raise OSError(error, os.strerror(error))
            return real(*values, **named)

        monkeypatch.setattr(module, name, call)

    yield refused
    monkeypatch.undo()
    assert all(all_hits.values()), all_hits


def mixed() -> list[Any]:
    """Two patients in one study: an exam that fails."""
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    return [first, second]


def told(here: Station) -> list[str]:
    return [event.word or event.happened.value for event in here.events]


@pytest.mark.parametrize(
    ("module", "name", "text", "error"),
    [
        (spool, "make_folder", "/outbox/", errno.ENOSPC),
        (spool, "write_all", "/outbox/", errno.ENOSPC),
        (os, "makedirs", "/outbox/", errno.EDQUOT),
        (os, "open", "/outbox/", errno.EROFS),  # which other programs end with
        (os, "replace", "/outbox/", errno.EIO),
    ],
)
def test_results_wait_for_a_disk_that_takes_them(
    module: Any, name: str, text: str, error: int,
    station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    here = station()
    here.bring(exam())
    refuse(module, name, text, error)
    for _ in range(2):
        with pytest.raises(WriteError) as caught:
            here.work.step()
        assert caught.value.word == "write-failed"
    monkeypatch.undo()
    assert here.work_off() == ["judged", "sent"]


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        (os, "makedirs", "/failed/"),
        (os, "replace", "/failed/"),
        (os, "listdir", "/outbox/"),
        (spool, "write_all", "reason.json"),
    ],
)  # fmt: skip
def test_what_fails_is_set_aside_as_soon_as_the_disk_allows_it_and_the_others_go_on(
    module: Any, name: str, text: str,
    station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    here = station()
    here.bring(*mixed(), exam("good"))
    refuse(module, name, text)
    assert sorted(here.work_off()) == ["judged", "mixed-studies", "sent"]
    here.events.clear()
    for _ in range(3):
        here.work.step()
        here.sender.send_all()
    assert len(archive.held) == 1
    assert "write-failed" in told(here)
    monkeypatch.undo()
    until(lambda: here.work.step() and (here.folder / "failed").exists() and "failed" in files_in(here.folder))
    until(lambda: here.work.step() and len(files_in(here.folder)["failed"]) == 3)
    assert list(files_in(here.folder)) == ["failed"]
    (folder,) = (here.folder / "failed").iterdir()
    assert json.loads((folder / "reason.json").read_bytes())["word"] == "mixed-studies"


def test_what_is_refused_by_the_archive_is_set_aside_as_soon_as_the_disk_allows_it(
    station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.answers = [0xC000] * MOST_REFUSALS
    here = station()
    here.bring(exam())
    refuse(os, "makedirs", "/failed/")
    assert here.work_off()[-1] == "archive-refused"
    monkeypatch.undo()
    until(lambda: here.work.step() and list(files_in(here.folder)) == ["failed"])
    here.queue.exams.recover(retry=True)
    assert here.work_off() == ["judged", "sent"]


@pytest.mark.parametrize(("name", "restart"), [("makedirs", False), ("replace", False), ("makedirs", True)])
def test_what_is_kept_is_moved_as_soon_as_the_disk_allows_it(
    name: str, restart: bool, station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    here.queue.exams._places._keep = True
    here.bring(exam("a"), exam("b"))
    refuse(os, name, "/kept/")
    assert here.work_off().count("sent") == 2
    if restart:
        here.close()
        queue = Queue(str(here.folder), Bounds(), keep=True)
        assert "kept" not in files_in(here.folder)
        monkeypatch.undo()
        assert queue.exams.place() is None
        queue.close()
    else:
        monkeypatch.undo()
        until(lambda: here.work.step() and "received" not in files_in(here.folder))
    assert [len(names) for names in files_in(here.folder).values()] == [2]


@pytest.mark.parametrize(
    ("retry", "module", "name", "text"),
    [
        (False, os, "makedirs", "failed/"),  # what failed is set aside
        (False, spool, "sync_folder", "received"),  # what waits may have been brought back by halves
        (True, spool, "sync_folder", "received"),
        (False, os, "replace", "received/"),
        (True, os, "replace", "received/"),
        (False, os, "listdir", ""),
        (True, os, "listdir", ""),
    ],
)
def test_a_start_on_a_full_disk_loses_nothing(
    retry: bool, module: Any, name: str, text: str,
    station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    here = station()
    refused = mixed()
    here.bring(*refused)
    here.work_off()
    here.bring(exam("waiting"))
    here.close()
    (folder,) = (here.folder / "failed").iterdir()
    if not retry:  # killed before it was set aside
        for path in folder.glob("*.dcm"):
            path.rename(here.folder / "received" / path.name)
        shutil.rmtree(folder)
    if name == "listdir":  # the last step of a start; before it the folder is looked at as a whole
        refuse(spool.Spool, "sweep", "")
        monkeypatch.setattr(spool.Spool, "sweep", spool._on_disk(spool.Spool.sweep))
    else:
        refuse(module, name, text)
    queue = Queue(str(here.folder), Bounds(), retry=retry)
    lying = {Path(one).name for part in ("received", "failed") for one in files_in(here.folder).get(part, ())}
    assert len(lying - {"reason.json"}) == 3
    monkeypatch.undo()
    assert queue.exams.place() is None
    queue.close()
    again = station()
    again.work_off()
    assert again.queue.exams.counts() == {"waiting": 0, "sending": 0, "done": 1, "failed": 1, "objects": 0}
    assert len(files_in(again.folder)["failed"]) == 3


def test_an_exam_that_cannot_be_looked_for_is_not_forgotten(
    station: Begin, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    here.bring(*mixed())
    here.work_off()
    refuse(os, "lstat", "/failed/", errno.EIO)
    station().close()
    monkeypatch.undo()
    assert station().queue.exams.counts()["failed"] == 1


@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_an_object_that_the_disk_does_not_take_leaves_nothing(
    name: str, station: Begin, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    if name == "fsync":  # of the folder, after the file has its name
        monkeypatch.setattr(spool, "sync_folder", lambda folder: os.listdir("/no/such/folder"))
    else:
        refuse(os, name, "/received/")
    path = here.queue.intake.write([b"x"])
    here.queue.intake.drop(path)
    with pytest.raises(WriteError):
        here.bring(exam())
    assert "received" not in files_in(here.folder)
    monkeypatch.undo()
    assert here.bring(exam()) == [Taken.NEW]


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("refused", ["replace", "sync", "record"])
def test_what_failed_stays_when_it_comes_again_and_the_disk_does_not_take_it(
    refused: str, moved: bool, station: Begin, archive: Archive, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk did not let it be set aside before, it lies where what comes is to lie."""
    here, sources = station(), mixed()
    here.bring(*sources)
    if not moved:
        refuse(os, "makedirs", "/failed/")
    assert here.work_off() == ["mixed-studies"]
    monkeypatch.undo()
    before = files_in(here.folder)
    assert (list(before), moved) in ((["failed"], True), (["received"], False))
    if refused == "replace":
        refuse(os, "replace", "/received/")
    elif refused == "sync":
        refuse(spool, "sync_folder", "/received")
    else:
        refuse(Records, "write", "INSERT INTO objects")
    for source in sources:
        with pytest.raises((WriteError, OSError)):
            here.bring(source)
    monkeypatch.undo()
    for path in (here.folder / "arriving").iterdir():  # which the door drops
        path.unlink()
    assert files_in(here.folder) == before
    again = station()
    again.queue.exams.recover(retry=True)
    assert again.work_off() == ["mixed-studies"]


def test_everything_that_the_disk_refuses_is_an_error_of_this_program(
    station: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*values: Any, **named: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    here = station().queue._spool
    for module, name in ((os, "open"), (os, "replace"), (os, "makedirs"), (os, "listdir"), (os, "lstat")):
        monkeypatch.setattr(module, name, broken)
    monkeypatch.setattr(shutil, "disk_usage", broken)
    for work in (
        here.holds_any,
        here.sync,
        here.disk,
        lambda: here.write_arriving([b""]),
        lambda: here.take("a", "b"),
        lambda: here.put_results("exam", {"name": b""}),
        lambda: here.end("exam", ["key"], keep=True),
        lambda: here.set_aside("exam", ["key"], {}),
        lambda: here.is_gone("exam", ["key"]),
        lambda: here.bring_back("exam", ["key"]),
        lambda: here.sweep(set(), set(), set()),
    ):
        with pytest.raises(WriteError) as caught:
            work()
        assert caught.value.word == "write-failed"


class _Broken:
    """A database that fails at some statements."""

    def __init__(self, real: Any, *begins: str) -> None:
        self._real, self._begins = real, begins

    def execute(self, statement: str, *values: Any) -> Any:
        if statement.startswith(self._begins):
            raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_records_that_cannot_be_read_or_undone_promise_nothing(tmp_path: Path) -> None:
    records = Records(str(tmp_path / "records.sqlite"))
    real: Any = records._db
    records._db = _Broken(real, "SELECT", "COMMIT", "ROLLBACK")  # type: ignore[assignment]
    add = "INSERT INTO exams (exam, state, changed) VALUES (?, 'waiting', 0)"
    for _ in range(2):
        with pytest.raises(WriteError):
            records.write(add, "lost")
    with pytest.raises(WriteError):
        records.rows("SELECT 1")
    records._db = real
    records.write(add, "kept")
    records.close()
    assert sqlite3.connect(tmp_path / "records.sqlite").execute("SELECT exam FROM exams").fetchall() == [("kept",)]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR | 19 << 8, sqlite3.SQLITE_CANTOPEN])
def test_records_that_a_full_disk_does_not_let_open_are_no_other_folder(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*values: Any, **named: Any) -> Any:
        error = sqlite3.OperationalError("disk")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(WriteError) as caught:
        Queue(str(tmp_path / "queue"), Bounds())
    assert caught.value.word == "write-failed"
    monkeypatch.undo()
    Queue(str(tmp_path / "queue"), Bounds()).close()


class _Steps:
    """Work of which each step raises what comes next."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors, self.events = list(errors), list[Event]()
        self.tell = self.events.append

    def step(self) -> float:
        raise self._errors.pop(0)


def test_only_what_waiting_does_not_mend_ends_the_receiver() -> None:
    import threading

    passing: list[Exception] = [
        WriteError("write-failed", "Full.", "Free."),
        OutputError("output-folder", "Read-only.", "Free."),
        ResourceError("out-of-memory", "Memory ran out.", "Free."),
        OSError(errno.EMFILE, "files"),
        MemoryError(),
        RuntimeError("can't start new thread"),
    ]
    receiver = Receiver("", None, None, patience=Patience(first_s=0.0))  # type: ignore[arg-type]
    for last in (
        ModelIntegrityError("model-hash", "Other.", "Look."),
        UsageError("usage", "No.", "Look."),
        KeyboardInterrupt(),
    ):
        work = _Steps(*passing, last)
        with pytest.raises(type(last)) as caught:
            receiver._serve(work, threading.Event())  # type: ignore[arg-type]
        assert caught.value is last
        assert [event.happened.value for event in work.events] == ["again"] * len(passing)


def test_an_exam_is_not_to_blame_when_no_process_can_be_started(station: Begin, archive: Archive) -> None:
    here = station()
    here.bring(exam())
    worker = here.work.worker
    judge = worker.judge

    def starts_nothing(paths: list[str]) -> Any:
        raise ResourceError("out-of-memory", "Memory ran out.", "Free.")

    worker.judge = starts_nothing  # type: ignore[method-assign]
    for _ in range(30):
        with pytest.raises(EdgeCataractError):
            here.work.step()
    worker.judge = judge  # type: ignore[method-assign]
    assert here.work_off() == ["judged", "sent"]


def test_results_that_cannot_be_kept_for_another_reason_hold_up_no_other_exam(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = spool.Spool.put_results, list[str]()

    def put(here: Any, name: str, *values: Any) -> None:
        if not failed or name in failed:
            failed.append(name)
            raise ValueError("no such result")
        real(here, name, *values)

    here = station()
    here.bring(exam("bad"), exam("good"))
    monkeypatch.setattr(spool.Spool, "put_results", put)
    assert here.work_off() == ["internal", "judged", "sent"]


def fill(folder: Path, *, size: int) -> list[Path]:
    """Put files of some size into a folder until its disk takes no more; returns them."""
    made = list[Path]()
    with suppress(OSError):
        while True:
            made.append(folder / f"filler-{len(made)}")
            made[-1].write_bytes(b"\0" * size)
    return made


@pytest.mark.slow
@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize("size", [4096, 0])
def test_a_disk_that_is_full_ends_no_receiver(size: int, start: Restart, archive: Archive) -> None:
    """A real one, without room or without room for names: what fails, and what was sent, is put in order afterwards."""
    archive.close()
    mount = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mkdir -p "$5" && mount -t tmpfs -o size=4m,nr_inodes=2000 tmpfs "$5" && exec "$@"',
        "mount",
    ]
    receiver = start("--to", archive.address, "--results", "sr", "--min-free", "0", wait="3", before=mount)
    disk = Path(f"/proc/{receiver.process.pid}/root{receiver.folder}")
    assert statuses(send(receiver.port, [exam(), *mixed()])) == [0, 0, 0]
    receiver.wait_for("again")
    filler = fill(disk / "arriving", size=size)
    assert statuses(send(receiver.port, [exam("other")])) == [0xA700]
    archive.open()
    until(lambda: archive.sent and any(event["word"] == "write-failed" for event in list(receiver.events)))
    assert receiver.process.poll() is None
    for path in filler:
        path.unlink(missing_ok=True)
    receiver.wait_for("sent")
    assert receiver.wait_for("failed")[0]["word"] == "mixed-studies"
    assert statuses(send(receiver.port, [exam("other")])) == [0]
    receiver.wait_for("sent", 2)
    assert receiver.stop() == 143
    assert len(archive.held) == 2
