"""How much a peer may send: so that none fills the memory, and none holds up the others."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from edge_runtime.errors import ResourceError

from .settings import MB
from .turned_away import caller

if TYPE_CHECKING:
    from .turned_away import TurnedAway

_MOST_REQUEST_BYTES = 1 << 20  # of any PDU: one that asks for an association is longer than one of data


class Meter:
    """Counts what is on its way, so that no peer fills the memory: who sends too much, or too slowly, is cut off.

    Parameters
    ----------
    object_bytes
        Of one object.
    peer_s
        Seconds for one PDU.
    turned_away
        Notes who sends too much.
    """

    def __init__(self, object_bytes: int, peer_s: float, turned_away: TurnedAway) -> None:
        self._object_bytes, self._each = object_bytes, object_bytes + _MOST_REQUEST_BYTES
        self._peer_s, self._turned_away = peer_s, turned_away
        self._lock = threading.Lock()
        self._coming: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # whose ends are not always reported

    def watch(self, event: Any) -> None:
        """Read what a connection brings in place of pynetdicom, which takes a PDU of any length at any pace."""
        event.assoc.dul.socket.recv = partial(self._recv, event.assoc)

    def _recv(self, association: Any, count: int) -> bytearray:
        refused = self._admit(association, count)
        if refused is not None:
            self._turned_away.note(caller(association), refused)
            raise OSError("more than is taken")  # which ends the association
        data, until_s = bytearray(), time.monotonic() + self._peer_s
        while len(data) < count and time.monotonic() < until_s:
            part = association.dul.socket.socket.recv(count - len(data))
            if not part:
                break
            data += part
        return data  # which ends the association where it is too short

    def _admit(self, association: Any, count: int) -> ResourceError | None:
        """Count what comes next; why it is too much, None where it is not."""
        with self._lock:
            coming = self._coming.pop(association, 0) + count
            if count > _MOST_REQUEST_BYTES:
                return _too_large("It announces one PDU of more than 1 MiB.", "See what sends there.")
            if coming > self._each:
                found = f"It sends an object of more than {self._object_bytes / MB:g} MB."
                return _too_large(found, "Raise --max-object if the memory allows it.")
            if (coming + sum(self._coming.values())) / 2 > self._each:
                found = "The objects that are on their way take more memory than two of the largest (--max-object)."
                return ResourceError("queue-full", found, "Let fewer devices send at one time.")
            self._coming[association] = coming
        return None

    def done(self, event: Any) -> None:
        """An object came and is out of memory, or a connection was closed."""
        with self._lock:
            self._coming.pop(event.assoc, None)


def _too_large(found: str, remedy: str) -> ResourceError:
    return ResourceError("object-too-large", found, remedy)
