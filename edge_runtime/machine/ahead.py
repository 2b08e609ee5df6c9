"""Do the next piece of work while the result of the last one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from .task import Task

Value = TypeVar("Value")


def done_ahead(works: Iterable[Callable[[], Value]]) -> Iterator[Callable[[], Value]]:
    """Begin the first piece of work, and yield what gives each result in turn, or raises its error.

    While a result is used, a thread does the next piece of work. The pieces are done one after the other, in their
    order, each in the caller's context: no more than one result waits for its turn.

    Parameters
    ----------
    works
        Each takes nothing.
    """
    coming = iter(works)
    return _in_turn(_begun(coming), coming)


def _in_turn(task: Task[Value] | None, coming: Iterator[Callable[[], Value]]) -> Iterator[Callable[[], Value]]:
    while task is not None:
        task.wait()
        following = _begun(coming)
        yield task.result
        task = following


def _begun(coming: Iterator[Callable[[], Value]]) -> Task[Value] | None:
    work = next(coming, None)
    return None if work is None else Task(partial(copy_context().run, work))
