"""Sending goes on, whatever one archive, one exam or one file does."""

from __future__ import annotations

import errno
import io
import os
import socket
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.dicom_net.archive import Archive as AnArchive
from edge_runtime.dicom_net.archive import DicomNode, DicomWeb
from edge_runtime.dicom_net.archive_answers import StoreAnswer, StoreOutcome
from edge_runtime.dicom_net.library import hushed, require_network
from edge_runtime.dicom_net.records import Records
from edge_runtime.dicom_net.sending import MOST_REFUSALS
from edge_runtime.dicom_out.files import Kind
from edge_runtime.errors import OutputError, WriteError

from .conftest import Archive, Restart, Station, encoded, exam, files_in, send, statuses, until

Begin = Callable[..., Station]


@pytest.mark.parametrize(
    "archive",
    [
        DicomNode("PACS", "pacs.invalid", 104, "EDGE", 5.0),  # a name that resolves nowhere
        DicomNode("PACS", "a" * 70, 104, "EDGE", 5.0),  # and one that no name server may be asked for
        DicomNode("PACS", "255.255.255.255", 104, "EDGE", 5.0),  # to which there is no route
        DicomNode("PACS", "127.0.0.1", 1, "EDGE", 5.0),
        DicomWeb("http://pacs.invalid/dicom-web", 5.0),
    ],
)
def test_an_archive_to_which_there_is_no_way_is_unreachable(archive: AnArchive, tmp_path: Path) -> None:
    path = tmp_path / "result.dcm"
    path.write_bytes(encoded(exam()))
    require_network()
    with hushed(), pytest.raises(OutputError) as caught:
        list(archive.send([str(path)]))
    assert caught.value.word == "archive-unreachable"


@pytest.mark.parametrize("error", [socket.gaierror(-3, "try again"), OSError(24, "files"), RuntimeError("no thread")])
def test_whatever_prevents_an_association_the_archive_is_unreachable(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pynetdicom import AE

    def refused(*values: Any, **named: Any) -> None:
        raise error

    require_network()
    monkeypatch.setattr(AE, "associate", refused)
    with pytest.raises(OutputError) as caught:
        list(DicomNode("PACS", "127.0.0.1", 104, "EDGE", 5.0).send(["result"]))
    assert caught.value.word == "archive-unreachable"


@pytest.mark.slow
def test_an_archive_whose_name_does_not_resolve_is_waited_for(start: Restart) -> None:
    receiver = start("--to", "PACS@pacs.invalid:104", "--results", "sr")
    assert statuses(send(receiver.port, [exam()])) == [0]
    assert [event["word"] for event in receiver.wait_for("again", 2)] == ["archive-unreachable"] * 2
    assert statuses(send(receiver.port, [exam("other")])) == [0]
    receiver.wait_for("judged", 2)
    assert receiver.stop() == 143


class Choosy:
    """An archive that does something else with the results of one exam, and says what it was asked for."""

    def __init__(self, real: AnArchive, what: Callable[[], StoreAnswer]) -> None:
        self._real, self._what = real, what
        self.exam: str | None = None
        self.asked: list[str] = []

    def send(self, paths: Sequence[str]) -> Generator[StoreAnswer, None, None]:
        name = Path(paths[0]).parent.name
        self.exam = self.exam or name
        self.asked.append(name)
        if name == self.exam:
            for _ in paths:
                yield self._what()
        else:
            yield from self._real.send(paths)


def choosy(here: Station, what: Callable[[], StoreAnswer]) -> Choosy:
    archive = Choosy(here.sender._archive, what)
    here.sender._archive = archive
    return archive


def raising(error: Exception) -> Callable[[], StoreAnswer]:
    def what() -> StoreAnswer:
        raise error

    return what


UNREACHABLE = OutputError("archive-unreachable", "The archive answers with HTTP 503.", "Look.")


@pytest.mark.parametrize("error", [UNREACHABLE, WriteError("write-failed", "Full.", "Free."), OSError(5, "I/O")])
def test_an_exam_with_which_the_archive_fails_holds_up_no_other(
    error: Exception, station: Begin, archive: Archive
) -> None:
    here = station()
    here.bring(exam("a"), exam("b"), exam("c"))
    odd = choosy(here, raising(error))
    here.work_off(rounds=12)
    assert len(archive.held) == 2
    assert here.queue.exams.counts() == {"waiting": 0, "sending": 1, "done": 2, "failed": 0, "objects": 0}
    assert odd.asked[0] == odd.exam
    assert "failed" not in files_in(here.folder)


def test_an_exam_with_which_the_archive_fails_does_not_delay_a_new_one(station: Begin, archive: Archive) -> None:
    """Not by the wait for an archive that is not there, which is five minutes in the end."""
    here = station(first_s=300.0, most_s=300.0)
    here.bring(exam("a"))
    here.work.step()
    odd = choosy(here, raising(UNREACHABLE))
    with here.sender:
        until(lambda: odd.asked, 20)
        for name in "bc":
            here.bring(exam(name))
            here.work.step()
            until(lambda: here.queue.exams.counts()["sending"] == 1, 20)
    assert odd.asked.count(str(odd.exam)) == 1
    assert len(archive.held) == 2


def test_news_make_the_wait_for_an_archive_that_is_not_there_no_longer(station: Begin, archive: Archive) -> None:
    archive.close()
    here = station(first_s=100.0, most_s=300.0)
    waits = []
    for name in "abcde":
        here.bring(exam(name))
        here.work.step()
        waits.append(here.sender.send_all())
    assert waits == sorted(waits, reverse=True)
    assert 50 < waits[-1] < waits[0] <= 100


def test_an_exam_with_which_the_program_is_at_fault_is_set_aside_in_the_end(station: Begin, archive: Archive) -> None:
    here = station()
    here.bring(exam("a"), exam("b"))
    choosy(here, raising(TypeError("a fault of the program")))
    told = here.work_off()
    assert (told.count("internal"), told.count("sent"), len(archive.held)) == (MOST_REFUSALS, 1, 1)
    assert list(files_in(here.folder)) == ["failed"]


@pytest.mark.parametrize("web", [False, True])
@pytest.mark.parametrize("damage", [os.unlink, lambda path: os.truncate(path, 0), lambda path: os.truncate(path, 200)])
def test_a_result_that_cannot_be_read_any_more_is_made_again(
    damage: Callable[[str], None], web: bool, station: Begin, archive: Archive
) -> None:
    here = station()
    here.bring(exam("a"), exam("b"))
    here.work.step()
    here.work.step()
    damaged, _ = sorted((here.folder / "outbox").rglob("*.dcm"))
    damage(str(damaged))
    node = here.sender._archive
    if web:
        here.sender._archive = DicomWeb("http://127.0.0.1:1/never-asked", 1.0)
        assert list(here.sender._archive.send([str(damaged)])) == [StoreAnswer(StoreOutcome.UNREADABLE)]
        here.sender._archive = node
    assert sorted(here.work_off()) == ["internal", "judged", "sent", "sent"]
    assert files_in(here.folder) == {}
    assert len(archive.held) == 2


def test_a_result_that_is_never_there_is_made_again_a_few_times(station: Begin, archive: Archive) -> None:
    here = station()
    here.bring(exam("a"), exam("b"))
    choosy(here, lambda: StoreAnswer(StoreOutcome.UNREADABLE))
    told = here.work_off()
    assert (told.count("internal"), told.count("judged"), told.count("sent")) == (3, 4, 1)
    assert [event.happened.value for event in here.events].count("failed") == 1
    assert list(files_in(here.folder)) == ["failed"]


class _Damaged(io.FileIO):
    """A file whose last bytes the disk does not give."""

    def readinto(self, buffer: Any) -> int:
        place = self.tell()
        if place + len(buffer) > os.fstat(self.fileno()).st_size - 64:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readinto(buffer) or 0


def test_a_result_that_cannot_be_read_to_its_end_is_made_again(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its header can be read, as often as that is tried."""
    here = station(kinds=(Kind.SEGMENTATION,))
    here.bring(exam("a"), exam("b"))
    here.work.step()
    here.work.step()
    damaged = os.stat(min((here.folder / "outbox").rglob("*.dcm"))).st_ino
    real = open

    def opened(path: Any, mode: str = "r", *values: Any, **named: Any) -> Any:
        if mode == "rb" and isinstance(path, str | Path) and os.stat(path).st_ino == damaged:
            return io.BufferedReader(_Damaged(path), 128)
        return real(path, mode, *values, **named)

    monkeypatch.setattr("builtins.open", opened)
    assert sorted(here.work_off(rounds=10)) == ["internal", "judged", "sent", "sent"]
    assert files_in(here.folder) == {}
    assert len(archive.held) == 2


def test_a_result_of_which_the_disk_gives_a_part_only_is_sent_again(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The association is in the middle of it, and is ended; the next one begins anew."""
    from pynetdicom import dimse_messages

    real, broken = dimse_messages.DIMSEMessage.encode_msg, [True]

    def encode(self: Any, *values: Any) -> Any:
        for number, part in enumerate(real(self, *values)):
            if number and type(self).__name__ == "C_STORE_RQ" and broken and broken.pop():
                raise OSError(5, "I/O error")
            yield part

    monkeypatch.setattr(dimse_messages.DIMSEMessage, "encode_msg", encode)
    here = station()
    here.bring(exam())
    began = time.monotonic()
    assert here.work_off() == ["judged", "not-acknowledged", "sent"]
    assert time.monotonic() - began < 10
    assert len(archive.held) == 1


def test_what_was_sent_is_finished_when_the_disk_takes_that(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    here.bring(exam())
    real = Records.write

    def full(records: Records, statement: str, *values: Any) -> None:
        if "done" in values:
            raise WriteError("write-failed", "Full.", "Free.")
        real(records, statement, *values)

    monkeypatch.setattr(Records, "write", full)
    here.work.step()
    here.sender.send_all()
    for _ in range(3):
        with pytest.raises(WriteError):
            here.sender.send_all()
    monkeypatch.undo()
    assert here.work_off() == ["sent"]
    assert (files_in(here.folder), len(archive.sent)) == ({}, 1)


@pytest.mark.parametrize("error", [WriteError("write-failed", "Full.", "Free."), RuntimeError("whatever")])
def test_nothing_ends_the_thread_that_sends(
    error: Exception, station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    here.bring(exam())
    here.work.step()
    real, errors = here.queue.exams.to_send, [error, error]

    def to_send() -> Any:
        if errors:
            raise errors.pop()
        return real()

    monkeypatch.setattr(here.queue.exams, "to_send", to_send)
    with here.sender:
        until(lambda: here.queue.exams.counts()["done"], 20)
    assert [event.happened.value for event in here.events] == ["judged", "again", "again", "sent"]
