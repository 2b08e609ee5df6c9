"""What is forgotten of an exam while it waits or is in work: all of it, and its place only when the worker is done."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from edge_runtime.errors import EdgeCataractError, RequestError, ScanError
from edge_runtime.scan import Laterality
from edge_runtime.service.exams import HeldExam, HeldExams
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.service.tasks import Done, Kind, Task
from edge_runtime.service.turns import Turns

from .test_turns import Worker, scan, turns_of, working

PATIENCE_S = 20


def held_of(turns: Turns, **limits: Any) -> HeldExams:
    return HeldExams(ServiceLimits(**limits), turns.forget, lambda: turns.abandoned_bytes)


def exam_in_work(turns: Turns, held: HeldExams, content: bytes = b"scan") -> HeldExam:
    """An exam that was asked for, as requests do it."""
    exam = held.open(Laterality.OD, None)
    exam.scans[1] = content
    task = Task(Kind.EXAM, (1,), exam=exam.key)

    async def measured() -> None:
        with turns.place():
            await turns.result(task, [exam.scans[1]])

    exam.work = asyncio.ensure_future(measured())
    return exam


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - threads change it
            await asyncio.sleep(0.01)


def test_a_deleted_exam_keeps_its_place_and_its_room_until_the_worker_is_done() -> None:
    worker = Worker()

    async def run() -> None:
        turns = turns_of(worker, waiting=1)
        held = held_of(turns, held_mb=1)

        async def use() -> None:
            worker.let.clear()
            exam = exam_in_work(turns, held, bytes(600_000))
            await until(lambda: worker.busy)
            held.forget(exam)
            await asyncio.gather(*filter(None, [exam.work]), return_exceptions=True)
            assert (turns.taken, turns.abandoned_bytes) == (1, 600_000)
            with pytest.raises(RequestError, match="no-room"):
                held.room(400_001)
            with turns.place(), pytest.raises(RequestError, match="queue-full"), turns.place():
                pass
            worker.let.set()
            await until(lambda: turns.taken == 0)
            assert turns.abandoned_bytes == 0

        await working(turns, use())

    asyncio.run(run())
    assert [one.partition(" ")[0] for one in worker.done] == ["exam", "let"]


def test_exams_that_are_begun_and_deleted_while_the_worker_is_busy_leave_one_thing_to_do() -> None:
    worker = Worker()

    async def run() -> None:
        turns = turns_of(worker, waiting=1000)
        held = held_of(turns)

        async def use() -> None:
            worker.let.clear()
            first = asyncio.ensure_future(turns.result(scan("first"), [b""]))
            await until(lambda: worker.busy)
            for _ in range(1000):
                held.forget(exam_in_work(turns, held))
                held.forget(held.open(Laterality.OS, None))
                await asyncio.sleep(0)
            last = asyncio.ensure_future(turns.result(scan("last"), [b""]))
            await asyncio.sleep(0)
            assert len(turns._waiting) <= 2
            worker.let.set()
            await asyncio.gather(first, last)

        assert await working(turns, use()) == [None]

    asyncio.run(run())
    assert worker.done == ["scan first 1", "let go", "scan last 1"]


def test_an_exam_that_was_never_measured_costs_the_worker_nothing() -> None:
    worker = Worker()

    async def run() -> None:
        turns = turns_of(worker)
        held = held_of(turns)
        held.forget(held.open(Laterality.OS, None))
        await working(turns, turns.result(scan("a"), [b""]))

    asyncio.run(run())
    assert worker.done == ["scan a 1"]


@pytest.mark.parametrize("begun", [True, False])
def test_words_of_an_exam_that_is_deleted_meanwhile_are_not_made(begun: bool) -> None:
    """They would bring the eye back into the worker."""
    worker = Worker()

    async def run() -> None:
        turns = turns_of(worker, waiting=5)
        held = held_of(turns)

        async def use() -> None:
            exam = exam_in_work(turns, held)
            await asyncio.gather(*filter(None, [exam.work]))
            worker.let.clear()
            if not begun:
                other = asyncio.ensure_future(turns.result(scan("other"), [b""]))
            words = asyncio.ensure_future(turns.result(Task(Kind.WORDS, (1,), exam=exam.key), [b"scan"]))
            await until(lambda: worker.busy)
            held.forget(exam)
            with pytest.raises(RequestError, match="unknown-exam"):
                await words
            worker.let.set()
            if not begun:
                await other
            await until(lambda: worker.done[-1] == "let go")

        assert await working(turns, use()) == [None]

    asyncio.run(run())
    assert [one.partition(" ")[0] for one in worker.done] == ["exam", *(["words"] * 2 if begun else ["scan"]), "let"]


class Scans(list[bytes]):
    """A list to which a reference may be weak."""


class Pictures(dict[str, bytes]):
    """Pictures to which a reference may be weak."""


class Drawing(Worker):
    """Gives pictures, of which it notes where they were, and refuses scans that say so."""

    def __init__(self, looks: list[Any]) -> None:
        super().__init__()
        self.looks = looks

    def do(self, task: Task, contents: Any, tell: Any) -> Any:
        if task.exam == "refused":
            raise ScanError("damaged-png", "It is damaged.", "Export it again.")
        super().do(task, contents, tell)
        pictures = Pictures({"scans/1": b"png"})
        self.looks.append(weakref.ref(pictures))
        return Done(pictures=pictures)


@pytest.mark.parametrize("name", ["measured", "refused", "fault"])
def test_nothing_holds_scans_and_pictures_of_a_turn_that_is_over(name: str) -> None:
    """Not even until Python looks for what only refers to itself: an idle service may not do so for hours."""
    looks: list[Any] = []

    async def run() -> None:
        turns = turns_of(Drawing(looks))

        async def asked() -> str:
            scans = Scans([b"scan"])
            looks.append(weakref.ref(scans))
            work = turns.result(scan(name), scans)
            del scans
            try:
                done = await work
            except EdgeCataractError as error:
                return error.word
            return "".join(done.pictures)

        words = {"measured": "scans/1", "refused": "damaged-png", "fault": "internal"}

        async def use() -> None:
            assert await asked() == words[name]
            await until(lambda: all(look() is None for look in looks))

        assert await working(turns, use()) == [None]

    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
