"""The exams that people are sending: held in memory, bounded, and forgotten."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import RequestError

from .limits import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from edge_runtime.scan import Laterality

    from .limits import ServiceLimits


class State(StrEnum):
    """How far an exam is."""

    OPEN = "open"
    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """What a client hears of an exam."""

    name: str  # progress, done, failed
    data: Mapping[str, Any]

    def encoded(self) -> bytes:
        """As server-sent events write it."""
        return f"event: {self.name}\ndata: {json.dumps(self.data)}\n\n".encode()


@dataclass(slots=True, eq=False)
class HeldExam:
    """An exam, with all that is held of it.

    Attributes
    ----------
    id
        A random word, which nobody guesses.
    eye, age_years
        As they were given.
    scans
        The bytes of its scans by their numbers.
    named
        The eye that the name of a scan's file says, by its number; None where it says none.
    state
        How far it is.
    version
        Counts what was changed, so that a result of earlier scans is known as such.
    events
        All events since the analysis was asked for.
    document, pictures
        The result; None and none before it is there.
    error
        Why there is no result, as the API writes it.
    used
        When it was used last.
    forgotten
        Whether it is held no more.
    work
        What waits for its analysis.
    changes
        How often everybody who listens was woken.
    """

    id: str
    eye: Laterality
    age_years: float | None
    used: float
    scans: dict[int, bytes] = field(default_factory=dict)
    named: dict[int, Laterality | None] = field(default_factory=dict)
    state: State = State.OPEN
    version: int = 0
    events: list[Event] = field(default_factory=list)
    document: Mapping[str, Any] | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    forgotten: bool = False
    work: asyncio.Task[None] | None = None
    changes: int = 0
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> str:
        """Names the exam with the scans that it has now."""
        return f"{self.id}.{self.version}"

    def is_named(self, key: str) -> bool:
        """Whether a key names the exam, with the scans of now or with earlier ones."""
        return key.startswith(f"{self.id}.")

    @property
    def busy(self) -> bool:
        """Whether its analysis waits or is in work."""
        return self.state in (State.WAITING, State.WORKING)

    @property
    def held_bytes(self) -> int:
        """Bytes of its scans and pictures."""
        return sum(map(len, self.scans.values())) + sum(map(len, self.pictures.values()))

    def tell(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who listens, now and later."""
        self.events.append(Event(name, data))
        self.wake()

    def wake(self) -> None:
        """Have everybody who listens look again."""
        self.changes += 1
        told, self._told = self._told, asyncio.Event()
        told.set()

    async def changed(self, seen: int, seconds: float) -> None:
        """Wait until something is told that was not seen yet, or for so long.

        Parameters
        ----------
        seen
            `changes` as it was before the exam was looked at: what is told while somebody looks is not missed.
        seconds
            The longest wait.
        """
        if self.changes != seen:
            return
        try:
            await asyncio.wait_for(self._told.wait(), seconds)
        except TimeoutError:
            return

    def reset(self) -> None:
        """Let go of the result: the scans are no longer those that it is of."""
        self.state, self.version = State.OPEN, self.version + 1
        self.events, self.document, self.pictures, self.error = [], None, {}, None
        self.wake()


class HeldExams:
    """All exams, within the limits.

    Parameters
    ----------
    limits
        How many, how large, and for how long.
    forgotten
        Called with each exam that is held no more, whatever the reason.
    abandoned
        Says how many bytes of forgotten exams are still in work.
    """

    def __init__(
        self,
        limits: ServiceLimits,
        forgotten: Callable[[HeldExam], None] = lambda _: None,
        abandoned: Callable[[], int] = lambda: 0,
    ) -> None:
        self._limits, self._forgotten, self._abandoned = limits, forgotten, abandoned
        self._exams: dict[str, HeldExam] = {}
        self._coming = 0

    def __iter__(self) -> Iterator[HeldExam]:
        return iter(list(self._exams.values()))

    def __len__(self) -> int:
        return len(self._exams)

    def open(self, eye: Laterality, age_years: float | None) -> HeldExam:
        """Begin an exam.

        Raises
        ------
        RequestError
            ``too-many-exams``.
        """
        self.forget_unused()
        if len(self._exams) >= self._limits.exams:
            raise RequestError(
                "too-many-exams",
                f"{len(self._exams)} exams are open.",
                "Delete one that is done with, or try again later.",
                status=429,
                retry_after_s=max(1, min(60, round(self._limits.forget_after_s))),
            )
        exam = HeldExam(secrets.token_hex(16), eye, age_years, monotonic())
        self._exams[exam.id] = exam
        return exam

    def find(self, name: str) -> HeldExam:
        """An exam by its id; that counts as use.

        Raises
        ------
        RequestError
            ``unknown-exam``.
        """
        self.forget_unused()
        exam = self._exams.get(name)
        if exam is None:
            raise unknown_exam()
        exam.used = monotonic()
        return exam

    def room(self, size: int, exam: HeldExam | None = None, replaced: int = 0) -> AbstractContextManager[object]:
        """Count bytes that are about to come; they count until the context is left.

        Parameters
        ----------
        size
            Bytes.
        exam
            The exam that they are of, where they are of one; then its pictures make room for them, or are them.
        replaced
            The number of its scan that makes room for them, too; 0: of none.

        Raises
        ------
        RequestError
            ``exam-too-large`` where the exam alone would be more than is ever held, also when all that makes room has
            gone; ``no-room`` where there is none now, beside all that is held, what makes room included.
        """
        most = self._limits.held_mb * MEGABYTE
        if exam is not None and size + sum(len(scan) for n, scan in exam.scans.items() if n != replaced) > most:
            raise RequestError(
                "exam-too-large",
                f"Scans and pictures of one exam have {self._limits.held_mb} MB at most.",
                "Begin it again with smaller files, or with fewer.",
                status=413,
            )
        held = self._coming + self._abandoned() + sum(exam.held_bytes for exam in self._exams.values())
        if held + size > most:
            raise RequestError(
                "no-room",
                f"Scans and pictures of {self._limits.held_mb} MB are held at a time.",
                "Delete an exam that is done with, or try again later.",
                status=429,
                retry_after_s=5,
            )
        self._coming += size
        room = ExitStack()
        room.callback(self._give_back, size)
        return room

    def _give_back(self, size: int) -> None:
        self._coming -= size

    def forget(self, exam: HeldExam) -> None:
        """Let go of an exam and of all that is held of it."""
        self._exams.pop(exam.id, None)
        if exam.work is not None:
            exam.work.cancel()
        exam.scans.clear()
        exam.named.clear()
        exam.reset()
        exam.forgotten = True
        exam.wake()
        self._forgotten(exam)

    def forget_unused(self) -> None:
        """Forget the exams that were not used for long."""
        now = monotonic()
        for exam in self:
            if not exam.busy and now - exam.used > self._limits.forget_after_s:
                self.forget(exam)


def unknown_exam() -> RequestError:
    """The refusal of what is about an exam that is not held."""
    return RequestError(
        "unknown-exam", "There is no such exam, or it was forgotten.", "Begin it again: POST /v1/exams.", status=404
    )
