"""A result that cannot be written keeps no other from it; a disk that takes none stops all."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.batch.plan import Job
from edge_runtime.errors import OutputError, UsageError
from edge_runtime.watch import delivering
from edge_runtime.watch import results as results_module

from .test_run import LONGEST_S, RULES, Audit, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.memory.close()


def put(stage: Stage, *exams: str) -> None:
    stage.put(*(f"{exam}_{eye}_1.png" for exam in exams for eye in ("OD", "OS")))


def block(stage: Stage, *exams: str) -> dict[str, Path]:
    """Have a plain file with the name of each of these exams' results, as soon as they are judged."""
    real, made = stage.pool.add, dict[str, Path]()

    def add(job: Job) -> None:
        if job.exam.label in exams:
            place = Path(stage.what.output) / f"{job.exam.label}-{job.fingerprint[:12]}"
            place.write_bytes(b"of somebody else")
            made[job.exam.label] = place
        real(job)

    stage.pool.add = add  # type: ignore[method-assign]
    return made


def go_on(watcher: Any) -> None:
    """For so long that all would have been judged twice."""
    until = time.monotonic() + 5 * (RULES.settle_s + RULES.timeout_s)
    while time.monotonic() < until:
        watcher.step()


def slowly(watcher: Any) -> None:
    """So that what could not be written is tried again at each step."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        time.sleep(2 * RULES.poll_s)
        watcher.step()


def exams(stage: Stage) -> list[str]:
    return [summary["exam"] for summary in stage.summaries]


def test_a_result_that_can_never_be_written_stands_behind_the_others(stage: Stage) -> None:
    put(stage, "P1", "P2", "P3")
    blocked = block(stage, "P1")
    watcher = stage.watcher()
    stage.until(watcher, 2)
    put(stage, "P4")
    stage.until(watcher, 3)
    assert exams(stage) == ["P2", "P3", "P4"]
    about = f"exam {blocked['P1'].name[-12:]}"
    assert stage.said == [f"{about}: output-folder"]
    assert blocked["P1"].read_bytes() == b"of somebody else"
    blocked["P1"].unlink()
    stage.until(watcher, 4)
    assert (exams(stage)[-1], len(stage.pool.jobs)) == ("P1", 4)
    assert stage.said == [f"{about}: output-folder", f"{about}: works"]


def test_with_once_all_others_are_written_before_it_ends_with_the_error(stage: Stage) -> None:
    put(stage, "P1", "P2")
    blocked = block(stage, "P1")
    watcher, began = stage.watcher(once=True), time.monotonic()
    while not watcher.is_over():
        watcher.step()
        assert time.monotonic() - began < LONGEST_S
    assert exams(stage) == ["P2"]
    with pytest.raises(OutputError, match=blocked["P1"].name[-12:]) as caught:
        watcher.finish()
    assert "File exists" in caught.value.found


@pytest.mark.parametrize("once", [False, True])
def test_no_more_results_are_held_than_memory_takes(once: bool, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "MOST_ASIDE", 2)
    put(stage, "P1", "P2", "P3", "P4")
    blocked = block(stage, "P1", "P2")
    watcher = stage.watcher(once=once)
    if once:
        with pytest.raises(OutputError):
            stage.until(watcher, 3)
        return
    go_on(watcher)
    assert (exams(stage), len(stage.pool.jobs)) == ([], 2)
    for place in blocked.values():
        place.unlink()
    stage.until(watcher, 4)
    assert sorted(exams(stage)) == ["P1", "P2", "P3", "P4"]


def test_with_once_the_exam_that_ends_it_is_not_reported_among_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was tried before, and had an error then."""
    monkeypatch.setattr(delivering, "MOST_ASIDE", 2)
    put(stage, "P1")
    blocked = block(stage, "P1", "P2")
    watcher, began = stage.watcher(once=True), time.monotonic()
    while watcher._deliveries.aside == 0:
        watcher.step()
        assert time.monotonic() - began < LONGEST_S
    put(stage, "P2")
    with pytest.raises(OutputError, match=blocked["P1"].name[-12:]) as caught:
        slowly(watcher)
    watcher.troubles.tell_others(caught.value)
    assert stage.said == [f"exam {blocked['P2'].name[-12:]}: output-folder"]


def test_where_no_result_can_be_put_at_all_none_is_set_aside(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a folder without permission the system says the same as of one result."""
    put(stage, "P1", "P2")
    refusing = True
    real = results_module.make_folder

    def refused(folder: str) -> None:
        if refusing:
            raise PermissionError(errno.EACCES, "")
        real(folder)

    monkeypatch.setattr(results_module, "make_folder", refused)
    monkeypatch.setattr(results_module.Results, "take_others", lambda _: False)
    watcher = stage.watcher()
    go_on(watcher)
    assert stage.said == ["output: output-folder"]
    refusing = False
    stage.until(watcher, 2)
    assert (stage.said, exams(stage)) == (["output: output-folder", "output: works"], ["P1", "P2"])


def test_a_fault_of_the_program_in_one_result_costs_that_one_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stage, "P1", "P2")
    real = results_module.to_json

    def faulty(document: Any, indent: int | None = None) -> str:
        if document["exam"] == "P1":
            raise ZeroDivisionError
        return real(document, indent=indent)

    monkeypatch.setattr(results_module, "to_json", faulty)
    stage.until(stage.watcher(), 1)
    assert exams(stage) == ["P2"]
    assert [said.partition(": ")[2] for said in stage.said] == ["internal"]


def test_a_record_of_answers_that_takes_none_is_waited_for_whatever_is_wrong_with_it(stage: Stage) -> None:
    """As when somebody has put another in its place, which has another key."""
    put(stage, "P1")
    audit, refusals = Audit(), iter(range(5))

    def append(document: Any) -> None:
        if next(refusals, None) is not None:
            raise UsageError("audit-key", "The audit was begun with another key.", "Name another file.")
        audit.append(document)

    stage.until(stage.watcher(audit=append), 1)
    assert (len(audit.lines), stage.said) == (2, ["output: audit-key", "output: works"])


@pytest.mark.parametrize("left", [False, True])
def test_whether_others_can_be_put_there_is_tried_and_nothing_is_left(left: bool, tmp_path: Path) -> None:
    results = results_module.Results(str(tmp_path))
    if left:
        (tmp_path / ".edge-cataract-tried").mkdir()  # by a kill
    assert results.take_others()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    assert not results_module.Results(str(tmp_path / "file")).take_others()
