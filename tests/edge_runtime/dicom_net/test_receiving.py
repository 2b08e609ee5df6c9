"""From a device to an archive, as a station runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dicom_files import put_canaries, tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import (
    PITCH_UM,
    SEG,
    SR,
    Archive,
    Restart,
    exam,
    files_in,
    referred,
    send,
    single,
    statuses,
    until,
    written,
)

pytestmark = pytest.mark.slow


def test_an_exam_of_several_frames_is_judged_at_once_and_its_results_reach_the_archive(
    start: Restart, archive: Archive, tmp_path: Path
) -> None:
    audit = tmp_path / "audit"
    receiver = start("--to", archive.address, "--audit", audit, wait="3600")
    source = exam()
    assert statuses(send(receiver.port, [source])) == [0]
    receiver.wait_for("sent")
    assert len(archive.held) == 2
    (report,), (segmentation,) = archive.of_class(SR), archive.of_class(SEG)
    assert source.SOPInstanceUID in referred(report) & referred(segmentation)
    assert (report.StudyInstanceUID, report.PatientID) == (source.StudyInstanceUID, source.PatientID)
    until(lambda: files_in(receiver.folder) == {})
    assert [json.loads(line)["event"] for line in audit.read_bytes().splitlines()].count("result") == 1
    assert receiver.stop() == 0


def test_single_frames_wait_for_the_others_of_their_study_and_are_told_apart_by_series_and_eye(
    start: Restart, archive: Archive
) -> None:
    receiver = start("--to", archive.address, "--results", "sr", wait="1")
    sent = [
        *(single("A", number) for number in range(3)),
        *(single("A", number, laterality="L") for number in range(2)),
        *(single("A", number, series="second") for number in range(2)),
        single("B", 1),
    ]
    assert statuses(send(receiver.port, sent)) == [0] * 8
    receiver.wait_for("sent", 4)
    groups = sorted(sorted(referred(report)) for report in archive.of_class(SR))
    names = [str(dataset.SOPInstanceUID) for dataset in sent]
    assert groups == sorted(sorted(group) for group in (names[:3], names[3:5], names[5:7], names[7:]))


def test_both_eyes_of_one_object_have_a_result_each(start: Restart, archive: Archive) -> None:
    both = tomography([small_lens(16), small_lens(20)], pitch_um=PITCH_UM, laterality="B", name="both")
    del both.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    for group, eye in zip(both.PerFrameFunctionalGroupsSequence, "RL", strict=True):
        anatomy = type(both)()
        anatomy.FrameLaterality = eye
        group.FrameAnatomySequence = [anatomy]
    receiver = start("--to", archive.address, "--results", "sr")
    assert statuses(send(receiver.port, [written(both)])) == [0]
    receiver.wait_for("sent")
    assert len(archive.of_class(SR)) == 2


def test_what_comes_twice_has_one_result_while_it_is_waited_for_and_afterwards(
    start: Restart, archive: Archive
) -> None:
    receiver = start("--to", archive.address, "--results", "sr", wait="1")
    first, second = single("A", 0), single("A", 1)
    assert statuses(send(receiver.port, [first, first, second])) == [0, 0, 0]
    receiver.wait_for("sent")
    receiver.kill()
    receiver = start("--to", archive.address, "--results", "sr", wait="0")
    assert statuses(send(receiver.port, [second, first, exam()])) == [0, 0, 0]
    receiver.wait_for("sent")
    assert sorted(map(len, map(referred, archive.of_class(SR)))) == [1, 2]
    assert len(archive.sent) == 2


def test_results_wait_for_an_archive_that_is_not_there_and_survive_a_kill(
    start: Restart, archive: Archive
) -> None:
    archive.close()
    receiver = start("--to", archive.address, "--results", "sr")
    assert statuses(send(receiver.port, [exam()])) == [0]
    assert receiver.wait_for("again")[0]["word"] == "archive-unreachable"
    receiver.kill()
    assert [name.split("/")[1] for name in files_in(receiver.folder)["outbox"]] == ["OD.sr.dcm"]
    archive.open()
    receiver = start("--to", archive.address, "--results", "sr")
    receiver.wait_for("sent")
    assert len(archive.held) == 1
    until(lambda: files_in(receiver.folder) == {})


def test_an_archive_that_has_no_room_is_asked_again(start: Restart, archive: Archive) -> None:
    archive.answers = [0xA700, 0xC000]
    receiver = start("--to", archive.address, "--results", "sr")
    send(receiver.port, [exam()])
    receiver.wait_for("sent")
    assert len(receiver.wait_for("again")) == 2


def test_what_cannot_be_judged_is_set_aside_with_its_word_and_judged_again_when_asked(
    start: Restart, archive: Archive
) -> None:
    """Two patients in one study: no result can be filed for them."""
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    receiver = start("--to", archive.address, wait="1")
    assert statuses(send(receiver.port, [first, second])) == [0, 0]
    assert receiver.wait_for("failed")[0]["word"] == "mixed-studies"
    receiver.kill()
    (folder,) = (receiver.folder / "failed").iterdir()
    assert json.loads((folder / "reason.json").read_bytes())["word"] == "mixed-studies"
    assert len(list(folder.glob("*.dcm"))) == 2
    again = start("--to", archive.address, "--retry")
    assert again.wait_for("failed")[0]["word"] == "mixed-studies"
    again.kill()
    assert len(list(folder.glob("*.dcm"))) == 2
    assert archive.held == {}


def test_what_failed_and_comes_again_gets_its_result(start: Restart, archive: Archive) -> None:
    first, second = single("A", 0), single("A", 1)
    second.PatientID = "ANOTHER"
    receiver = start("--to", archive.address, "--results", "sr", wait="1")
    send(receiver.port, [first, second])
    receiver.wait_for("failed")
    second.PatientID = first.PatientID
    assert statuses(send(receiver.port, [first, second])) == [0, 0]
    receiver.wait_for("sent")
    (report,) = archive.of_class(SR)
    assert {first.SOPInstanceUID, second.SOPInstanceUID} <= referred(report)
    until(lambda: files_in(receiver.folder) == {})


def test_an_eye_that_was_not_graded_is_set_aside_when_only_a_segmentation_is_asked_for(
    start: Restart, archive: Archive
) -> None:
    empty = small_lens(16) * 0 + 10
    empty[::2] += 2
    receiver = start("--to", archive.address, "--results", "seg")
    send(receiver.port, [written(tomography([empty, empty + 1], pitch_um=PITCH_UM, name="empty"))])
    assert receiver.wait_for("failed")[0]["word"] == "no-result"


def test_kept_objects_are_those_that_came(start: Restart, archive: Archive) -> None:
    receiver = start("--to", archive.address, "--results", "sr", "--keep")
    send(receiver.port, [exam()])
    receiver.wait_for("sent")
    until(lambda: list(files_in(receiver.folder)) == ["kept"])
    assert len(files_in(receiver.folder)["kept"]) == 1


def test_nothing_of_a_patient_is_told_whatever_happens(start: Restart, archive: Archive) -> None:
    """Accepted, refused, failed and sent: no text of the file is in a line, a name of a file, or a record."""
    good = tomography([small_lens(16), small_lens(20)], pitch_um=PITCH_UM, name="good")
    words = put_canaries(good)
    bad = tomography([small_lens(16)], pitch_um=PITCH_UM, name="bad")
    words += put_canaries(bad, "Linnet")
    del bad.ImageLaterality, bad.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    receiver = start("--to", archive.address, "--results", "sr", "-vv")
    assert statuses(send(receiver.port, [written(good), written(bad)])) == [0, 0xC000]
    receiver.wait_for("sent")
    receiver.wait_for("refused")
    receiver.stop()
    told = json.dumps(receiver.events) + receiver.errors()
    told += "".join(path.name for path in receiver.folder.rglob("*"))
    told += "".join(path.read_bytes().decode("latin-1") for path in receiver.folder.glob("records*"))
    assert [word for word in words if word in told] == []
