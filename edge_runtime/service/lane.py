"""A thread of the service for calls that wait: the service can end without it, where a call never returns."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class Lane:
    """One thread, in which calls are made one after the other.

    Those of the standard library are waited for when the program ends, however long that takes, and what comes out of
    their calls stays until Python looks for what only refers to itself: here nothing of a patient does.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., Value], *arguments: Any) -> asyncio.Future[Value]:
        """Have a call made in its turn; the future is of the running loop, and raises what the call does."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Value] = loop.create_future()
        self._calls.put(partial(_carry_out, loop, answer, function, arguments))
        return answer

    def end(self, seconds: float) -> bool:
        """Take no more calls, and wait so long for those that were asked for; whether all have returned."""
        self._calls.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # or it would keep the scans of the last one until the next one comes


def _carry_out(
    loop: asyncio.AbstractEventLoop,
    answer: asyncio.Future[Value],
    function: Callable[..., Value],
    arguments: tuple[Any, ...],
) -> None:
    if answer.done():  # nobody waits for it
        return
    try:
        settle = partial(_settle, answer, function(*arguments), None)
    except BaseException as error:  # noqa: BLE001 - who waits for it hears it
        settle = partial(_settle, answer, None, error)
    try:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle)
    finally:
        del settle, answer  # which hold an error, whose traceback holds this frame


def _settle(answer: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)
