"""Parts of a batch, and fingerprints of its exams."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_runtime.batch.plan import Job, Part, fingerprint
from edge_runtime.errors import UsageError
from edge_runtime.exams.planned import PlannedExam, PlannedScan
from edge_runtime.scan import Laterality


def test_parts_are_disjoint_and_complete_and_do_not_depend_on_other_exams() -> None:
    labels = [f"E{number}" for number in range(500)]
    parts = [{label for label in labels if Part(number, 7).holds(label)} for number in range(7)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 500
    assert all(40 < len(part) < 110 for part in parts)
    assert all(Part().holds(label) for label in labels)


@pytest.mark.parametrize(("number", "count"), [(-1, 2), (2, 2), (0, 0), (1, 1)])
def test_a_part_that_there_is_not_is_refused(number: int, count: int) -> None:
    with pytest.raises(UsageError):
        Part(number, count)


def test_a_part_has_files_of_its_own() -> None:
    assert (Part().suffix, Part(3, 12).suffix) == ("", "-00003-of-00012")


def exam(path: Path, eye: Laterality | None = None) -> PlannedExam:
    return PlannedExam("E1", (PlannedScan(str(path), (), eye),))


def test_a_fingerprint_changes_with_the_file_and_with_what_is_said_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a_OD.png"
    missing = fingerprint(exam(path))
    path.write_bytes(b"one")
    one = fingerprint(exam(path))
    assert one == fingerprint(exam(path))
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # of the same size and age
    two = fingerprint(exam(path))
    assert len({missing, one, two, fingerprint(exam(path, Laterality.OD))}) == 4


def test_the_eyes_of_a_job_are_those_that_names_say() -> None:
    paths = ("a_OS_1.png", "a_OD_1.png", "a_OS_2.png", "OD/a_OS.png")
    scans = tuple(PlannedScan.at(path) for path in paths)
    assert Job(PlannedExam("a\n", scans), "").eyes == (Laterality.OS, Laterality.OD, None)
    assert Job(PlannedExam("a\n", scans), "").label == "a\\n"
