"""The line that tells how a long run goes on."""

from __future__ import annotations

import sys
import time
from typing import Protocol

from .console import say, show_progress


class Progress(Protocol):
    """How far a run has come."""

    def text(self, now: float) -> str:
        """Return it in words, at a time of the monotonic clock in seconds."""

    def is_time(self, now: float) -> bool:
        """Return whether a log wants to hear it again."""


class ProgressLine:
    """Tells a person by a line that changes, and a log now and then.

    Parameters
    ----------
    quiet
        Whether nothing is said.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def goes_on(self, progress: Progress) -> None:
        """Show a line that changes on a terminal; elsewhere say one a minute."""
        now = time.monotonic()
        if self._terminal:
            show_progress(progress.text(now))
        elif not self._quiet and progress.is_time(now):
            say(f"{progress.text(now)}.")

    def line_done(self) -> None:
        """Take the changing line away."""
        if self._terminal:
            show_progress("")
