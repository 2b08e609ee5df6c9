"""From objects to results that an archive has, step by step."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_runtime.dicom_net import intake, judging
from edge_runtime.dicom_net.intake import Taken
from edge_runtime.dicom_net.receiver import MOST_BEGINNINGS
from edge_runtime.dicom_net.sending import MOST_REFUSALS
from edge_runtime.dicom_net.settings import Bounds
from edge_runtime.dicom_net.spool import Spool
from edge_runtime.dicom_out.files import Kind
from edge_runtime.errors import InternalError, OutputError, WriteError
from tests.dicom_files import tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, SR, Archive, Station, encoded, exam, files_in, of_both_eyes, referred, single, written

Begin = Callable[..., Station]


def groups(archive: Archive) -> list[list[str]]:
    return sorted(sorted(referred(report)) for report in archive.of_class(SR))


def names(*datasets: Any) -> list[str]:
    return sorted(str(dataset.SOPInstanceUID) for dataset in datasets)


@pytest.mark.slow
def test_single_frames_are_told_apart_by_study_series_and_eye(station: Begin, archive: Archive) -> None:
    here = station()
    right = [single("A", number) for number in range(3)]
    left = [single("A", number, laterality="L") for number in range(2)]
    other = [single("A", number, series="second") for number in range(2)]
    study = single("B", 1)
    here.bring(*right, *left, *other, study)
    assert here.work_off().count("sent") == 4
    assert groups(archive) == sorted([names(*right), names(*left), names(*other), names(study)])
    assert files_in(here.folder) == {}


def test_single_frames_wait_and_an_exam_does_not(station: Begin, archive: Archive) -> None:
    here = station(quiet_s=3600.0)
    whole = exam()
    here.bring(single("A", 0), whole)
    here.work_off()
    assert groups(archive) == [names(whole)]
    assert here.queue.exams.counts()["objects"] == 1


def test_a_restart_waits_anew_for_the_others_of_a_study(station: Begin, archive: Archive) -> None:
    first, second = single("A", 0), single("A", 1)
    station(quiet_s=3600.0).bring(first)
    later = station(quiet_s=0.0)
    later.bring(second)
    later.work_off()
    assert groups(archive) == [names(first, second)]


def test_both_eyes_of_one_object_have_a_result_each(station: Begin, archive: Archive) -> None:
    here = station()
    here.bring(of_both_eyes())
    here.work_off()
    assert len(archive.of_class(SR)) == 2


def test_the_order_in_which_frames_come_changes_no_uid(station: Begin, archive: Archive, tmp_path: Path) -> None:
    frames = [single("A", number) for number in range(3)]
    here = station()
    here.bring(*frames)
    here.work_off()
    here.close()
    shutil.rmtree(here.folder)
    again = station()
    again.bring(*reversed(frames))
    again.work_off()
    assert (len(archive.sent), len(archive.held)) == (2, 1)


@pytest.mark.parametrize("restart", [False, True])
def test_what_comes_again_is_done_once(restart: bool, station: Begin, archive: Archive) -> None:
    here, source = station(), exam()
    assert here.bring(source, source) == [Taken.NEW, Taken.KNOWN]
    here.work_off()
    here = station() if restart else here
    assert here.bring(source) == [Taken.KNOWN]
    assert here.work_off() == []
    assert len(archive.sent) == 1
    assert files_in(here.folder) == {}


def test_what_was_done_long_ago_is_forgotten_and_its_result_files_the_same(station: Begin, archive: Archive) -> None:
    here, source = station(remember_s=-1.0), exam()
    here.bring(source)
    here.work_off()
    here.queue.exams.forget_old(-1.0)
    assert here.bring(source) == [Taken.NEW]
    here.work_off()
    assert (len(archive.sent), len(archive.held)) == (2, 1)


def test_another_object_with_the_uid_of_one_that_is_known_is_not_taken(station: Begin) -> None:
    here, source = station(), exam()
    here.bring(source)
    source.SeriesDescription = "changed"
    assert here.bring(source) == [Taken.OTHER]
    assert len(files_in(here.folder)["received"]) == 1


def test_results_wait_for_an_archive_that_is_not_there(station: Begin, archive: Archive) -> None:
    archive.close()
    here = station()
    here.bring(exam())
    assert here.work_off(rounds=2) == ["judged", "archive-unreachable", "archive-unreachable"]
    archive.open()
    here = station()
    assert here.work_off() == ["sent"]
    assert len(archive.held) == 1


def test_an_archive_that_has_no_room_is_asked_again(station: Begin, archive: Archive) -> None:
    archive.answers = [0xA700, 0xC000]
    here = station()
    here.bring(exam())
    assert here.work_off() == ["judged", "not-acknowledged", "archive-refused", "sent"]
    assert [(event.happened.value, event.status) for event in here.events[1:3]] == [
        ("again", "0xA700"),
        ("again", "0xC000"),
    ]
    assert "(0xC000)" in here.events[2].text


def test_a_result_that_is_there_already_or_was_stored_with_a_warning_is_sent(station: Begin, archive: Archive) -> None:
    archive.answers = [0x0111, 0xB000]
    here = station()
    here.bring(exam("a"), exam("b"))
    assert here.work_off().count("sent") == 2


def test_a_result_that_is_refused_for_good_is_set_aside_and_tried_again_when_asked(
    station: Begin, archive: Archive
) -> None:
    archive.answers = [0xC000] * MOST_REFUSALS
    here = station()
    here.bring(exam())
    assert here.work_off()[-1] == "archive-refused"
    kept = files_in(here.folder)
    assert list(kept) == ["failed"]
    assert sorted(Path(name).suffixes[-1] for name in kept["failed"]) == [".dcm", ".dcm", ".json"]
    here.queue.exams.recover(retry=True)
    assert here.work_off() == ["judged", "sent"]
    assert files_in(here.folder) == {}


def test_what_cannot_be_judged_is_set_aside_with_its_word_and_stays_there(station: Begin, archive: Archive) -> None:
    """Two patients in one study: no result can be filed for them."""
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    here = station()
    here.bring(first, second)
    assert here.work_off() == ["mixed-studies"]
    here = station()
    (folder,) = (here.folder / "failed").iterdir()
    assert json.loads((folder / "reason.json").read_bytes())["word"] == "mixed-studies"
    assert len(list(folder.glob("*.dcm"))) == 2
    assert archive.held == {}


@pytest.mark.parametrize("retry", [False, True])
def test_an_exam_whose_folder_a_person_removed_is_forgotten(retry: bool, station: Begin, archive: Archive) -> None:
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    here = station()
    here.bring(first, second)
    here.work_off()
    here.close()
    shutil.rmtree(next((here.folder / "failed").iterdir()))
    again = station()
    again.queue.exams.recover(retry=retry)
    assert again.queue.exams.counts()["failed"] == 0
    assert again.bring(first) == [Taken.NEW]
    again.work_off()
    assert groups(archive) == [names(first)]


def test_what_failed_and_comes_again_gets_its_result(station: Begin, archive: Archive) -> None:
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    here = station()
    here.bring(first, second)
    here.work_off()
    second.PatientID = first.PatientID
    assert here.bring(first, second) == [Taken.NEW, Taken.NEW]
    here.work_off()
    assert groups(archive) == [names(first, second)]
    assert files_in(here.folder) == {}


def test_an_eye_that_was_not_graded_has_a_report_and_fails_where_only_a_segmentation_is_asked_for(
    station: Begin, archive: Archive
) -> None:
    empty = small_lens(16) * 0 + 10
    empty[::2] += 2
    dark = written(tomography([empty, empty + 1], pitch_um=PITCH_UM, name="empty"))
    here = station(kinds=(Kind.SEGMENTATION,))
    here.bring(dark)
    assert here.work_off() == ["no-result"]
    again = station(kinds=(Kind.REPORT, Kind.SEGMENTATION))
    again.queue.exams.recover(retry=True)
    assert again.work_off() == ["judged", "sent"]
    assert len(archive.held) == 1


def test_an_exam_that_ends_its_process_is_tried_again_and_then_set_aside(
    station: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_runtime.dicom_net.judging import Judged

    died = InternalError("worker-died", "The process that judges ended by signal 9.", "Look.")
    here = station()
    here.bring(exam())
    monkeypatch.setattr(here.work.worker, "judge", lambda paths: Judged(fault=died))
    assert here.work_off() == ["worker-died"] * 3
    assert [event.happened.value for event in here.events] == ["again", "again", "failed"]


def test_an_exam_that_takes_the_receiver_down_with_it_is_set_aside(
    station: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as the queue knows: it was begun, and nothing was heard of it."""

    def down(paths: list[str]) -> None:
        raise KeyboardInterrupt

    here = station()
    here.bring(exam("deadly"), exam("good"))
    for _ in range(MOST_BEGINNINGS):
        monkeypatch.setattr(here.work.worker, "judge", down)
        with pytest.raises(KeyboardInterrupt):
            here.work.step()
        here = station()
    assert here.work_off() == ["worker-died", "judged", "sent"]


def test_a_sender_that_begins_again_is_waited_for(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(intake, "time", SimpleNamespace(monotonic=lambda: clock[0], time=time.time))
    here = station(quiet_s=60.0)
    first, second = single("A", 0), single("A", 1)
    here.bring(first)
    for _ in range(3):
        clock[0] += 40.0
        here.bring(first)
        here.work.step()
    here.bring(second)
    clock[0] += 60.0
    here.work_off()
    assert groups(archive) == [names(first, second)]


@pytest.mark.parametrize(
    "bounds", [Bounds(queue_objects=1, free_bytes=0), Bounds(queue_bytes=1, free_bytes=0), Bounds(free_bytes=1 << 60)]
)
def test_a_full_queue_or_disk_has_no_room(bounds: Bounds, station: Begin) -> None:
    here = station(bounds=bounds, quiet_s=3600.0)
    if bounds.queue_objects == 1:
        assert here.queue.intake.lack(1) is None
        here.bring(exam())
    assert here.queue.intake.lack(2)


def test_results_that_wait_take_room_too(station: Begin, archive: Archive) -> None:
    archive.close()
    source = exam()
    here = station(bounds=Bounds(queue_bytes=len(encoded(source)) + 9_000, free_bytes=0))
    here.bring(source)
    assert here.queue.intake.lack(9_000) is None
    here.work_off(rounds=1)
    assert here.queue.intake.lack(9_000)


def test_a_disk_that_takes_no_result_is_waited_for(
    station: Begin, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*values: Any) -> None:
        raise WriteError("write-failed", "An output could not be written.", "Free space.")

    here = station()
    here.bring(exam())
    (path,) = (here.folder / "received").iterdir()
    made = here.work.worker.judge([str(path)])
    monkeypatch.setattr(here.work.worker, "judge", lambda paths: made)
    monkeypatch.setattr(Spool, "put_results", full)
    for _ in range(MOST_BEGINNINGS + 1):
        with pytest.raises(WriteError):
            here.work.step()
    monkeypatch.undo()
    assert here.work_off() == ["judged", "sent"]


@pytest.mark.parametrize("sources", [[exam("A", frames=3)], [single("A", number) for number in range(3)]])
def test_an_exam_of_more_scans_than_any_has_is_set_aside(
    sources: list[Any], station: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MOST_SCANS", 2)
    here = station()
    here.bring(*sources)
    assert here.work_off() == ["too-many-scans"]


def test_a_queue_belongs_to_one_process_and_to_this_program(station: Begin, tmp_path: Path) -> None:
    from edge_runtime.dicom_net.queue import Queue

    here = station()
    with pytest.raises(OutputError) as caught:
        Queue(str(here.folder), Bounds())
    assert caught.value.word == "queue-in-use"
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("not ours")
    with pytest.raises(OutputError) as caught:
        Queue(str(other), Bounds())
    assert caught.value.word == "not-a-queue"
    (other / "letter.txt").rename(other / "records.sqlite")
    with pytest.raises(OutputError) as caught:
        Queue(str(other), Bounds())
    assert caught.value.word == "not-a-queue"


@pytest.mark.parametrize("place", ["received", "outbox", "failed"])
@pytest.mark.parametrize("emptied", [False, True])
def test_a_queue_without_its_records_is_left_as_it_is(emptied: bool, place: str, tmp_path: Path) -> None:
    from edge_runtime.dicom_net.queue import Queue

    folder = tmp_path / "queue"
    Queue(str(folder), Bounds()).close()
    (folder / place / "0").mkdir()
    (folder / place / "0" / "0.dcm").write_bytes(b"scan")
    for path in folder.glob("records.sqlite*"):
        path.unlink()
    if emptied:
        (folder / "records.sqlite").touch()
    for _ in range(2):
        with pytest.raises(OutputError) as caught:
            Queue(str(folder), Bounds(), retry=True)
        assert caught.value.word == "not-a-queue"
    assert files_in(folder) == {place: ["0/0.dcm"]}
    assert [path.stat().st_size for path in folder.glob("records*")] == [0] * emptied


def test_an_object_is_on_the_disk_before_it_is_taken(station: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced, gets its name, the name is synced; then the record, whose commits are synced by SQLite."""
    here, calls = station(), list[str]()
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        calls.append("sync " + os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), here.folder).split("/")[0])
        sync(descriptor)

    def renamed(source: str, target: str) -> None:
        calls.append("rename")
        replace(source, target)

    record = type(here.queue.intake)._record
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    monkeypatch.setattr(
        type(here.queue.intake), "_record", lambda *arguments: (calls.append("record"), record(*arguments))
    )
    here.bring(exam())
    assert calls == ["sync arriving", "rename", "sync received", "record"]
    assert here.queue._records.rows("PRAGMA synchronous") == [(2,)]


def test_what_was_never_acknowledged_is_swept_away(station: Begin) -> None:
    here = station()
    here.bring(single("A", 0))
    for place in ("arriving/0", "received/0.dcm", "outbox/0/OD.sr.dcm", "failed/0/0.dcm"):
        path = here.folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    left = files_in(station().folder)
    assert list(left) == ["received"]
    assert len(left["received"]) == 1


def test_an_object_whose_record_cannot_be_written_leaves_nothing(
    station: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_runtime.dicom_net.records import Records

    def full(*values: Any) -> None:
        raise WriteError("write-failed", "The records of the queue could not be written.", "Free space.")

    here = station()
    monkeypatch.setattr(Records, "write", full)
    with pytest.raises(WriteError):
        here.bring(exam())
    monkeypatch.undo()
    assert files_in(here.folder) == {}
    assert here.bring(exam()) == [Taken.NEW]
