"""What an archive said to a result, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

ALREADY_THERE = 0x0111


class StoreOutcome(Enum):
    """What an archive said to a result."""

    THERE = auto()  # it has it, from now or before
    REFUSED = auto()
    LATER = auto()  # it cannot take it now, or does not say that it has
    UNREADABLE = auto()  # it was not asked: the file of the result cannot be read any more


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """An answer to a result.

    Attributes
    ----------
    outcome
        What it means.
    status
        What was answered: a status of DICOM such as ``0xA900``, else ``HTTP 409``; None: nothing.
    """

    outcome: StoreOutcome
    status: str | None = None


def answer_of(status: int | None) -> StoreAnswer:
    """What a status of C-STORE means; None: there was no answer."""
    if status is None:
        return StoreAnswer(StoreOutcome.LATER)
    if status in (0, ALREADY_THERE) or status >> 12 == 0xB:  # warnings: it was stored
        return StoreAnswer(StoreOutcome.THERE, hexadecimal(status))
    outcome = StoreOutcome.LATER if status >> 8 == 0xA7 else StoreOutcome.REFUSED  # 0xA7xx: out of resources
    return StoreAnswer(outcome, hexadecimal(status))


def answer_of_sequences(said: Any, instance: str, otherwise: StoreAnswer) -> StoreAnswer:
    """What a response of STOW-RS says of an instance (PS3.18, I.2); it raises whatever a malformed one brings about."""
    for item in said.get("FailedSOPSequence") or ():
        if item.get("ReferencedSOPInstanceUID") == instance:
            reason = item.get("FailureReason")
            if reason is None:
                return StoreAnswer(StoreOutcome.REFUSED, otherwise.status)
            # A warning is none here: the sequence is of what was not stored.
            found = answer_of(reason)
            if found.outcome is StoreOutcome.THERE and reason != ALREADY_THERE:
                return StoreAnswer(StoreOutcome.REFUSED, found.status)
            return found
    there = {item.get("ReferencedSOPInstanceUID") for item in said.get("ReferencedSOPSequence") or ()}
    return StoreAnswer(StoreOutcome.THERE, otherwise.status) if instance in there else otherwise


def hexadecimal(status: int) -> str:
    """A status as DICOM writes it."""
    return f"0x{status:04X}"
