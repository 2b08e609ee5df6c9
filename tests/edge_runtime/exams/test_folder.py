"""What of a folder is taken for scans, and what is left out and told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_runtime.errors import ScanMissingError
from edge_runtime.exams.folder import Found, find_scans

DICOM = b"\0" * 128 + b"DICM"


def make(root: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def find(root: Path, *, deep: bool = False, own: str = "", without: str | None = None) -> Found:
    return find_scans(str(root), deep=deep, is_own=lambda path: bool(own) and path.endswith(own), without=without)


def paths(found: Found, root: Path) -> list[str]:
    return [os.path.relpath(scan.path, root) for scan in found.scans]


def test_scans_come_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    make(tmp_path, "10.png", "2.PNG", "1.tif", "OS/10.jpg", "OS/9.bmp", "OD/1.tiff")
    assert paths(find(tmp_path), tmp_path) == ["1.tif", "2.PNG", "10.png", "OD/1.tiff", "OS/9.bmp", "OS/10.jpg"]


def test_hidden_system_and_other_files_are_left_out_and_told(tmp_path: Path) -> None:
    make(tmp_path, "1.png", ".DS_Store", "._1.png", "Thumbs.db", "desktop.ini", "report.pdf", "1.overlay.png", "a.json")
    found = find(tmp_path, own=".overlay.png")
    assert paths(found, tmp_path) == ["1.png"]
    assert set(found.left_out) == {
        ".DS_Store", "._1.png", "Thumbs.db", "desktop.ini", "report.pdf", "1.overlay.png", "a.json",
    }  # fmt: skip


def test_files_of_dicom_are_known_by_their_mark(tmp_path: Path) -> None:
    make(tmp_path, "IM0001", "1.2.840.113", content=DICOM)
    make(tmp_path, "README", "2.2.840.113", "scan.dcm")
    os.mkfifo(tmp_path / "pipe")
    found = find(tmp_path)
    assert paths(found, tmp_path) == ["1.2.840.113", "IM0001", "scan.dcm"]
    assert set(found.left_out) == {"README", "2.2.840.113", "pipe"}


def test_an_exam_takes_folders_that_say_an_eye_and_leaves_others(tmp_path: Path) -> None:
    make(tmp_path, "OD/1.png", "left eye/1.png", "R/1.png", "old/1.png", "1.png")
    found = find(tmp_path)
    assert paths(found, tmp_path) == ["1.png", "left eye/1.png", "OD/1.png", "R/1.png"]
    assert found.left_out == ["old/"]
    assert [scan.folders for scan in found.scans][1] == (tmp_path.name, "left eye")


def test_the_only_folder_of_a_medium_is_looked_into(tmp_path: Path) -> None:
    make(tmp_path, "export/2026/OD/1.png", "export/2026/OS/1.png")
    assert paths(find(tmp_path), tmp_path) == ["export/2026/OD/1.png", "export/2026/OS/1.png"]


def test_everything_below_a_dicomdir_belongs_to_the_exam(tmp_path: Path) -> None:
    make(tmp_path, "DICOMDIR", "DICOM/A/IM1", "DICOM/B/IM2", content=DICOM)
    found = find(tmp_path)
    assert paths(found, tmp_path) == ["DICOM/A/IM1", "DICOM/B/IM2"]
    assert found.left_out == ["DICOMDIR"]


def test_a_batch_looks_into_every_folder_but_that_of_its_outputs(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png", "b/c/1.png", "out/1.png", ".git/1.png")
    found = find(tmp_path, deep=True, without=str(tmp_path / "x" / ".." / "out"))
    assert paths(found, tmp_path) == ["a/1.png", "b/c/1.png"]


def test_a_link_that_leads_in_a_circle_ends_nowhere(tmp_path: Path) -> None:
    make(tmp_path, "OD/1.png")
    (tmp_path / "OD" / "OS").symlink_to(tmp_path)
    (tmp_path / "OD" / "x.png").symlink_to(tmp_path)
    found = find(tmp_path, deep=True)
    assert paths(found, tmp_path) == ["OD/1.png"]
    assert set(found.left_out) == {"OS", "x.png"}


def test_a_folder_that_is_none_is_a_missing_scan(tmp_path: Path) -> None:
    with pytest.raises(ScanMissingError) as refused:
        find(tmp_path / "nowhere")
    assert (refused.value.word, refused.value.exit_code) == ("unreadable-file", 66)
