"""The worker that is in use: started, replaced when it has died, and when another model has proven itself."""

from __future__ import annotations

import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError, RequestError

from .tasks import Kind, Task
from .watched import WatchedWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .limits import ServiceLimits
    from .models import ModelSource
    from .worker import Settings

_FIRST_PAUSE_S, _MOST_PAUSE_S = 2.0, 60.0  # before another worker is tried, when one could not begin
_LATER_S = 5
_FOR_NOW = "no-process"  # the word of what says nothing of a model


class Workshop:
    """One worker at a time; two for as long as a new model proves itself. Its calls wait, so they come from threads.

    Parameters
    ----------
    source
        Which model.
    limits
        Of time and memory.
    say
        Called with what the operator of the service should know.

    Attributes
    ----------
    notice
        What is wrong with a new model, which therefore did not take over, or with the record of models as it was
        looked at last; None: nothing.
    """

    def __init__(self, source: ModelSource, limits: ServiceLimits, say: Callable[[str], None]) -> None:
        self._source, self._limits, self._say = source, limits, say
        self._lock = threading.Lock()  # of what follows
        self._worker: WatchedWorker | None = None
        self._next: WatchedWorker | None = None
        self._begun: set[WatchedWorker] = set()  # which load their model
        self._good: Settings | None = None
        self._ended = threading.Event()
        self._reviving = threading.Lock()  # held for as long as a worker takes to begin in place of a dead one
        self._why: EdgeCataractError | None = None  # none could begin
        self._pause_s, self._again = _FIRST_PAUSE_S, 0.0
        self._generation = 0
        self._refused: str | None = None  # what is wrong with the model of that generation
        self.notice: str | None = None

    @property
    def model(self) -> Mapping[str, str] | None:
        """Which model is loaded and proven; None while none is."""
        workers = (self._next, self._worker)  # the second works on while the first, which has died, is replaced
        return next((worker.model for worker in workers if worker is not None and worker.alive), None)

    @property
    def trouble(self) -> str | None:
        """Why nothing is measured now; None where a model is loaded, or about to be."""
        why = self._why
        return None if why is None or self.model is not None else f"No model can be loaded: error[{why.word}]."

    def open(self) -> None:
        """Start the worker.

        Raises
        ------
        EdgeCataractError
            When the model cannot be loaded, or does not prove itself.
        """
        self._generation = self._source.generation()
        settings = self._source.settings()
        self._keep(self._prepared(settings), None)
        self._good = settings

    def worker(self) -> WatchedWorker:
        """The worker, between two tasks: a new one where the model is another, or the old one has died.

        Raises
        ------
        RequestError
            When none can begin, with the word of why; from then on at once, until `revive` has got one.
        """
        worker = self._taken_over()
        if worker is not None and worker.alive:
            return worker
        if self._why is not None:  # and not wait for the next try
            raise _not_ready(self._why)
        another = self._another(tried=True)
        return self._taken_over() or another

    def let_go(self) -> None:
        """Have the worker let go of the eye that it measured last, between two tasks; another takes over, too."""
        worker = self._taken_over()
        if worker is None or not worker.alive:  # it holds nothing any more
            return
        try:
            worker.do(Task(Kind.FORGET), (), lambda _: None)
        except EdgeCataractError:
            worker.end()

    def revive(self) -> None:
        """Have another worker begin in place of one that has died; while none can, it is tried ever more seldom."""
        with self._lock:
            latest = self._next or self._worker
        dead = latest is None or not latest.alive
        if dead and not self._ended.is_set() and monotonic() >= self._again:
            with suppress(RequestError):
                self._another()

    def _taken_over(self) -> WatchedWorker | None:
        """The worker in use, by now: one whose model is another ends the old one, unless it has died before that."""
        with self._lock:
            old, following = self._worker, self._next
            if following is not None and (following.alive or old is None or not old.alive):
                self._worker, self._next = following, None
                if following.alive:
                    self._can_begin()
            worker = self._worker
        if old is not None and old is not worker:
            old.end()
        return worker

    def _another(self, *, tried: bool = False) -> WatchedWorker:
        """Another worker in place of one that has died, unless somebody else has got one, or `tried` it in vain."""
        with self._reviving:
            with self._lock:
                worker, settings = self._next or self._worker, self._good
            if worker is not None and worker.alive:
                return worker
            if self._why is None:
                self._say("the process that decodes and measures has ended; another takes its place")
            elif tried:
                raise _not_ready(self._why)
            proven = "" if worker is None else worker.model["sha256"]
            try:
                revived = self._keep(self._prepared(settings or self._source.settings(), proven), worker)
            except EdgeCataractError as error:
                self._cannot_begin(error)
                raise _not_ready(error) from error
            if self._why is not None:
                self._say(f"{_named(revived.model)} measures again")
            self._can_begin()
            return revived

    def _can_begin(self) -> None:
        """A worker could begin: the next one that dies is replaced at once."""
        self._why, self._pause_s, self._again = None, _FIRST_PAUSE_S, 0.0

    def _cannot_begin(self, error: EdgeCataractError) -> None:
        """Keep why no worker can begin, and say it once."""
        if not self._ended.is_set() and (self._why is None or self._why.word != error.word):  # else it was killed
            self._say(str(error))
        self._why, self._again = error, monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _MOST_PAUSE_S)

    def look_for_another(self) -> bool:
        """Where the model in use is another one by now, load and prove it; the old one works on meanwhile.

        Returns
        -------
        bool
            Whether another takes over with the next task.
        """
        generation, before = None, (self._generation, self._refused)
        try:
            generation = self._source.generation()
            if generation == self._generation:
                self.notice = self._refused  # what was said of an earlier look is over
                return False
            settings = self._source.settings()
            self._generation, self._refused = generation, None  # tried once, whatever comes of it
            proving = self._prepared(settings)
        except EdgeCataractError as error:
            if self._ended.is_set():  # its worker was killed
                return False
            self._note(error, generation)
            if error.word == _FOR_NOW:
                self._generation, self._refused = before  # it is tried again with the next look
            return False
        self.notice = None
        with self._lock:  # both at once: a worker that dies meanwhile is replaced by what it was
            self._good = settings
            replaced, self._next = self._next, proving
        if replaced is not None:
            replaced.end()
        self._say(f"{_named(proving.model)} takes over")
        if self._ended.is_set():
            proving.end()
        return True

    def _note(self, error: EdgeCataractError, generation: int | None) -> None:
        """Keep what is wrong, and say it once; of a model that was tried, until there is another."""
        if generation == self._generation:
            notice = self._refused = f"The new model did not take over: error[{error.word}]."
        else:
            notice = f"The record of models cannot be used: error[{error.word}]. The model that was in use stays."
        if notice != self.notice:
            self._say(f"{error} The model that was in use stays.")
        self.notice = notice

    def _prepared(self, settings: Settings, proven: str = "") -> WatchedWorker:
        """Another worker, ready; it raises as `WatchedWorker.prepare` does, and soon when the service ends."""
        worker = WatchedWorker(settings, self._limits, proven)
        with self._lock:
            self._begun.add(worker)
        if self._ended.is_set():
            worker.kill()
        try:
            worker.prepare()
        finally:
            with self._lock:
                self._begun.discard(worker)
        return worker

    def _keep(self, worker: WatchedWorker, dead: WatchedWorker | None) -> WatchedWorker:
        """Put a worker in the place of one that has died, and of no other."""
        with self._lock:
            if dead is not None and dead is self._next:
                self._next = worker
            else:
                self._worker = worker
        if dead is not None:
            dead.end()
        if self._ended.is_set():
            worker.end()
        return worker

    def kill(self) -> None:
        """End every worker, whatever it is doing; those that wait for it hear that."""
        self._ended.set()
        with self._lock:
            workers = (self._worker, self._next, *self._begun)
        for worker in workers:
            if worker is not None:
                worker.kill()

    def end(self) -> None:
        """Clean up, when nobody waits any more."""
        for worker in (self._worker, self._next):
            if worker is not None:
                with suppress(OSError):
                    worker.end()


def _named(model: Mapping[str, str]) -> str:
    """A model as it is named to who runs the service."""
    return f"model {model['name']} {model['version']} ({model['precision']}, {model['sha256'][:12]})"


def _not_ready(error: EdgeCataractError) -> RequestError:
    """What is answered while no worker can begin."""
    return RequestError(error.word, error.found, error.remedy, status=503, retry_after_s=_LATER_S)
