"""Scans to exams by folders and names."""

from __future__ import annotations

import pytest

from edge_runtime.exams.grouping import exams_by_name, labels_by_name
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
        # A folder that says more than the eye is an exam of its own.
        (["P1_OD/1.png", "P1_OS/1.png"], ["P1_OD", "P1_OS"]),
    ],
)
def test_an_exam_is_a_folder_or_what_stands_before_the_eye(paths: list[str], labels: list[str]) -> None:
    assert labels_by_name([f"/data/scans/{path}" for path in paths], "/data/scans") == labels


def test_exams_come_in_the_order_of_their_first_scans() -> None:
    scans = [PlannedScan(f"x/{name}") for name in ("B_OD_1.png", "A_OD_1.png", "B_OS_1.png")]
    assert [(exam.label, len(exam.scans)) for exam in exams_by_name(scans, "x")] == [("B", 2), ("A", 1)]
