"""The program, as a station runs it: in a process of its own, between a device and an archive."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.dicom_files import put_canaries, tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, SEG, SR, Archive, Restart, exam, files_in, referred, send, statuses, until, written

pytestmark = pytest.mark.slow


def test_an_exam_reaches_the_archive_and_an_audit_and_leaves_nothing_in_the_queue(
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
    assert receiver.stop() == 143


def test_results_survive_a_kill_until_the_archive_is_there(start: Restart, archive: Archive) -> None:
    archive.close()
    receiver = start("--to", archive.address, "--results", "sr", "--keep")
    assert statuses(send(receiver.port, [exam()])) == [0]
    assert receiver.wait_for("again")[0]["word"] == "archive-unreachable"
    receiver.kill()
    assert [name.split("/")[1] for name in files_in(receiver.folder)["outbox"]] == ["OD.sr.dcm"]
    archive.open()
    receiver = start("--to", archive.address, "--results", "sr", "--keep")
    receiver.wait_for("sent")
    assert len(archive.held) == 1
    until(lambda: list(files_in(receiver.folder)) == ["kept"])


def test_a_stop_waits_for_nobody_who_says_nothing(start: Restart) -> None:
    """An archive, and devices, that take a connection and then say nothing, for which a peer has a minute."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        receiver = start("--to", f"PACS@127.0.0.1:{mute.getsockname()[1]}", "--results", "sr")
        assert statuses(send(receiver.port, [exam()])) == [0]
        waiting, _ = mute.accept()
        devices = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(4)]
        for device in devices:
            device.sendall(b"\1\0\0\0\1\0")  # the beginning of a request, and no more
        try:
            assert receiver.stop() == 143
        finally:
            for one in (waiting, *devices):
                one.close()
    assert list(files_in(receiver.folder)) == ["received", "outbox"]


def test_nothing_of_a_patient_is_told_whatever_happens(start: Restart, archive: Archive) -> None:
    """Accepted, refused and sent: no text of the file is in a line, in a name of a file, or in the records."""
    good = tomography([small_lens(16), small_lens(20)], pitch_um=PITCH_UM, name="good")
    words = put_canaries(good)
    bad = tomography([small_lens(16)], pitch_um=PITCH_UM, name="bad")
    words += put_canaries(bad, "Linnet")
    del bad.ImageLaterality, bad.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    receiver = start("--to", archive.address, "--results", "sr", "-vv")
    assert statuses(send(receiver.port, [written(good), written(bad)])) == [0, 0xC000]
    receiver.wait_for("sent")
    receiver.wait_for("refused")
    assert receiver.stop() == 143
    told = json.dumps(receiver.events) + receiver.errors()
    told += "".join(path.name for path in receiver.folder.rglob("*"))
    told += "".join(path.read_bytes().decode("latin-1") for path in receiver.folder.glob("records*"))
    assert [word for word in words if word in told] == []
