"""What a worker does from its start to its end: begin once, then answer job after job."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError
from edge_runtime.machine.core_dumps import leave_no_core
from edge_runtime.machine.faults import forget_pixels, known_error
from edge_runtime.machine.memory import give_back_freed
from edge_runtime.program_signals import INTERRUPTED

from .bounds import bound_memory
from .orphans import end_with_parent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Do = Callable[[Any, Sequence[bytes], Callable[[Any], None]], Any]


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker that has begun.

    Attributes
    ----------
    do
        Carries out a job: it is given the job, the bytes that came beside it, and what hears how far the job is.
    greeting
        What is said of the worker when it is ready.
    """

    do: Do
    greeting: Any = None


Begin = Callable[[], AbstractContextManager[Begun]]  # of a module, for the other process finds it by its name


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker says that it has begun."""

    greeting: Any


@dataclass(frozen=True, slots=True)
class Told:
    """The worker says how far its job is."""

    step: Any


@dataclass(frozen=True, slots=True)
class Result:
    """The worker says what came out of its job."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker says why it could not begin, or why nothing came out of its job."""

    error: EdgeCataractError


def serve(pipe: Connection, begin: Begin, worker_mb: int) -> None:
    """Be a worker, until it is given nothing more.

    Parameters
    ----------
    pipe
        Jobs come in, each with the number of the blocks of bytes that follow it; what is said goes back.
    begin
        Loads what the jobs need.
    worker_mb
        Megabytes that the process may ask for.
    """
    for number in INTERRUPTED:
        signal.signal(number, signal.SIG_IGN)  # the process that watches hears them too, and ends this one
    leave_no_core()
    end_with_parent()
    bound_memory(worker_mb)
    with suppress(EOFError, OSError), ExitStack() as stack:
        try:
            begun = stack.enter_context(begin())
        except Exception as error:  # noqa: BLE001 - whatever it is, the process that watches hears it
            pipe.send(Failed(known_error(error)))
            return
        pipe.send(Ready(begun.greeting))
        while _answered(pipe, begun.do):
            give_back_freed()  # or what one job left in pieces grows with the next


def _answered(pipe: Connection, do: Do) -> bool:
    """Carry out the next job; whether there was one."""
    asked = pipe.recv()
    if asked is None:
        return False
    job, blocks = asked
    contents = [pipe.recv_bytes() for _ in range(blocks)]
    try:
        pipe.send(Result(do(job, contents, lambda step: pipe.send(Told(step)))))
    except Exception as error:  # noqa: BLE001 - one job, whatever is wrong with it, costs that job alone
        known = known_error(error)
        forget_pixels(known)
        pipe.send(Failed(known))
    return True
