"""Time the steps of an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter


class Stopwatch:
    """Runs from its construction."""

    def __init__(self) -> None:
        self._since = perf_counter()

    def lap_ms(self) -> float:
        """Wall time in milliseconds since the last lap, or since the start, to a tenth."""
        now = perf_counter()
        elapsed, self._since = now - self._since, now
        return round(elapsed * 1000, 1)


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall time of the steps of one scan, in milliseconds.

    Attributes
    ----------
    read
        Reading and decoding the file, or what was left to wait for when it was read ahead.
    prepare
        Bringing it to the native pitch and finding the scale of brightness.
    infer
        Labelling, the search for the lens included.
    measure
        Counting and judging.
    """

    read: float
    prepare: float
    infer: float
    measure: float
