"""What a process found is a result only of the files that were meant, whole and readable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.errors import InternalError
from edge_runtime.watch.flights import MOST_ATTEMPTS, Flights
from edge_runtime.watch.judging import Judged

from .steps import RULES, SETTLE_S, TIMEOUT_S, Steps

DIED = InternalError("worker-died", "It died.", "Look.")


class Flown:
    """An exam of one whole scan that is being judged."""

    def __init__(self, folder: Path, *, timed_out: bool = False) -> None:
        self.steps = Steps(folder / "in", folder / "out")
        self.steps.put_all("P1", *([1] if timed_out else [1, 2, 3, 4]))
        self.steps.look(100.0)
        self.steps.look(100.0 + TIMEOUT_S * timed_out + SETTLE_S)
        self.group = self.steps.group(100.0 + TIMEOUT_S * timed_out + SETTLE_S)
        self.flights = Flights(str(self.steps.root), self.steps.tracker, RULES)
        self.job = Job(self.group.planned(str(self.steps.root)), self.group.key)
        self.flight = self.flights.begin(self.group)

    def judged(self, **reasons: str) -> Judged:
        """A result in which the scan of a number was refused for a reason."""
        scans: list[dict[str, Any]] = []
        for file in self.group.files:
            reason = reasons.get("n" + os.path.splitext(file.path)[0][-1])
            scans.append(
                {
                    "source": file.path,
                    "sha256": None if reason else file.content.sha256,
                    "reasons": [reason] if reason else [],
                }
            )
        return Judged(ExamRecord([EyeRecord("OD", "graded", {"scans": scans})], {"graded": len(scans)}))

    def land(self, said: Any, now: float) -> bool:
        """Whether there is something to write."""
        return self.flights.land(self.job, said, now)[1] is not None


@pytest.fixture
def flown(tmp_path: Path) -> Iterator[Flown]:
    made = Flown(tmp_path)
    yield made
    made.steps.memory.close()


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Flown]:
    made = Flown(tmp_path, timed_out=True)
    yield made
    made.steps.memory.close()


def test_a_result_of_the_files_that_were_meant_is_delivered(flown: Flown) -> None:
    assert ("P1" in flown.flights, "P2" in flown.flights) == (True, False)
    flight, outcome = flown.flights.land(flown.job, flown.judged(), 110.0)
    assert (flight.group, outcome is not None) == (flown.group, True)
    assert len(flown.flights) == 1  # until it is on the disk
    flown.flights.end(flight)
    assert len(flown.flights) == 0


def test_a_result_of_a_file_that_was_replaced_meanwhile_is_none(flown: Flown) -> None:
    flown.steps.put("P1_OD_1.png", 50)
    assert not flown.land(flown.judged(), 110.0)
    assert "P1" in flown.flights
    flown.flights.wake(110.0 + SETTLE_S)
    assert "P1" not in flown.flights


def test_a_result_of_a_file_that_is_gone_is_none(flown: Flown) -> None:
    (flown.steps.root / "P1_OD_1.png").unlink()
    assert not flown.land(flown.judged(), 110.0)


def test_a_result_of_other_bytes_is_none(flown: Flown) -> None:
    judged = flown.judged()
    document = judged.record.eyes[0].document
    assert document is not None
    document["scans"][0]["sha256"] = "f" * 64
    assert not flown.land(judged, 110.0)


def test_a_file_that_could_not_be_unpacked_is_given_time(flown: Flown) -> None:
    """As one whose middle is still to come over a network."""
    assert not flown.land(flown.judged(n1="truncated-tiff"), 110.0)
    flown.flights.wake(110.0)
    assert flown.steps.due(110.0 + SETTLE_S) == []
    assert flown.steps.due(100.0 + TIMEOUT_S) == ["P1: 4"]


def test_when_its_time_is_out_it_is_judged_as_it_is(late: Flown) -> None:
    assert late.land(late.judged(n1="truncated-tiff"), 200.0)


def test_a_scan_that_is_refused_for_what_it_is_is_delivered(flown: Flown) -> None:
    assert flown.land(flown.judged(n1="colour-image"), 110.0)


@pytest.mark.parametrize("word", ["missing-file", "unreadable-file"])
def test_a_file_that_could_not_be_read_in_its_turn_is_tried_until_it_can(word: str, flown: Flown) -> None:
    for attempt in range(1, 9):
        assert not flown.land(flown.judged(n2=word), 1000.0 * attempt)
        flown.flights.wake(1000.0 * attempt + 900.0)
        assert "P1" not in flown.flights
        flown.flight = flown.flights.begin(flown.group)
    assert flown.land(flown.judged(), 10_000.0)


def test_with_once_it_is_left_for_another_run(flown: Flown) -> None:
    flown.flights = Flights(str(flown.steps.root), flown.steps.tracker, RULES, once=True)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        flown.flight = flown.flights.begin(flown.group)
        assert not flown.land(flown.judged(n2="missing-file"), 1000.0 * attempt)
        flown.flights.wake(1000.0 * attempt + 900.0)
    assert ("P1" in flown.flights, len(flown.flights)) == (True, 0)


def test_a_fault_that_may_pass_is_tried_again_and_then_delivered_as_it_is(flown: Flown) -> None:
    now = 110.0
    for attempt in range(1, MOST_ATTEMPTS):
        assert not flown.land(DIED, now)
        flown.flights.wake(now + 30.0 * attempt - 1)
        assert "P1" in flown.flights
        now += 30.0 * attempt
        flown.flights.wake(now)
        assert "P1" not in flown.flights
        flown.flight = flown.flights.begin(flown.group)
    flight, outcome = flown.flights.land(flown.job, DIED, now)
    assert outcome is not None
    assert {eye.word for eye in outcome.judged.record.eyes} == {"worker-died"}
    assert outcome.judged.record.files["failed"] == 4
    flown.flights.end(flight)


def test_an_eye_without_a_document_counts_by_the_names_of_its_scans(flown: Flown) -> None:
    eye = EyeRecord("OD", "refused", None, "truncated-png", "cut", ["P1_OD_1.png"])
    assert not flown.land(Judged(ExamRecord([eye], {"refused": 1})), 110.0)
