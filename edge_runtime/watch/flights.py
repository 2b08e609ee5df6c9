"""Exams that are being judged: whether what comes back is a result, or is to be tried again."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.work import without_result
from edge_runtime.errors import EdgeCataractError
from edge_runtime.printable import printable

from .content import MOMENTARY, is_unfinished
from .folder import state_of
from .judging import Judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_runtime.batch.plan import Job

    from .rules import Rules
    from .tracking import Group, Tracker

MOST_ATTEMPTS = 3  # of an exam that a fault of program, machine or network touched
_PAUSE_S, _MOST_PAUSES = 30.0, 20  # before the second attempt; twice as long before the third, and so on
_FRAME = re.compile(r"#\d+$")


@dataclass(frozen=True, slots=True)
class Flight:
    """An exam that is being judged, as its files were when it began."""

    group: Group


@dataclass(slots=True)
class Outcome:
    """What is to be written.

    Attributes
    ----------
    judged
        What a process found; `judging.NOTHING` where an earlier run wrote it already.
    summary
        The summary of what was written; None before that.
    audited
        Number of its answers that are recorded.
    """

    judged: Judged
    summary: dict[str, Any] | None = None
    audited: int = 0


class Flights:
    """The exams that are being judged, or wait for another attempt.

    Parameters
    ----------
    root
        The watched folder.
    tracker
        Called with files that were not whole.
    rules
        When files have settled.
    once
        Whether what cannot be read is left for another run in the end.
    """

    def __init__(self, root: str, tracker: Tracker, rules: Rules, *, once: bool = False) -> None:
        self._root, self._tracker, self._rules, self._once = root, tracker, rules, once
        self._flying: dict[str, Flight] = {}  # by label
        self._attempts: dict[str, int] = {}  # by key
        self._not_before: dict[str, float] = {}  # by label

    def __contains__(self, label: object) -> bool:
        return label in self._flying or label in self._not_before

    def __len__(self) -> int:
        """Number of exams that will have a result."""
        return len(self._flying) + sum(until < math.inf for until in self._not_before.values())

    @property
    def left(self) -> int:
        """Number of exams that are left for another run, as they could not be read."""
        return sum(until == math.inf for until in self._not_before.values())

    def begin(self, group: Group) -> Flight:
        """An exam is being judged from now on."""
        flight = Flight(group)
        self._flying[group.label] = flight
        return flight

    def wake(self, now: float) -> None:
        """Let go of exams whose pause is over."""
        for label in [label for label, until in self._not_before.items() if now >= until]:
            del self._not_before[label]

    def end(self, flight: Flight) -> None:
        """An exam was delivered."""
        self._flying.pop(flight.group.label, None)
        self._attempts.pop(flight.group.key, None)

    def land(self, job: Job, said: Judged | EdgeCataractError, now: float) -> tuple[Flight, Outcome | None]:
        """Take what a process found.

        Returns
        -------
        tuple
            The exam, and what is to be written; None when it is judged again: its files have changed meanwhile, were
            not whole, or a fault touched it that may pass. A file that could be hashed and not be read in its turn
            is tried until it can, or it would be lost.
        """
        flight = next(one for one in self._flying.values() if one.group.key == job.fingerprint)
        judged = Judged(without_result(job, said)) if isinstance(said, EdgeCataractError) else said
        if self._has_changed(flight.group) or self._is_of_other_content(flight.group, judged):
            self._again(flight, now + self._rules.settle_s)
        elif not flight.group.timed_out and self._tracker.doubt(flight.group.label, set(_unfinished(judged))):
            self._again(flight, now)
        elif (was_away := self._was_away(flight.group, judged)) or judged.record.failed:
            attempt = self._attempts[job.fingerprint] = self._attempts.get(job.fingerprint, 0) + 1
            if attempt >= MOST_ATTEMPTS and not was_away:
                return flight, Outcome(judged)
            left = attempt >= MOST_ATTEMPTS and self._once  # for the next run
            pause_s = min(_PAUSE_S, self._rules.timeout_s) * min(attempt, _MOST_PAUSES)
            self._again(flight, math.inf if left else now + pause_s)
        else:
            return flight, Outcome(judged)
        return flight, None

    def _again(self, flight: Flight, until: float) -> None:
        del self._flying[flight.group.label]
        self._not_before[flight.group.label] = until

    def _has_changed(self, group: Group) -> bool:
        return any(state_of(file.place_in(self._root)) != file.state for file in group.files)

    def _is_of_other_content(self, group: Group, judged: Judged) -> bool:
        """Whether a process read other bytes than those that were hashed: replaced, and put back, meanwhile."""
        expected = {file.content.sha256 for file in group.files if file.content.readable}
        found = {
            scan["sha256"]
            for eye in judged.record.eyes
            if eye.document is not None
            for scan in eye.document["scans"]
            if scan["sha256"] is not None
        }
        return all(file.content.readable for file in group.files) and not found <= expected

    def _was_away(self, group: Group, judged: Judged) -> bool:
        """Whether a file could be read before, and not when its turn came."""
        return all(file.content.readable for file in group.files) and any(
            word in MOMENTARY for _, word in _refused(judged)
        )


def _refused(judged: Judged) -> Iterator[tuple[str, str]]:
    """The scans that were refused, by the names of their files, and why."""
    for eye in judged.record.eyes:
        if eye.document is None:
            yield from ((name, eye.word or "") for name in eye.sources)
            continue
        for scan in eye.document["scans"]:
            if scan["sha256"] is None:
                yield from ((_FRAME.sub("", scan["source"]), reason) for reason in scan["reasons"])


def _unfinished(judged: Judged) -> Iterator[str]:
    return (printable(name) for name, word in _refused(judged) if is_unfinished(word))
