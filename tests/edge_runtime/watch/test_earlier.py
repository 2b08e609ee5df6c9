"""A scan that comes late is judged with the others of its exam, also when those were moved away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.watch.judging import Judged
from edge_runtime.watch.memory import Memory

from .steps import scan
from .test_run import LONGEST_S, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.memory.close()


class Exam:
    """One exam that comes in several turns; each turn is a run of its own, as from cron."""

    def __init__(self, stage: Stage, *, moves: bool) -> None:
        self.stage = stage
        self.done = Path(stage.what.root).parent / "done"
        self._options: dict[str, Any] = {"once": True, "move_to": str(self.done) if moves else None}

    def come(self, **numbers: int) -> list[Any]:
        """Put scans there, run, and return the results that were made."""
        for name, number in numbers.items():
            (Path(self.stage.what.root) / f"{name}.png").write_bytes(scan(number))
        before = len(self.stage.summaries)
        watcher, began = self.stage.watcher(**self._options), time.monotonic()
        while not watcher.is_over():
            watcher.step()
            assert time.monotonic() - began < LONGEST_S
        watcher.finish()
        self.stage.memory.close()
        self.stage.memory = Memory(self.stage.what.output)
        return self.stage.summaries[before:]


def sources(summary: Any, part: str = "files") -> list[str]:
    return [file["source"].removesuffix(".png") for file in summary[part]]


def test_a_visit_of_another_day_is_an_exam_of_its_own(stage: Stage) -> None:
    exam = Exam(stage, moves=True)
    day_s = 24 * 60 * 60
    long_ago = time.time() - day_s - 60
    for name, number in {"P1_OS_1": 1, "P1_OS_2": 2}.items():
        (Path(stage.what.root) / f"{name}.png").write_bytes(scan(number))
        os.utime(Path(stage.what.root) / f"{name}.png", (long_ago, long_ago))
    (first,) = exam.come()
    (second,) = exam.come(P1_OS_20260101=3)
    assert (sources(first), sources(second)) == (["P1_OS_1", "P1_OS_2"], ["P1_OS_20260101"])
    assert (second["previous"], second["left_out"]) == (first["result"], [])


@pytest.mark.parametrize("moves", [False, True])
def test_a_late_scan_makes_a_result_of_the_whole_exam(moves: bool, stage: Stage) -> None:
    exam = Exam(stage, moves=moves)
    (first,) = exam.come(P1_OS_1=1, P1_OS_2=2)
    (second,) = exam.come(P1_OS_3=3)
    (third,) = exam.come(P1_OD_4=4, P1_OS_2=5)  # one scan more, and another content under a known name
    assert (sources(first), sources(second)) == (["P1_OS_1", "P1_OS_2"], ["P1_OS_1", "P1_OS_2", "P1_OS_3"])
    assert sources(third) == ["P1_OD_4", "P1_OS_1", "P1_OS_2", "P1_OS_3"]
    assert third["files"][2]["sha256"] != second["files"][1]["sha256"]
    assert (second["previous"], third["previous"]) == (first["result"], second["result"])
    assert [one["left_out"] for one in (first, second, third)] == [[], [], []]
    paths = [path for scan in stage.pool.jobs[1].exam.scans for path in [Path(scan.path)]]
    assert {path.parent == exam.done / first["result"] for path in paths[:2]} == {moves}
    assert exam.come() == []  # what was moved is judged no further time
    assert len(list(exam.done.glob("*/*.png"))) == (5 if moves else 0)


def test_the_same_exam_has_the_same_key_wherever_its_files_lie(tmp_path: Path) -> None:
    keys = []
    for moves in (False, True):
        (tmp_path / str(moves)).mkdir()
        exam = Exam(Stage(tmp_path / str(moves)), moves=moves)
        exam.come(P1_OS_1=1)
        keys.append(exam.come(P1_OS_2=2)[0]["key"])
        exam.stage.memory.close()
    assert keys[0] == keys[1]


@pytest.mark.parametrize("other", [b"", scan(9), None])
def test_a_moved_file_that_is_not_as_it_was_judged_is_left_out_and_listed(other: bytes | None, stage: Stage) -> None:
    exam = Exam(stage, moves=True)
    (first,) = exam.come(P1_OS_1=1, P1_OS_2=2)
    moved = exam.done / first["result"] / "P1_OS_1.png"
    if other is None:
        moved.unlink()
    else:
        moved.write_bytes(other)
    (second,) = exam.come(P1_OS_3=3)
    assert (sources(second), sources(second, "left_out")) == (["P1_OS_2", "P1_OS_3"], ["P1_OS_1"])
    assert second["left_out"][0]["sha256"] == first["files"][0]["sha256"]


def test_files_that_were_taken_away_are_listed_without_a_folder_of_moved_ones_too(stage: Stage) -> None:
    exam = Exam(stage, moves=False)
    exam.come(P1_OS_1=1, P1_OS_2=2)
    os.unlink(os.path.join(stage.what.root, "P1_OS_1.png"))
    (second,) = exam.come(P1_OS_3=3)
    assert (sources(second), sources(second, "left_out")) == (["P1_OS_2", "P1_OS_3"], ["P1_OS_1"])


def test_a_scan_that_comes_again_under_another_name_counts_once(stage: Stage) -> None:
    exam = Exam(stage, moves=True)
    exam.come(P1_OS_1=1, P1_OS_2=2)
    (second,) = exam.come(P1_OS_7=1)
    assert (sources(second), sources(second, "left_out")) == (["P1_OS_2", "P1_OS_7"], [])


def test_a_result_that_a_kill_left_without_its_record_is_found_again(stage: Stage) -> None:
    """Its key is that of the whole exam, so nothing is judged twice."""
    exam = Exam(stage, moves=True)
    exam.come(P1_OS_1=1)
    exam.come(P1_OS_2=2)
    ledger = Path(stage.what.output) / "watch.ledger"
    stage.memory.close()
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    stage.memory = Memory(stage.what.output)
    late = next(exam.done.glob("*/P1_OS_2.png"))
    late.rename(Path(stage.what.root) / late.name)
    judged = len(stage.pool.jobs)
    assert sources(exam.come()[0]) == ["P1_OS_1", "P1_OS_2"]
    assert len(stage.pool.jobs) == judged


def test_files_of_an_exam_that_is_judged_again_by_the_next_run_stay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stage.pool.add

    def failing(job: Job) -> None:
        real(job)
        eye = EyeRecord("OS", "failed", None, "worker-died", "It died.", [])
        stage.pool.found[-1] = (job, Judged(ExamRecord([eye], {"failed": 1})))

    exam = Exam(stage, moves=True)
    with monkeypatch.context() as patch:
        patch.setattr(stage.pool, "add", failing)
        patch.setattr("edge_runtime.watch.flights.MOST_ATTEMPTS", 1)
        exam.come(P1_OS_1=1)
    assert [path.name for path in Path(stage.what.root).iterdir()] == ["P1_OS_1.png"]
    (second,) = exam.come()
    assert second["graded"] == 2
    assert list(Path(stage.what.root).iterdir()) == []
