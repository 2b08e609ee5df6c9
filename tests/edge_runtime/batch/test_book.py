"""The record of finished exams: nothing twice, what changed again, other work never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.batch.book import Book, stamp
from edge_runtime.batch.plan import Job, Part
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.errors import OutputError
from edge_runtime.frame.profiles import PixelPitch
from tests.make_tiny_model import TinyModel, tiny_model_bytes

from .exams import jobs_in, settings, write_exams, write_scan

GRADED = ExamRecord([EyeRecord("OD", "graded", {"eye": {}}, sources=["a.png"])], {"graded": 1})
FAILED = ExamRecord([EyeRecord("OD", "failed", None, "worker-died", "It ended.", ["a.png"])], {"failed": 1})


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    write_exams(tmp_path / "scans", 3)
    return jobs_in(tmp_path / "scans")


def book(tmp_path: Path, *, retry: bool = False, **common: object) -> Book:
    return Book(str(tmp_path / "batch.ledger"), {"work": "batch", **common}, retry=retry, replace=False)


def test_recorded_exams_are_not_left(tmp_path: Path, jobs: list[Job]) -> None:
    with book(tmp_path) as written:
        assert written.left(jobs) == jobs
        written.add(jobs[1], GRADED)
    with book(tmp_path) as found:
        assert found.left(jobs) == [jobs[0], jobs[2]]
        assert found[jobs[1]] == GRADED
        with pytest.raises(KeyError):
            found[jobs[0]]


def test_an_exam_whose_file_changed_is_measured_again(tmp_path: Path, jobs: list[Job]) -> None:
    with book(tmp_path) as written:
        for job in jobs:
            written.add(job, GRADED)
    write_scan(tmp_path / "scans" / "E2_OD_1.png", 9)
    with book(tmp_path) as found:
        (again,) = found.left(jobs_in(tmp_path / "scans"))
        assert again.label == "E2"
        found.add(again, FAILED)
        assert found[again] == FAILED


def test_failed_exams_are_measured_again_where_that_is_asked_for(tmp_path: Path, jobs: list[Job]) -> None:
    with book(tmp_path) as written:
        written.add(jobs[0], FAILED)
        written.add(jobs[1], GRADED)
    with book(tmp_path) as found:
        assert found.left(jobs) == [jobs[2]]
    with book(tmp_path, retry=True) as found:
        assert found.left(jobs) == [jobs[0], jobs[2]]
        found.add(jobs[0], FAILED)
        assert found.left(jobs) == [jobs[2]]  # once a run
        found.add(jobs[0], GRADED)
    with book(tmp_path, retry=True) as found:
        assert (found[jobs[0]], found.left(jobs)) == (GRADED, [jobs[2]])


def test_a_record_of_other_work_is_not_continued(tmp_path: Path, jobs: list[Job]) -> None:
    with book(tmp_path, threshold=0.1):
        pass
    with pytest.raises(OutputError, match="threshold") as refused:
        book(tmp_path, threshold=0.2)
    assert refused.value.word == "ledger-other-work"


def test_a_stamp_differs_with_model_options_and_part(tmp_path: Path, tiny_model: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(tiny_model_bytes(TinyModel(name="other")))
    (tmp_path / "p.toml").write_text("name = 'x'")
    plain = settings(tiny_model)
    variants = [
        (plain, Part()),
        (settings(other), Part()),
        (replace(plain, threshold=0.5), Part()),
        (replace(plain, bits=12), Part()),
        (replace(plain, profile="anterion"), Part()),
        (replace(plain, profile=str(tmp_path / "p.toml")), Part()),
        (replace(plain, profile=PixelPitch(9.0, 8.0)), Part()),
        (plain, Part(0, 2)),
        (plain, Part(1, 2)),
    ]
    stamps = [repr(stamp(one, part)) for one, part in variants]
    assert len(set(stamps)) == len(variants)
    assert repr(stamp(plain, Part())) == stamps[0]
