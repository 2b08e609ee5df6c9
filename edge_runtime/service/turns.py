"""One scan at a time: who comes first is served first, and who finds the queue full is told when to come again."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from edge_runtime.errors import EdgeCataractError, InternalError, RequestError

from .tasks import Done, Kind, Progress, Task, Unknown
from .watched import WatchedWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from .limits import ServiceLimits
    from .worker import Settings

    Tell = Callable[[Progress], None]

Value = TypeVar("Value")

_FALSE_START_S = 2.0  # before another worker is tried, when one could not begin
_FIRST_GUESS_S = 1.0  # that a task takes, before one was done


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
    settings
        Which analyzer the worker has.
    limits
        How many may wait, and how long work may take.
    say
        Hears what whoever runs the service should know, in one line without anything of a patient.
    kept
        Called with each document before it is given out; what it raises is answered instead.
    """

    def __init__(
        self,
        settings: Settings,
        limits: ServiceLimits,
        say: Callable[[str], None],
        kept: Callable[[str], None] | None = None,
    ) -> None:
        self._settings, self._limits, self._say, self._kept = settings, limits, say, kept
        self._waiting: deque[_Turn] = deque()
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "worker")  # that waits for the process
        self._worker: WatchedWorker | None = None
        self._taken = 0
        self._usual_s = _FIRST_GUESS_S
        self._proven = ""
        self.stopping = False
        self.notice: str | None = None

    async def start(self) -> None:
        """Load the model; work begins with `work`.

        Raises
        ------
        EdgeCataractError
            When it cannot be loaded, or does not prove itself.
        """
        self._worker = await self._in_thread(WatchedWorker, self._settings, self._limits)
        self._proven = self._worker.model["sha256"]

    @property
    def model(self) -> Mapping[str, str] | None:
        """Which model is loaded and proven; None while none is."""
        return self._worker.model if self._worker is not None and self._worker.alive else None

    @property
    def process_id(self) -> int | None:
        """Of the worker; None while there is none."""
        return None if self._worker is None else self._worker.process_id

    @property
    def taken(self) -> int:
        """How many places are taken, the one in work included."""
        return self._taken

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
        if self._taken >= self.places:
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

    async def work(self) -> None:
        """Do what comes, one after the other, until cancelled."""
        while True:
            while not self._waiting:
                self._came.clear()
                await self._came.wait()
            turn = self._waiting.popleft()
            began = monotonic()
            try:
                done = await self._do(turn)
            except EdgeCataractError as error:
                self._answer(turn, error)
            except Exception as error:  # noqa: BLE001 - a fault in one task ends no service
                self._say(f"error[internal]: {type(error).__name__}.")
                self._answer(turn, InternalError("internal", "This is a fault of the service.", "Report it."))
            else:
                self._answer(turn, done)
            if turn.task.kind in (Kind.SCAN, Kind.EXAM):  # the time that a place in the queue is worth
                self._usual_s += 0.2 * (monotonic() - began - self._usual_s)
            del turn  # or its scan would be held until the next comes

    async def _do(self, turn: _Turn) -> Done:
        worker = await self._living_worker()
        loop = asyncio.get_running_loop()

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(turn.tell, progress)

        try:
            done = await self._in_thread(self._done, worker, turn, tell)
        except EdgeCataractError as error:
            if not worker.alive:
                self._say(str(error))
            raise
        return done

    def _done(self, worker: WatchedWorker, turn: _Turn, tell: Tell) -> Done:
        """Have it done, in the thread that waits."""
        shown = turn.task.kind in (Kind.WORDS, Kind.REPORT)
        said = worker.do(_without_scans(turn.task), (), tell) if shown else Unknown()
        if isinstance(said, Unknown):
            said = worker.do(turn.task, turn.contents, tell)
        if isinstance(said, Unknown):
            raise InternalError("internal", "This is a fault of the service.", "Report it.")
        if self._kept is not None and turn.task.kind in (Kind.SCAN, Kind.EXAM):
            self._kept(said.text)
        return said

    async def _living_worker(self) -> WatchedWorker:
        if self._worker is not None and self._worker.alive:
            return self._worker
        try:
            self._worker = await self._in_thread(WatchedWorker, self._settings, self._limits, self._proven)
        except EdgeCataractError as error:
            self._say(str(error))
            await asyncio.sleep(_FALSE_START_S)
            raise
        return self._worker

    async def _in_thread(self, call: Callable[..., Value], *arguments: Any) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    @staticmethod
    def _answer(turn: _Turn, outcome: Done | EdgeCataractError) -> None:
        if turn.result.done():  # nobody waits any more
            return
        if isinstance(outcome, EdgeCataractError):
            turn.result.set_exception(outcome)
        else:
            turn.result.set_result(outcome)

    def end(self) -> None:
        """End the worker, whatever it is doing."""
        if self._worker is not None:
            self._worker.kill()
        self._thread.shutdown(wait=True)
        if self._worker is not None:
            self._worker.end()


def _without_scans(task: Task) -> Task:
    return Task(task.kind, (), task.eye, task.age_years, task.exam, task.language)
