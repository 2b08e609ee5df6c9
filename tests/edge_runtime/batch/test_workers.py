"""Processes that measure exams, and what becomes of an exam whose process ends."""

from __future__ import annotations

import multiprocessing
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord
from edge_runtime.batch.workers import measured
from edge_runtime.errors import InternalError, ModelMissingError
from edge_runtime.machine.resources import Limits
from edge_runtime.workers import process as process_module

from .crashing import CrashingSettings
from .exams import jobs_in, write_exams, write_scan


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    write_exams(tmp_path, 4)
    return jobs_in(tmp_path)


def records(jobs: list[Job], settings: Any, workers: int, **options: float) -> dict[str, ExamRecord]:
    found = [result for result in measured(jobs, settings, workers, **options) if result is not None]
    assert len(found) == len({job.label for job, _ in found})
    return {job.label: record for job, record in found}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_costs_its_exam_alone(workers: int, jobs: list[Job], tiny_model: Path) -> None:
    found = records(jobs, CrashingSettings(str(tiny_model), "E2_OD"), workers)
    assert sorted(found) == ["E1", "E2", "E3", "E4"]
    dead = found.pop("E2")
    assert [(eye.eye, eye.status, eye.word) for eye in dead.eyes] == [
        ("OD", "failed", "worker-died"),
        ("OS", "failed", "worker-died"),
    ]
    assert dead.files == {"graded": 0, "refused": 0, "failed": 2}
    assert "signal 9" in str(dead.eyes[0].message)
    assert [record.files["graded"] for record in found.values()] == [2, 2, 2]


@pytest.mark.slow
def test_the_last_exam_may_be_the_one_that_dies(jobs: list[Job], tiny_model: Path) -> None:
    found = records(jobs, CrashingSettings(str(tiny_model), "E4"), 2)
    assert [label for label, record in sorted(found.items()) if record.failed] == ["E4"]


@pytest.mark.slow
def test_an_exam_that_asks_for_too_much_memory_fails_alone(tmp_path: Path, tiny_model: Path) -> None:
    write_exams(tmp_path, 1)
    write_scan(tmp_path / "greedy_OD_1.png", 3)
    found = records(jobs_in(tmp_path), CrashingSettings(str(tiny_model)), 1)
    assert [(eye.status, eye.word) for eye in found.pop("greedy").eyes] == [("failed", "out-of-memory")]
    assert found["E1"].files["graded"] == 2


@pytest.mark.slow
def test_a_cap_of_the_analyzer_above_the_usual_bound_raises_it(tmp_path: Path, tiny_model: Path) -> None:
    write_scan(tmp_path / "greedy_OD_1.png", 3)
    limits = Limits(threads=1, max_memory_mb=8_000)
    found = records(jobs_in(tmp_path), CrashingSettings(str(tiny_model), limits=limits), 1)
    assert found["greedy"].files["graded"] == 1


@pytest.mark.slow
def test_workers_that_cannot_begin_end_the_run(jobs: list[Job]) -> None:
    with pytest.raises(ModelMissingError, match="gone"):
        records(jobs, CrashingSettings("", error="gone"), 2)
    with pytest.raises(InternalError) as ended:
        records(jobs, CrashingSettings("", while_loading=True), 1)
    assert (ended.value.word, "code 5" in ended.value.found) == ("worker-died", True)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_hangs_is_ended_and_costs_its_exam_alone(workers: int, jobs: list[Job], tiny_model: Path) -> None:
    found = records(jobs, CrashingSettings(str(tiny_model), hanging="E2_OD"), workers, exam_s=6.0)
    hung = found.pop("E2")
    assert [(eye.status, eye.word) for eye in hung.eyes] == [("failed", "worker-died")] * 2
    assert "took too long" in str(hung.eyes[0].message)
    assert {label: record.files["graded"] for label, record in found.items()} == {"E1": 2, "E3": 2, "E4": 2}
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_workers_that_never_become_ready_end_the_run(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "READY_S", 0.2)
    with pytest.raises(InternalError, match="took too long"):
        records(jobs, CrashingSettings("", hanging="while loading"), 1)
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_no_process_is_left_when_nobody_wants_more(jobs: list[Job], tiny_model: Path) -> None:
    with closing(measured(jobs, CrashingSettings(str(tiny_model)), 2)) as results:
        assert next(result for result in results if result is not None)[1].files["graded"] == 2
    assert multiprocessing.active_children() == []


def test_without_exams_no_process_is_started() -> None:
    assert list(measured([], CrashingSettings("", while_loading=True), 2)) == []
