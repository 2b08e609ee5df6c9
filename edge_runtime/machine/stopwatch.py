"""Time the steps of an analysis."""

from __future__ import annotations

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
