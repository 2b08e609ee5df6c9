"""From a device to an archive, as a station runs it."""

from __future__ import annotations

import pytest

from .conftest import SEG, SR, Archive, Restart, exam, files_in, referred, send, single, statuses, until

pytestmark = pytest.mark.slow


def test_an_exam_of_several_frames_is_judged_at_once_and_its_results_reach_the_archive(
    start: Restart, archive: Archive
) -> None:
    receiver = start("--to", archive.address, wait="3600")
    source = exam()
    assert statuses(send(receiver.port, [source])) == [0]
    receiver.wait_for("sent")
    assert len(archive.held) == 2
    (report,), (segmentation,) = archive.of_class(SR), archive.of_class(SEG)
    assert source.SOPInstanceUID in referred(report) & referred(segmentation)
    assert report.StudyInstanceUID == source.StudyInstanceUID
    assert report.PatientID == source.PatientID
    until(lambda: files_in(receiver.folder) == {})


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
