"""Whether there is room for objects: said when it changes, and not only to the device that has to try again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError

from .events import Event, Happened

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .events import Tell
    from .intake import Intake

STEADY_S = 10.0
_LOOK_S = 1.0


class Room:
    """Says that objects are refused for lack of room, and that they are taken again.

    Parameters
    ----------
    intake
        Knows what room there is.
    tell
        Called with what happened.
    steady_s
        Seconds for which there must have been room before that is said: it may come and go with every object.
    """

    def __init__(self, intake: Intake, tell: Tell, steady_s: float = STEADY_S) -> None:
        self._intake, self._tell, self._steady_s = intake, tell, steady_s
        self._is_full, self._lacked_s = False, 0.0

    def look(self) -> None:
        """Look once; nothing is said where nothing changed."""
        now = time.monotonic()
        try:
            lack = self._intake.lack(0)
        except EdgeCataractError as error:  # a disk that cannot be asked takes nothing either
            lack = error.found
        if lack is not None:
            self._lacked_s = now
            if not self._is_full:
                self._is_full = True
                self._tell(Event(Happened.FULL, f"every object is refused: {lack}", word="queue-full", status="0xA700"))
        elif self._is_full and now - self._lacked_s >= self._steady_s:
            self._is_full = False
            self._tell(Event(Happened.ROOM, "objects are taken again"))


class Lookout:
    """A thread that looks about every second, from when it is entered until it is left; once before that.

    Parameters
    ----------
    looks
        What it calls.
    """

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        self._looks, self._ended = looks, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_LOOK_S)

    def _look(self) -> None:
        for look in self._looks:
            look()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_S):
            with suppress(Exception):  # whatever it is, the next look may be better
                self._look()
