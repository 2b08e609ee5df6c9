"""One scan at a time: who comes first is served first, and who finds the queue full hears when to come again."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from edge_runtime.errors import EdgeCataractError, InternalError, OutputError, RequestError, WriteError
from edge_runtime.machine.faults import forget_pixels

from .answers import internal
from .exams import unknown_exam
from .lane import Lane
from .tasks import Done, Kind, Progress, Task, Unknown
from .workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .exams import HeldExam
    from .limits import ServiceLimits
    from .watched import WatchedWorker

    Tell = Callable[[Progress], None]

Value = TypeVar("Value")

_FIRST_GUESS_S = 1.0  # that a task takes, before one was done
_NEWEST = 0.2  # share of the newest task in the usual time


class UnrecordedError(OutputError):
    """The record of the service refuses an answer, which therefore is not given."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A task in the queue, and who waits for it."""

    task: Task
    contents: Sequence[bytes]
    tell: Tell
    result: asyncio.Future[Done]


class Turns:
    """The queue before the one worker.

    Parameters
    ----------
    workshop
        Has the worker.
    limits
        How many may wait.
    say
        Called with what the operator of the service should know, in one line without anything of a patient.
    kept
        Called with each document before it is given out; what it raises is answered instead.

    Attributes
    ----------
    stopping
        Whether the service is about to end, so that nothing new is taken.
    notice
        Why the record takes no answer now, so that none is given; None: it does.
    """

    def __init__(
        self,
        workshop: Workshop,
        limits: ServiceLimits,
        say: Callable[[str], None],
        kept: Callable[[str], None] | None = None,
    ) -> None:
        self._workshop, self._limits, self._say, self._kept = workshop, limits, say, kept
        self._waiting: deque[_Turn] = deque()
        self._came = asyncio.Event()
        self._in_work: _Turn | None = None
        self._lets_go = False
        self._thread = Lane("turns")  # which waits for the worker
        self._taken = 0
        self._usual_s = _FIRST_GUESS_S
        self.stopping = False
        self.notice: str | None = None

    @property
    def taken(self) -> int:
        """How many places are taken, the one in work included, also where nobody waits for it any more."""
        return self._taken + (self._abandoned is not None)

    @property
    def abandoned_bytes(self) -> int:
        """Bytes of scans that the worker is still busy with, although nobody waits for them."""
        return 0 if self._abandoned is None else sum(map(len, self._abandoned.contents))

    @property
    def _abandoned(self) -> _Turn | None:
        turn = self._in_work
        return turn if turn is not None and turn.result.done() else None

    @property
    def places(self) -> int:
        """How many places there are."""
        return self._limits.waiting + 1

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place in the queue, before the scan itself is received.

        Raises
        ------
        RequestError
            ``queue-full``; ``stopping`` when the service is about to end.
        """
        if self.stopping:
            raise RequestError("stopping", "The service is about to end.", "Try again.", status=503, retry_after_s=5)
        if self.taken >= self.places:
            raise RequestError(
                "queue-full",
                f"One scan is in work, and {self._limits.waiting} wait.",
                "Try again after the time that Retry-After says.",
                status=429,
                retry_after_s=max(1, ceil(self._usual_s)),
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def result(self, task: Task, contents: Sequence[bytes], tell: Tell | None = None) -> Done:
        """Wait for the turn of a task, and for what comes out. Cancelled, the task leaves the queue.

        Parameters
        ----------
        task
            What is asked for.
        contents
            The bytes of its scans.
        tell
            Hears how far an exam is.

        Raises
        ------
        EdgeCataractError
            As the work does.
        """
        turn = _Turn(task, contents, tell or (lambda _: None), asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        self._came.set()
        try:
            return await turn.result
        finally:
            with suppress(ValueError):
                self._waiting.remove(turn)
            del turn  # which holds an error, whose traceback holds this frame and the scans

    def let_go(self) -> None:
        """Have the worker let go of the eye that it measured last, before the next task; another one takes over."""
        self._lets_go = True
        self._came.set()

    def forget(self, exam: HeldExam) -> None:
        """Have nothing stay of an exam: whoever waits for its words hears that, and the worker lets go of it."""
        if exam.work is None:  # it was never measured
            return
        turns = list(self._waiting) if self._in_work is None else [self._in_work, *self._waiting]
        for turn in turns:
            if exam.is_named(turn.task.exam) and not turn.result.done():
                turn.result.set_exception(unknown_exam())
        self.let_go()

    async def work(self) -> None:
        """Do what comes, one after the other, until cancelled."""
        while True:
            while not (self._waiting or self._lets_go):
                self._came.clear()
                await self._came.wait()
            if self._lets_go:
                await self._let_go()
            else:
                await self._serve(self._waiting.popleft())

    async def _let_go(self) -> None:
        self._lets_go = False
        try:
            await self._thread.call(self._workshop.let_go)
        except Exception as error:  # noqa: BLE001 - a fault in one task ends no service
            self._say(f"error[internal]: {type(error).__name__}.")

    async def _serve(self, turn: _Turn) -> None:
        """Do a task, and tell who waits; whatever is wrong with it ends no service."""
        if turn.result.done():  # nobody waits any more
            return
        began = monotonic()
        outcome: Done | EdgeCataractError
        self._in_work = turn
        try:
            outcome = await self._do(turn)
        except EdgeCataractError as error:
            forget_pixels(error)
            outcome = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - a fault in one task ends no service
            self._say(f"error[internal]: {type(error).__name__}.")
            outcome = internal()
        finally:
            self._in_work = None
        if turn.task.kind in (Kind.SCAN, Kind.EXAM):  # the time that a place in the queue is worth
            self._usual_s += _NEWEST * (monotonic() - began - self._usual_s)
        if turn.result.done():  # they have gone meanwhile
            return
        if isinstance(outcome, EdgeCataractError):
            turn.result.set_exception(outcome)
        else:
            turn.result.set_result(outcome)

    async def _do(self, turn: _Turn) -> Done:
        loop = asyncio.get_running_loop()

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(turn.tell, progress)

        return await self._thread.call(self._done, turn, tell)

    def _done(self, turn: _Turn, tell: Tell) -> Done:
        """Have a task done, in the thread that waits for the worker."""
        worker = self._workshop.worker()
        task, shown = turn.task, turn.task.kind in (Kind.WORDS, Kind.REPORT)
        _check_model(task, worker)
        said = worker.do(replace(task, numbers=()), (), tell) if shown else Unknown()
        if isinstance(said, Unknown):
            said = worker.do(task, turn.contents, tell)
        if isinstance(said, Unknown):
            raise internal()
        if self._kept is not None and task.kind in (Kind.SCAN, Kind.EXAM):
            self._keep(self._kept, said.text)
        return said

    def _keep(self, kept: Callable[[str], None], text: str) -> None:
        """Have a document kept; what is wrong with the record is no fault of the client, and readiness shows it.

        Raises
        ------
        EdgeCataractError
            `UnrecordedError` with the word of what the record refuses, or what the disk refuses.
        """
        try:
            kept(text)
        except EdgeCataractError as error:
            notice = f"No answer is given, as none can be recorded: error[{error.word}]."
            if notice != self.notice:
                self._say(notice)
            self.notice = notice
            if isinstance(error, OutputError | WriteError | InternalError):
                raise
            raise UnrecordedError(error.word, error.found, error.remedy) from error
        self.notice = None

    def end(self, seconds: float) -> bool:
        """Wait so long until nothing is in work, as the worker has ended; whether nothing is."""
        return self._thread.end(seconds)


def _check_model(task: Task, worker: WatchedWorker) -> None:
    """What is said about a document is said by the model that it is of.

    Raises
    ------
    RequestError
        ``no-result`` when that is another one by now.
    """
    if task.model and task.model != worker.model["sha256"]:
        raise RequestError(
            "no-result",
            "The exam was measured by another model than the one that is in use now.",
            "Ask for its analysis again.",
            status=409,
        )
