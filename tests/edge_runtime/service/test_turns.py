"""One scan at a time: the queue is bounded, in order, and rid of those who have gone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from edge_runtime.errors import (
    AuditError,
    EdgeCataractError,
    OutputError,
    RequestError,
    ResourceError,
    UsageError,
    WriteError,
)
from edge_runtime.service.answers import refusal
from edge_runtime.service.limits import ServiceLimits
from edge_runtime.service.tasks import Done, Kind, Progress, Task, Unknown
from edge_runtime.service.turns import Turns


class Worker:
    """Does what it is asked when it is let, and remembers."""

    model: ClassVar = {"sha256": "a" * 64}

    def __init__(self) -> None:
        self.done: list[str] = []
        self.busy = False
        self.let = threading.Event()
        self.let.set()

    def worker(self) -> Any:
        return self

    def let_go(self) -> None:
        self.done.append("let go")

    def do(self, task: Task, contents: Sequence[bytes], tell: Any) -> Done | Unknown:
        self.busy = True
        assert self.let.wait(20)
        self.busy = False
        self.done.append(f"{task.kind} {task.exam} {len(contents)}")
        if task.exam == "fault":
            raise ZeroDivisionError
        if task.kind is Kind.WORDS and not contents:
            return Unknown()
        tell(Progress(1, "reading"))
        return Done(task.exam)


def turns_of(worker: Worker, said: list[str] | None = None, kept: Any = None, waiting: int = 1) -> Turns:
    workshop: Any = worker
    return Turns(workshop, ServiceLimits(waiting=waiting), (said if said is not None else []).append, kept)


async def working(turns: Turns, *asked: Any) -> list[Any]:
    """What comes out of requests that are made together."""
    work = asyncio.ensure_future(turns.work())
    try:
        return await asyncio.gather(*asked, return_exceptions=True)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert turns.end(20)


def scan(name: str, **more: Any) -> Task:
    return Task(Kind.SCAN, (1,), exam=name, **more)


def test_who_comes_first_is_served_first() -> None:
    worker = Worker()

    async def run() -> list[Any]:
        turns = turns_of(worker)
        return await working(turns, *(turns.result(scan(name), [b""]) for name in "abc"))

    assert [done.text for done in asyncio.run(run())] == ["a", "b", "c"]
    assert worker.done == ["scan a 1", "scan b 1", "scan c 1"]


def test_places_are_counted_and_come_back() -> None:
    async def run() -> None:
        turns = turns_of(Worker())
        with turns.place(), turns.place():
            assert turns.taken == turns.places == 2
            with pytest.raises(RequestError) as full, turns.place():
                pass
            assert (full.value.word, full.value.status, full.value.retry_after_s) == ("queue-full", 429, 1)
        assert turns.taken == 0
        turns.stopping = True
        with pytest.raises(RequestError) as ending, turns.place():
            pass
        assert (ending.value.word, ending.value.status) == ("stopping", 503)
        assert turns.end(20)

    asyncio.run(run())


def test_who_has_gone_is_not_measured() -> None:
    worker = Worker()
    worker.let.clear()

    async def run() -> list[Any]:
        turns = turns_of(worker)
        first = asyncio.ensure_future(turns.result(scan("first"), [b""]))
        gone = asyncio.ensure_future(turns.result(scan("gone"), [b""]))
        last = asyncio.ensure_future(turns.result(scan("last"), [b""]))

        async def go() -> None:
            await asyncio.sleep(0.05)
            gone.cancel()
            worker.let.set()

        return await working(turns, first, last, go())

    asyncio.run(run())
    assert worker.done == ["scan first 1", "scan last 1"]


def test_a_fault_in_one_task_ends_no_queue() -> None:
    said: list[str] = []

    async def run() -> list[Any]:
        turns = turns_of(Worker(), said)
        return await working(turns, turns.result(scan("fault"), [b""]), turns.result(scan("fine"), [b""]))

    fault, fine = asyncio.run(run())
    assert (fault.word, fine.text, said) == ("internal", "fine", ["error[internal]: ZeroDivisionError."])


def test_an_answer_that_cannot_be_recorded_is_not_given() -> None:
    def kept(text: str) -> None:
        raise WriteError("write-failed", "The disk is full.", "Make room.")

    async def run() -> list[Any]:
        turns = turns_of(Worker(), kept=kept)
        return await working(turns, turns.result(scan("a"), [b""]))

    (error,) = asyncio.run(run())
    assert error.word == "write-failed"


def test_readiness_tells_that_nothing_can_be_recorded_until_it_can() -> None:
    said: list[str] = []
    full = [True, True, False]
    notices: list[str | None] = []

    def kept(_: str) -> None:
        if full.pop(0):
            raise WriteError("write-failed", "The disk is full.", "Make room.")

    async def run() -> None:
        turns = turns_of(Worker(), said, kept=kept)

        async def one_by_one() -> None:
            for name in ("a", "b", "c"):
                with suppress(WriteError):
                    await turns.result(scan(name), [b""])
                notices.append(turns.notice)

        await working(turns, one_by_one())

    asyncio.run(run())
    told = "No answer is given, as none can be recorded: error[write-failed]."
    assert (notices, said) == ([told, told, None], [told])


def test_a_record_that_refuses_an_answer_is_no_fault_of_whoever_asks() -> None:
    def kept(_: str) -> None:
        raise UsageError("audit-key", "The audit was begun without a key.", "Name another file.")

    async def ask() -> list[Any]:
        turns = turns_of(Worker(), kept=kept)
        return await working(turns, turns.result(scan("one"), [b"1"]))

    (error,) = asyncio.run(ask())
    answer = refusal(error)
    assert (answer.status_code, json.loads(bytes(answer.body))["error"]["code"]) == (503, "audit-key")


@pytest.mark.parametrize("error", [ResourceError, OutputError, AuditError, WriteError])
def test_whatever_the_record_refuses_is_answered_as_unavailable(error: type[EdgeCataractError]) -> None:
    def kept(_: str) -> None:
        raise error("audit-in-use", "Another process holds the audit.", "End it.")

    async def ask() -> tuple[Any, str | None]:
        turns = turns_of(Worker(), kept=kept)
        return (await working(turns, turns.result(scan("one"), [b"1"])))[0], turns.notice

    refused, notice = asyncio.run(ask())
    assert (refusal(refused).status_code, refused.word) == (503, "audit-in-use")
    assert notice == "No answer is given, as none can be recorded: error[audit-in-use]."


def test_while_no_worker_can_begin_every_task_hears_why_at_once() -> None:
    class Gone(Worker):
        def worker(self) -> Any:
            raise RequestError("damaged-model", "It is damaged.", "Install it again.", status=503)

    async def ask() -> list[Any]:
        turns = turns_of(Gone())
        return await asyncio.wait_for(working(turns, *(turns.result(scan(str(one)), [b""]) for one in range(100))), 10)

    assert {error.word for error in asyncio.run(ask())} == {"damaged-model"}


def test_the_end_waits_no_longer_than_it_may_for_a_record() -> None:
    release = threading.Event()

    def kept(_: str) -> None:
        release.wait(60)

    async def run() -> None:
        turns = turns_of(Worker(), kept=kept)
        work = asyncio.ensure_future(turns.work())
        asked = asyncio.ensure_future(turns.result(scan("one"), [b"1"]))
        await asyncio.sleep(0.1)
        work.cancel()
        assert not turns.end(0.1)
        asked.cancel()

    try:
        asyncio.run(run())
    finally:
        release.set()


def test_scans_are_sent_again_for_words_only_when_they_are_needed() -> None:
    worker = Worker()
    told: list[Progress] = []

    async def run() -> list[Any]:
        turns = turns_of(worker, kept=lambda text: told.append(text))  # type: ignore[arg-type]
        return await working(turns, turns.result(Task(Kind.WORDS, (1,), exam="a"), [b"1"], told.append))

    assert asyncio.run(run())[0].text == "a"
    assert worker.done == ["words a 0", "words a 1"]
    assert told == [Progress(1, "reading")]  # and words are no answer that is recorded


def test_words_by_another_model_than_that_of_the_document_are_refused() -> None:
    async def run() -> list[Any]:
        turns = turns_of(Worker())
        own, other = (Task(Kind.WORDS, (1,), exam="a", model=letter * 64) for letter in "ab")
        return await working(turns, turns.result(own, [b""]), turns.result(other, [b""]))

    own, other = asyncio.run(run())
    assert (own.text, other.word, other.status) == ("a", "no-result", 409)
