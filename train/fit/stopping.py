"""Ctrl-C between two steps: the step at hand is finished, so that its state can be saved."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType


class Interruption:
    """Waits for Ctrl-C while a run trains; a second Ctrl-C stops it at once.

    Parameters
    ----------
    wanted
        False leaves Ctrl-C as it is: several processes would not stop after the same step.

    Attributes
    ----------
    came
        Whether Ctrl-C was pressed.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.came = False
        # Handlers belong to the main thread, and a program that was started to ignore Ctrl-C goes on ignoring it.
        in_main = threading.current_thread() is threading.main_thread()
        self._listens = wanted and in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def __enter__(self) -> Self:
        if self._listens:
            signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        if self._listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
