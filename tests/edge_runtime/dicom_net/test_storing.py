"""What was judged is kept when its answers are recorded, and recorded once, whatever record and disk do meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.audit.line import not_recordable
from edge_runtime.audit.trail import AuditTrail
from edge_runtime.dicom_net.spool import Spool
from edge_runtime.errors import OutputError, ResourceError, UsageError, WriteError, too_many_open_files

from .conftest import Archive, Station, exam, files_in, of_both_eyes

Begin = Callable[..., Station]


def test_an_answer_is_recorded_once_whatever_the_disk_takes_later(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line of the audit fails once, then the results do once."""
    eyes, full, put = [], ["audit", "outbox"], Spool.put_results

    def take(what: str) -> None:
        if full and full[0] == what:
            raise WriteError("write-failed", f"The {full.pop(0)} could not be written.", "Free space.")

    def record(document: Any) -> None:
        if eyes:
            take("audit")
        eyes.append(document["eye"]["laterality"])

    def put_results(spool: Spool, *values: Any) -> None:
        take("outbox")
        put(spool, *values)

    here = station()
    here.work.receiver = replace(here.work.receiver, record=record)
    monkeypatch.setattr(Spool, "put_results", put_results)
    here.bring(of_both_eyes())
    for _ in range(2):
        with pytest.raises(WriteError):
            here.work.step()
    assert here.work_off() == ["judged", "sent"]
    assert (eyes, full, len(archive.held)) == (["OD", "OS"], [], 2)


def test_an_answer_is_recorded_once_though_an_older_exam_can_be_judged_meanwhile(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of the older one were somewhere else; the other was judged, and its second answer not recorded."""
    real, eyes, full = os.replace, list[str](), [True]

    def refused(source: str, target: str) -> None:
        if "/failed/" in source:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(source, target)

    def record(document: Any) -> None:
        if eyes and full:
            raise WriteError("write-failed", "Full.", "Free space.")
        eyes.append(document["eye"]["laterality"])

    here = station()
    here.work.receiver = replace(here.work.receiver, record=record)
    here.bring(exam("older"), of_both_eyes())
    older = here.queue.exams.next_to_judge()
    assert older is not None
    here.queue.exams._places.missed.add(older.exam)
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(WriteError):
        here.work.step()
    monkeypatch.undo()
    here.queue.exams.place()
    full.clear()
    assert here.work_off().count("sent") == 2
    assert eyes == ["OD", "OS", "OD"]


def test_a_disk_that_takes_no_result_has_nothing_recorded(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with each start of a service whose queue is on a full disk, and the record of answers on another."""
    recorded, real = list[Any](), os.open

    def refused(path: Any, *values: Any, **named: Any) -> int:
        if "/outbox/" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, *values, **named)

    station().bring(exam())
    for _ in range(3):
        here = station()
        here.work.receiver = replace(here.work.receiver, record=recorded.append)
        monkeypatch.setattr(os, "open", refused)
        with pytest.raises(WriteError):
            here.work.step()
        monkeypatch.undo()
    assert recorded == []
    assert here.work_off() == ["judged", "sent"]
    assert len(recorded) == 1


@pytest.mark.parametrize(
    "error",
    [
        UsageError("audit-key", "The audit was begun with another key.", "Give it."),
        OutputError("damaged-audit", "The last line is damaged.", "Look at it."),
        too_many_open_files(),
        MemoryError(),
        OSError(errno.EIO, "I/O error"),
    ],
)
def test_an_answer_that_cannot_be_recorded_now_is_waited_for(
    error: Exception, station: Begin, archive: Archive
) -> None:
    failing = [error] * 3

    def record(document: Any) -> None:
        if failing:
            raise failing.pop()

    here = station()
    here.work.receiver = replace(here.work.receiver, record=record)
    here.bring(exam(), exam("other"))
    for _ in range(3):
        with pytest.raises(WriteError) as caught:  # any other may end the receiver
            here.work.step()
        assert caught.value.word == getattr(error, "word", caught.value.word)
        assert "outbox" not in files_in(here.folder)
    assert sorted(here.work_off()) == ["judged", "judged", "sent", "sent"]


def test_a_record_on_a_disk_that_was_made_read_only_is_waited_for(
    station: Begin, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = AuditTrail(tmp_path / "audit")
    here = station()
    here.work.receiver = replace(here.work.receiver, record=trail.append)
    here.bring(exam())
    real = open

    def refused(path: Any, *values: Any, **named: Any) -> Any:
        if str(path) == trail.path:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, *values, **named)

    monkeypatch.setattr("builtins.open", refused)
    for _ in range(2):
        with pytest.raises(WriteError):
            here.work.step()
    monkeypatch.undo()
    assert here.work_off() == ["judged", "sent"]
    assert trail.head().count == 2


@pytest.mark.parametrize("error", [not_recordable("JSON cannot hold it"), TypeError("a fault of the program")])
def test_an_exam_whose_answer_can_never_be_recorded_is_set_aside_and_nothing_is_sent(
    error: Exception, station: Begin, archive: Archive
) -> None:
    def record(document: Any) -> None:
        if not recorded:
            recorded.append(document)
            raise error

    recorded = list[Any]()
    here = station()
    here.work.receiver = replace(here.work.receiver, record=record)
    here.bring(exam(), exam("other"))
    assert here.work_off() == [getattr(error, "word", "internal"), "judged", "sent"]
    assert (list(files_in(here.folder)), len(archive.held)) == (["failed"], 1)
    assert sorted(Path(name).suffix for name in files_in(here.folder)["failed"]) == [".dcm", ".json"]
    here.queue.exams.recover(retry=True)
    assert here.work_off() == ["judged", "sent"]


def test_results_wait_for_a_system_that_opens_no_more_files(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = station()
    here.bring(exam())
    failing: list[ResourceError] = [too_many_open_files()]
    real = Spool.put_results

    def put(spool: Spool, *values: Any) -> None:
        if failing:
            raise failing.pop()
        real(spool, *values)

    monkeypatch.setattr(Spool, "put_results", put)
    with pytest.raises(WriteError) as caught:
        here.work.step()
    assert caught.value.word == "too-many-open-files"
    assert here.work_off() == ["judged", "sent"]
