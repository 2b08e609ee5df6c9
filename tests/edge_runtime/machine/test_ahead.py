"""Work that is done while the result before it is used."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import partial

import pytest

from edge_runtime.machine.ahead import done_ahead

WORD: ContextVar[str] = ContextVar("word", default="")


def test_results_come_in_order_and_errors_in_their_place() -> None:
    def work(number: int) -> int:
        if number == 1:
            raise ValueError("the second one")
        return number

    first, second, third = done_ahead([partial(work, number) for number in range(3)])
    assert first() == 0
    with pytest.raises(ValueError, match="the second one"):
        second()
    assert third() == 2
    assert list(done_ahead([])) == []


def test_the_first_is_begun_at_once_and_the_next_while_a_result_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]
    results = done_ahead([event.set for event in begun])
    assert begun[0].wait(10)
    next(results)
    assert begun[1].wait(10)
    assert not begun[2].is_set(), "no more than one waits for its turn"


def test_work_sees_the_context_of_the_caller() -> None:
    token = WORD.set("cancelled by this call")
    try:
        (seen,) = done_ahead([WORD.get])
        assert seen() == "cancelled by this call"
    finally:
        WORD.reset(token)


def test_where_no_thread_can_be_had_work_is_done_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    done: list[int] = []
    for number, result in enumerate(done_ahead([partial(done.append, number) for number in range(3)])):
        assert len(done) == number, "not before its turn"
        result()
    assert done == [0, 1, 2]
