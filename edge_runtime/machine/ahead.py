"""Do the next piece of work while the result of the last one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from typing import TypeAlias, TypeVar

from .task import Task

Value = TypeVar("Value")
_Turn: TypeAlias = Task[Value] | Callable[[], Value] | None


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


def _in_turn(begun: _Turn[Value], coming: Iterator[Callable[[], Value]]) -> Iterator[Callable[[], Value]]:
    while begun is not None:
        if isinstance(begun, Task):
            begun.wait()
        following = _begun(coming)
        yield begun.result if isinstance(begun, Task) else begun
        begun = following


def _begun(coming: Iterator[Callable[[], Value]]) -> _Turn[Value]:
    """The next piece of work in a thread, or the work itself where no thread can be had: it is done in its turn."""
    work = next(coming, None)
    if work is None:
        return None
    try:
        return Task(partial(copy_context().run, work))
    except RuntimeError:
        return work
