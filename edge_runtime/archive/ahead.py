"""Do a task for item after item in threads, a few ahead of who takes the results, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(pool: Executor, task: Callable[[_Item], _Result], items: Iterable[_Item], ahead: int) -> Iterator[_Result]:
    """The result of each item in order, while at most `ahead` further ones are worked on; raises as the task does."""
    waiting: deque[Future[_Result]] = deque()
    for item in items:
        waiting.append(pool.submit(task, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
