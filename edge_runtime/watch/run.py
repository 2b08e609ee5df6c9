"""A watched folder, from its files to results. This file knows the order of the steps.

An exam is judged in a process of its own. Its result appears in one step, then it is remembered, and only then its
files may be moved. A process that was killed between the first two
finds the result there at its next start, and remembers it.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from edge_runtime.batch.plan import Job
from edge_runtime.batch.workers import EXAM_S, analyzer_pool
from edge_runtime.errors import EdgeCataractError, ScanMissingError
from edge_runtime.program_signals import Interrupted, heard_out

from .delivering import Deliveries
from .earlier import with_earlier
from .flights import Flights, Outcome
from .folder import glance
from .judging import NOTHING, judge
from .memory import Memory
from .moving import move_files, put_back_aside
from .results import Results
from .tracking import Tracker
from .troubles import Troubles, immovable, unread, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_runtime.batch.work import AnalyzerSettings
    from edge_runtime.workers.pool import WorkerPool

    from .events import Events
    from .rules import Rules

_READ_S = 0.5  # of reading files, before results are looked after again
_REST_S = 0.2  # between two looks, however many events come
_LOOK_SHARE = 5  # a look that takes long, as over a slow network, is not made more often than this allows
_QUEUE_PER_WORKER = 2
_MOVE_AGAIN_POLLS = 10  # a try makes events, which make looks come earlier


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, and how.

    Attributes
    ----------
    root
        The folder.
    output
        The folder of results; it exists.
    rules
        When files and exams are judged.
    settings
        What every process builds its analyzer from.
    workers
        Processes that judge.
    events
        Whether events of the system make looks come earlier.
    once
        Whether to end when all that is there was judged.
    overlays
        Whether overlays are written.
    move_to
        Where the files of judged exams are moved; None: they stay where they are.
    audit
        Is given every document before it goes anywhere; None: nobody.
    exam_s
        Seconds that an exam may take.
    """

    root: str
    output: str
    rules: Rules
    settings: AnalyzerSettings
    workers: int = 1
    events: bool = False
    once: bool = False
    overlays: bool = True
    move_to: str | None = None
    audit: Callable[[dict[str, Any]], None] | None = None
    exam_s: float = EXAM_S


class Listener(Protocol):
    """Who hears how a watch goes on."""

    def begins(self, exams: int) -> None:
        """Before the first look: the number of exams that earlier runs judged."""

    def without_events(self) -> None:
        """The system tells of no events there, or has no room for more who listen: looks come by the clock alone."""

    def delivered(self, summary: dict[str, Any]) -> None:
        """The result of an exam is on the disk."""

    def trouble(self, about: str, error: EdgeCataractError | None) -> None:
        """Something does not work at the moment; None: it works again. With `once` it is what is left at the end."""


def check_folder(root: str) -> None:
    """Check that the folder that is to be watched is there.

    Raises
    ------
    ScanMissingError
        ``missing-file`` when it is not.
    """
    if not os.path.isdir(root):
        raise ScanMissingError("missing-file", "There is no such folder.", "Check the path, or mount the share.")


def watch(what: Watch, listener: Listener) -> None:
    """Watch a folder until a signal comes; with `once`, until all that is there was judged.

    Raises
    ------
    EdgeCataractError
        When the folder is not there, the model cannot be loaded, or the memory of earlier runs cannot be used, or is
        taken away; with `once`, when a result cannot be written, a folder or a file not be read, or one not be moved.
    """
    check_folder(what.root)
    with ExitStack() as stack:
        memory = Memory(what.output)
        stack.callback(memory.close)
        pool = analyzer_pool(what.settings, partial(judge, overlays=what.overlays), keep=True, exam_s=what.exam_s)
        stack.callback(pool.end)
        watcher = _Watcher(what, listener, memory, pool, _events(what, listener, stack))
        listener.begins(len(memory))
        try:
            for _ in range(what.workers):
                pool.start()
            while not watcher.is_over():
                watcher.step()
            watcher.finish()
        except EdgeCataractError as error:
            watcher.troubles.tell_others(error)
            raise
        except (KeyboardInterrupt, Interrupted):
            heard_out()  # or the signal would come again while the processes are ended
            raise


def _events(what: Watch, listener: Listener, stack: ExitStack) -> Events | None:
    if not what.events:
        return None
    from .events import Events

    try:
        events = Events(what.root)
    except OSError:
        listener.without_events()
        return None
    stack.callback(events.close)
    return events


class _Watcher:
    """One run of a watch."""

    def __init__(
        self, what: Watch, listener: Listener, memory: Memory, pool: WorkerPool, events: Events | None
    ) -> None:
        self._what, self._listener = what, listener
        self._memory, self._pool, self._events = memory, pool, events
        self._tracker = Tracker(what.root, what.rules, memory, by_age=what.once)
        self._flights = Flights(what.root, self._tracker, what.rules, once=what.once)
        self._results = Results(what.output)
        self._results.tidy()
        if what.move_to is not None:
            put_back_aside(what.root)
        self._without = {os.path.realpath(folder) for folder in (what.output, what.move_to) if folder is not None}
        self.troubles = Troubles(listener.trouble, once=what.once)
        self._deliveries = Deliveries(
            what.root, self._results, memory, what.audit, self.troubles.tell, pause_s=what.rules.poll_s, once=what.once
        )
        self._first_look: float | None = None
        self._blind = False  # whether something could not be looked at
        self._next_look = self._last_look = self._rest_s = 0.0
        self._move_again: dict[str, float] = {}  # when, of exams with a file that could not be moved; by label

    def is_over(self) -> bool:
        """Whether all that is there was judged, for a watch that ends then."""
        first, now = self._first_look, time.monotonic()
        if not self._what.once or first is None or self._last_look < first + self._what.rules.settle_s:
            return False
        flying = len(self._flights) > self._deliveries.aside
        busy = self._deliveries.waiting or flying or self._tracker.has_settled_unread(now) or not self._pool.ready
        return not busy and not self._tracker.due(now, self._flights)

    def finish(self) -> None:
        """Do what is left when all was judged; raises as `Troubles.check_none`."""
        self._move_again = {}
        self.move_done(time.monotonic())
        if self._flights.left:
            self.troubles.tell("scans", unread(self._flights.left))
        self.troubles.check_none()

    def step(self) -> None:
        """Look, read, judge, deliver, and wait a while."""
        now = time.monotonic()
        self._memory.check_in_place()
        if now >= self._next_look:
            self._look(now)
        more = self._tracker.read_settled(now, time.monotonic() + _READ_S)
        self._deliver(now)
        self._begin_due(time.monotonic())
        bells = [] if self._events is None else [self._events.pipe]
        if any(bell.poll() for bell in bells):  # it is heard at the next look, and no reason to wake up before that
            self._next_look, bells = min(self._next_look, self._last_look + self._rest_s), []
        found = self._pool.results(0.0 if more else max(self._next_look - time.monotonic(), 0.0), bells)
        for job, said in found or ():
            self._take(job, said)

    def _look(self, now: float) -> None:
        renamed = self._events.heard() if self._events is not None else set()
        seen = glance(self._what.root, self._without)
        was_blind, self._blind = self._blind, bool(seen.unreadable or seen.unsure)
        self.troubles.tell("folder", unreadable() if self._blind else None)
        self._tracker.update(seen, renamed, now)
        self._last_look = time.monotonic()
        if self._first_look is None or (was_blind and not self._blind):  # what lies there is seen for the first time
            self._first_look = self._last_look
        self._rest_s = max(_REST_S, _LOOK_SHARE * (self._last_look - now))
        self._next_look = self._last_look + max(self._what.rules.poll_s, self._rest_s)
        self.move_done(now)

    def _begin_due(self, now: float) -> None:
        """Give the exams that are due to the processes; none while results wait for the disk."""
        self._flights.wake(now)
        room = _QUEUE_PER_WORKER * self._what.workers - self._pool.unfinished
        if room <= 0 or self._deliveries.blocked:
            return
        for files in self._tracker.due(now, self._flights)[:room]:
            group = with_earlier(files, self._memory, self._what.move_to)
            flight = self._flights.begin(group)
            summary = self._results.written(group)
            if summary is not None:  # by a run that was killed before it could remember
                self._deliveries.add(flight, Outcome(NOTHING, summary))
            else:
                self._pool.add(Job(group.planned(self._what.root), group.key))

    def _take(self, job: Job, said: Any) -> None:
        """Look at what a process found: a result of files that have changed meanwhile is none."""
        flight, outcome = self._flights.land(job, said, time.monotonic())
        if outcome is not None:
            self._deliveries.add(flight, outcome)

    def _deliver(self, now: float) -> None:
        """Write what was found, as long as the disk takes it."""
        for flight, summary in self._deliveries.carry_out(now):
            self._flights.end(flight)
            self._listener.delivered(summary)

    def move_done(self, now: float) -> None:
        """Move the files of exams of which nothing is left to judge, where that was asked for."""
        target = self._what.move_to
        if target is None:
            return
        failed: OSError | None = None
        again: dict[str, float] = {}
        for group in self._tracker.done(now, self._flights):
            name, again_at = self._memory.last_result(group.label), self._move_again.get(group.label, now)
            if name is None or self._memory.has_failed(group.label):  # no scan in it, or judged again by the next run
                continue
            if now < again_at:
                again[group.label] = again_at
                continue
            moved = move_files(group, self._what.root, os.path.join(target, name))
            self._tracker.forget(moved.paths)
            if moved.failed is not None:
                failed = failed or moved.failed
                again[group.label] = now + _MOVE_AGAIN_POLLS * self._what.rules.poll_s
        self._move_again = again
        if failed is not None or not again:
            self.troubles.tell("move", None if failed is None else immovable(failed))
