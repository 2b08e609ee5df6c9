"""Exams in memory: bounded, and forgotten with everything that is held of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge_runtime.errors import RequestError, UsageError
from edge_runtime.scan import Laterality
from edge_runtime.service import exam_requests
from edge_runtime.service.exams import Event, HeldExam, HeldExams, State
from edge_runtime.service.limits import ServiceLimits


def test_an_exam_is_found_by_a_word_that_nobody_guesses() -> None:
    held = HeldExams(ServiceLimits())
    ids = {held.open(Laterality.OD, None).id for _ in range(8)}
    assert len(ids) == 8
    assert all(len(one) == 32 for one in ids)
    with pytest.raises(RequestError, match="unknown-exam"):
        held.find("0" * 32)


def test_what_is_forgotten_holds_nothing() -> None:
    async def run() -> None:
        held = HeldExams(ServiceLimits())
        exam = held.open(Laterality.OS, 70)
        exam.scans[1], exam.pictures, exam.document = b"scan", {"scans/1": b"png"}, {"eye": {}}
        exam.work = asyncio.ensure_future(asyncio.sleep(60))
        held.forget(exam)
        assert (exam.scans, exam.pictures, exam.document, exam.held_bytes, len(held)) == ({}, {}, None, 0, 0)
        await asyncio.gather(exam.work, return_exceptions=True)
        assert exam.work.cancelled()

    asyncio.run(run())


def test_an_exam_in_work_is_not_forgotten_for_lack_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[HeldExam] = []
    held = HeldExams(ServiceLimits(forget_after_s=10), forgotten.append)
    idle, busy = held.open(Laterality.OD, None), held.open(Laterality.OD, None)
    busy.state = State.WORKING
    monkeypatch.setattr("edge_runtime.service.exams.monotonic", lambda: idle.used + 11)
    held.forget_unused()
    assert forgotten == [idle]
    assert held.find(busy.id) is busy


FORGETTING: dict[str, Callable[[HeldExams, HeldExam], object]] = {
    "deleted": lambda held, exam: held.forget(exam),
    "swept": lambda held, _: held.forget_unused(),
    "found another": lambda held, _: held.find("0" * 32),
    "opened another": lambda held, _: held.open(Laterality.OD, None),
}


@pytest.mark.parametrize("how", FORGETTING)
def test_whatever_forgets_an_exam_it_is_heard(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[HeldExam] = []
    held = HeldExams(ServiceLimits(forget_after_s=10), forgotten.append)
    exam = held.open(Laterality.OD, None)
    monkeypatch.setattr("edge_runtime.service.exams.monotonic", lambda: exam.used + 11)
    with suppress(RequestError):
        FORGETTING[how](held, exam)
    assert forgotten == [exam]


def test_bytes_are_counted_while_they_come_and_while_they_are_held() -> None:
    held = HeldExams(ServiceLimits(held_mb=1))
    exam = held.open(Laterality.OD, None)
    with held.room(600_000):
        with pytest.raises(RequestError, match="no-room"):
            held.room(400_001)
        with held.room(400_000):
            pass
    exam.scans[1] = bytes(700_000)
    with pytest.raises(RequestError, match="no-room"):
        held.room(300_001)


def test_what_never_fits_is_told_from_what_fits_later() -> None:
    held = HeldExams(ServiceLimits(held_mb=1))
    large, small = held.open(Laterality.OD, None), held.open(Laterality.OS, None)
    large.scans[1] = bytes(700_000)
    with held.room(300_000, large), pytest.raises(RequestError) as later:
        held.room(1, large)
    assert (later.value.word, later.value.status, later.value.retry_after_s) == ("no-room", 429, 5)
    with pytest.raises(RequestError) as never:
        held.room(300_001, large)
    assert (never.value.word, never.value.status, never.value.retry_after_s) == ("exam-too-large", 413, None)
    with pytest.raises(RequestError, match="no-room"):
        held.room(300_001, small)


def test_what_makes_room_for_a_scan_does_not_make_its_exam_too_large() -> None:
    held = HeldExams(ServiceLimits(held_mb=1))
    exam = held.open(Laterality.OD, None)
    exam.scans[1], exam.scans[2], exam.pictures = bytes(300_000), bytes(300_000), {"scans/1": bytes(200_000)}
    for size, replaced in ((700_000, 1), (400_000, 0)):
        with pytest.raises(RequestError) as later:  # until the result or another exam has gone
            held.room(size, exam, replaced)
        assert (later.value.word, later.value.status) == ("no-room", 429)
        with pytest.raises(RequestError, match="exam-too-large"):
            held.room(size + 1, exam, replaced)
    with held.room(200_000, exam, 1), pytest.raises(RequestError, match="no-room"):
        held.room(1, exam, 1)
    exam.pictures = {}
    with held.room(400_000, exam, 1):
        pass


def test_what_is_still_in_work_of_a_forgotten_exam_counts() -> None:
    abandoned = [600_000]
    held = HeldExams(ServiceLimits(held_mb=1), abandoned=lambda: abandoned[0])
    with pytest.raises(RequestError, match="no-room"):
        held.room(400_001)
    abandoned[0] = 0
    with held.room(400_001):
        pass


def test_who_listens_hears_of_every_change() -> None:
    async def run() -> list[str]:
        exam = HeldExams(ServiceLimits()).open(Laterality.OD, None)
        heard: list[str] = []

        async def listen() -> None:
            while len(heard) < 3:
                await exam.changed(exam.changes, 20)
                heard.append(exam.events[-1].name if exam.events else "reset")

        listening = asyncio.ensure_future(listen())
        for step in (lambda: exam.tell("progress", {}), exam.reset, lambda: exam.tell("done", {})):
            await asyncio.sleep(0.01)
            step()
        await listening
        await exam.changed(exam.changes, 0.01)  # nothing more
        return heard

    assert asyncio.run(run()) == ["progress", "reset", "done"]


@pytest.mark.parametrize("ends", ["done", "forgotten"])
def test_what_is_told_while_a_client_takes_an_event_comes_at_once(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exam_requests, "_HEARTBEAT_S", 600.0)

    async def run() -> list[bytes]:
        held = HeldExams(ServiceLimits())
        exam = held.open(Laterality.OD, None)
        exam.state = State.WORKING
        exam.tell("progress", {"scan": 1, "state": "reading"})
        followed = exam_requests.ExamRequests(cast("Any", SimpleNamespace(stopping=False)), held)._told(exam)
        parts = [await anext(followed), await anext(followed)]  # it waits here for the client
        if ends == "done":
            exam.tell("done", {})
        else:
            held.forget(exam)
        return [*parts, *[part async for part in followed]]

    found = asyncio.run(asyncio.wait_for(run(), 30))
    assert [part.split(b"\n")[0] for part in found] == [
        b": edge-cataract",
        b"event: progress",
        *([b"event: done"] if ends == "done" else []),
    ]


def test_events_are_written_in_one_line_each() -> None:
    assert Event("progress", {"scan": 1, "state": "a\nb"}).encoded() == (
        b'event: progress\ndata: {"scan": 1, "state": "a\\nb"}\n\n'
    )


@pytest.mark.parametrize(
    ("wrong", "given", "bounds"),
    [
        ({"waiting": -1}, "--queue -1", "0 to 1000,"),
        ({"exams": 0}, "--exams 0", "1 to 1000,"),
        ({"held_mb": 0}, "--held-mb 0", "1 to 1000000 MB,"),
        ({"forget_after_s": -60.0}, "--forget-after -1", "0.0167 to 1440 minutes,"),
        ({"forget_after_s": 0.5}, "--forget-after 0.008333333333", "0.0167 to 1440 minutes,"),
        ({"worker_mb": 1_000_001}, "--max-memory 1000001", "200 to 1000000 MB,"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_their_options(
    wrong: dict[str, float], given: str, bounds: str
) -> None:
    with pytest.raises(UsageError) as refused:
        ServiceLimits(**wrong)  # type: ignore[arg-type]
    assert (refused.value.found, bounds in refused.value.remedy) == (f"{given} was given.", True)
