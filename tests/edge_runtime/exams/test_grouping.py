"""Scans to exams by folders and names."""

from __future__ import annotations

import pytest

from edge_runtime.exams.grouping import exams_by_name, label_alone, labels_by_name
from edge_runtime.exams.planned import PlannedScan


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        # Directly in the folder: what stands before the eye.
        (["P1_OD_1.png", "P1_OS_1.png", "P2_OD_1.png"], ["P1", "P1", "P2"]),
        (["P1_OD.png", "P2_OD.png"], ["P1", "P2"]),
        (["OD_1.png", "OS_1.png"], ["scans", "scans"]),
        # Without a word for the eye every file is an exam: a file of DICOM with all its frames, perhaps.
        (["a.dcm", "b.dcm"], ["a", "b"]),
        # Folders of eyes alone: one exam, or what stands before the numbers of scans.
        (["OD/1.png", "OD/2.png", "OS/01.png"], ["scans", "scans", "scans"]),
        (["OD/P1_1.png", "OD/P2_1.png", "OS/P1_30deg.png"], ["P1", "P2", "P1"]),
        (["OD/E12.png", "OS/E13.png"], ["E12", "E13"]),
        # A folder per exam, with folders of eyes in it or without.
        (["P1/OD/1.png", "P1/OS/1.png", "P2/R/1.png"], ["P1", "P1", "P2"]),
        (["P1/OD_1.png", "P1/OS_1.png", "P2/OD_1.png"], ["P1", "P1", "P2"]),
        (["P1/P1_OD_1.png", "P1/P1_OS_2.png"], ["P1", "P1"]),
        (["P1/1_OD.png", "P1/2_OD.png"], ["P1", "P1"]),
        (["site/P1/01-left/1.png", "site/P1/02-right/1.png"], ["site/P1", "site/P1"]),
        # Several people in one folder are not thrown together.
        (["site/P1_OD_1.png", "site/P2_OD_1.png"], ["site/P1", "site/P2"]),
        (["site/Pat0_OD.png", "site/Pat1_OD.png"], ["site/Pat0", "site/Pat1"]),
        (["site/P1_000_OD.png", "site/P1_030_OD.png", "site/P2_000_OD.png"], ["site/P1", "site/P1", "site/P2"]),
        (
            ["G/OD/P1_000.png", "G/OD/P1_030.png", "G/OD/P2_000.png", "G/OS/P2_000.png"],
            ["G/P1", "G/P1", "G/P2", "G/P2"],
        ),
        # Numbers of scans tell no exams apart, with letters before them or without.
        (["P7/OD/IMG0001.png", "P7/OD/IMG0002.png", "P7/OS/IMG0001.png"], ["P7", "P7", "P7"]),
        (["P7/OD/1.png", "P7/OD/2.png"], ["P7", "P7"]),
        (["P7/OD/scan_1.png", "P7/OD/scan_2.png"], ["P7", "P7"]),
        # A folder that says more than the eye is an exam of its own.
        (["P1_OD/1.png", "P1_OS/1.png"], ["P1_OD", "P1_OS"]),
    ],
)
def test_an_exam_is_a_folder_or_what_stands_before_the_eye(paths: list[str], labels: list[str]) -> None:
    assert labels_by_name([f"/data/scans/{path}" for path in paths], "/data/scans") == labels


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Anna_OD.png", "Anna"),
        ("site/Pat0000_OD.png", "site/Pat0000"),
        ("site/P1_000_OD.png", "site/P1"),
        ("site/P1_OD_000.png", "site/P1"),
        ("site/1_OD.png", "site"),
        ("G/OD/P1_000.png", "G/P1"),
        ("G/OD/1.png", "G"),
        ("G/OD/IMG0001.png", "G/IMG"),
        ("G/a.dcm", "G"),
    ],
)
def test_a_label_of_a_file_alone_holds_the_beginning_of_its_name(path: str, label: str) -> None:
    assert label_alone(f"/data/scans/{path}", "/data/scans") == label


def test_a_named_folder_of_one_eye_with_several_people_has_several_labels() -> None:
    paths = [f"/data/OD/{name}.png" for name in ("P1_000", "P1_030", "P2_000", "P2_030")]
    assert labels_by_name(paths, "/data/OD") == ["P1", "P1", "P2", "P2"]


def test_exams_come_in_the_order_of_their_first_scans() -> None:
    scans = [PlannedScan(f"x/{name}") for name in ("B_OD_1.png", "A_OD_1.png", "B_OS_1.png")]
    assert [(exam.label, len(exam.scans)) for exam in exams_by_name(scans, "x")] == [("B", 2), ("A", 1)]
