"""What a receiver reports to its operator. Nothing of a person is in it: exams and objects are named by digests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Happened(StrEnum):
    """What there is to tell."""

    LISTENING = "listening"
    RECEIVED = "received"
    REFUSED = "refused"  # an object or an association, at the door
    FULL = "full"  # no object is taken, for lack of room
    ROOM = "room"  # after that: objects are taken again
    JUDGED = "judged"
    SENT = "sent"  # every result of an exam
    FAILED = "failed"  # an exam was set aside
    AGAIN = "again"  # something is tried again later


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    happened
        What.
    text
        The rest of a line for a person.
    exam
        The exam that it is about; None: none.
    word
        Of an error, as docs/codes.md has it; None: none.
    status
        What was answered: a status of DICOM such as ``0xA700``, or ``HTTP 409``; None: nothing, or it says no more.
    """

    happened: Happened
    text: str
    exam: str | None = None
    word: str | None = None
    status: str | None = None


Tell = Callable[[Event], None]
