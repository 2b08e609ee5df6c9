"""Try again what a network or a store refuses for a while: with growing pauses, and not for ever."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from edge_runtime.errors import AnalysisCancelledError, OutputError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
PATIENCE_S = 900.0  # that one request may be refused before the run ends
_GROWTH = 2.0

_Result = TypeVar("_Result")


class PassingError(Exception):
    """The store, or the way to it, refused a request that it may take later."""


@dataclass(slots=True)
class RetryPolicy:
    """Repeats requests, and counts them.

    Attributes
    ----------
    limit_s
        Seconds that one request may be refused.
    stopped
        Set when the run ends: nobody waits any more.
    requests, repeated
        Requests that were made, and those among them that repeated one.
    """

    limit_s: float = PATIENCE_S
    stopped: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    repeated: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: Callable[[], _Result]) -> _Result:
        """Make a request until it is answered.

        Pauses are drawn below a bound that doubles, so that many workers do not come back at the same moment.

        Raises
        ------
        OutputError
            ``store-unreachable`` when it is refused for too long.
        AnalysisCancelledError
            When the run ends meanwhile.
        """
        until, pause_s = time.monotonic() + self.limit_s, FIRST_PAUSE_S
        again = False
        while True:
            with self._lock:
                self.requests += 1
                self.repeated += again
            try:
                return request()
            except PassingError as error:
                if time.monotonic() >= until:
                    raise OutputError(
                        "store-unreachable",
                        f"The store of the archive refused a request for {self.limit_s:g} s: {error}.",
                        "Look whether it runs and its keys are valid; the same command continues.",
                    ) from error
            if self.stopped.wait(random.uniform(0.0, pause_s)):  # noqa: S311 - no secret
                raise AnalysisCancelledError("cancelled", "The run ends.", "The same command continues.")
            pause_s, again = min(pause_s * _GROWTH, LONGEST_PAUSE_S), True
