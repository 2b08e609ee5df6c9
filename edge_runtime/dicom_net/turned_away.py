"""What is turned away at the door, in lines of which no peer can make many."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import ResourceError, UsageError

from .events import Event, Happened

if TYPE_CHECKING:
    from edge_runtime.errors import EdgeCataractError

    from .events import Tell

EVERY_S = 60.0
_LONGEST_TITLE = 16  # of an AE title
# Source and diagnostic of a rejection (PS3.8, 9.3.4).
_UNKNOWN_CALLER, _WRONG_TITLE, _LIMIT = (1, 3), (1, 7), (3, 2)


@dataclass(slots=True)
class _Line:
    """What was noted for one word since it was last in a line."""

    told_s: float
    count: int = 0
    text: str = ""
    status: str | None = None


class TurnedAway:
    """Gives each word of a refusal a line at once, and further ones at most once in a while; threads may share it.

    Parameters
    ----------
    tell
        Called with what happened.
    every_s
        Seconds between two lines with the same word; the later one counts what came in between.
    """

    def __init__(self, tell: Tell, every_s: float = EVERY_S) -> None:
        self._tell, self._every_s = tell, every_s
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def note(self, who: str, fault: EdgeCataractError, status: str | None = None) -> None:
        """Note that something was turned away; nothing of a person is in it.

        Parameters
        ----------
        who
            Who or what it was: as `caller` says, or an object.
        fault
            Why.
        status
            What was answered, as of `Event`.
        """
        word, text = fault.word, f"{who}: {fault.found}"
        with self._lock:
            line = self._lines.get(word)
            if line is not None:
                line.count, line.text, line.status = line.count + 1, text, status
            else:
                self._lines[word] = _Line(time.monotonic())
        if line is None:
            self._tell(Event(Happened.REFUSED, text, word=word, status=status))

    def look(self) -> None:
        """Say what was noted since the last line with its word, where its time has come."""
        self._say(time.monotonic() - self._every_s)

    def end(self) -> None:
        """Say all that was noted and is in no line yet."""
        self._say(float("inf"))

    def _say(self, before_s: float) -> None:
        with self._lock:
            due = {word: line for word, line in self._lines.items() if line.told_s <= before_s}
            for word, line in due.items():
                if line.count:
                    self._lines[word] = _Line(time.monotonic())
                else:
                    del self._lines[word]
        for word, line in due.items():
            if line.count:
                text = f"{line.count} more in {time.monotonic() - line.told_s:.0f} s, the last: {line.text}"
                self._tell(Event(Happened.REFUSED, text, word=word, status=line.status))

    def note_association(self, event: Any, own_title: str, most: int) -> None:
        """Note an association that was rejected, or of which nothing is taken.

        Parameters
        ----------
        event
            Of pynetdicom, for what is answered to a peer.
        own_title
            What a peer has to call.
        most
            How many associations may be open.
        """
        from pynetdicom.pdu_primitives import A_ASSOCIATE

        answer, peer = event.primitive, event.assoc.requestor
        if not isinstance(answer, A_ASSOCIATE):
            return
        who = caller(event.assoc)
        if answer.result == 0:
            if not any(one.result == 0 for one in answer.presentation_context_definition_results_list):
                found = "No class and transfer syntax that it offers is taken."
                self.note(who, UsageError("nothing-taken", found, "See what it is set to send."))
            return
        why = (answer.result_source, answer.diagnostic)
        if why == _WRONG_TITLE:
            found = f"It calls {_short(peer.primitive.called_ae_title)!r}, and this is {own_title!r}."
            self.note(who, UsageError("wrong-title", found, "Set the title in the device, or with --aet."))
        elif why == _UNKNOWN_CALLER:
            self.note(who, UsageError("unknown-caller", "--from does not name it.", "Add it if it may send."))
        elif why == _LIMIT:
            self.note(who, too_many(f"{most} associations may be open."))


def too_many(found: str) -> ResourceError:
    """Why a peer is turned away that comes while as many are there as may be."""
    return ResourceError("too-many-associations", found, "Raise --max-associations if they are all devices.")


def caller(association: Any) -> str:
    """Who calls: its AE title, as far as one is known, in printable letters, and its address."""
    peer = association.requestor
    title = _short(peer.ae_title)
    return f"{title!r} at {peer.address}" if title else f"a peer at {peer.address}"


def _short(title: str | None) -> str:
    """An AE title as it may stand in a line: nothing in it reaches a terminal as an order."""
    letters = (title or "").strip()[:_LONGEST_TITLE]
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in letters)
