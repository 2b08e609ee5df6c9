"""How the program ends on a signal: at once, in order, wherever it is.

Python runs a handler between two steps of the main thread. An exception that it raises there ends the program in
order, but not in the middle of an import: importlib calls back with its locks held, and an exception would be lost, or
leave them held for ever. So a signal that comes during an import waits for its end, some milliseconds. It also comes
again until the program has noticed: where Python calls back by itself, exceptions are swallowed.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

_AGAIN_S = 0.02
_IMPORTLIB = "<frozen importlib"
INTERRUPTED: dict[int, int] = {
    number: 128 + number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))
}


class Interrupted(BaseException):
    """A signal that ends the program, as an exception, so that temporary files are removed.

    Attributes
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


_came: list[int] = []


def listen() -> None:
    """From now on, end in order on signals that the program was not started to ignore."""
    sys.unraisablehook = _unheard
    for number in INTERRUPTED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


def listen_to_the_system() -> None:
    """End in order on signals that would end a program at once; those that the host handles stay its own."""
    for number in INTERRUPTED:
        if signal.getsignal(number) is signal.SIG_DFL and number != signal.SIGINT:
            signal.signal(number, _heard)


def heard_out() -> None:
    """Say that the program has noticed: the signal comes no more."""
    _came.clear()
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def listen_no_more() -> None:
    """Leave signals to the system again: while the interpreter ends, nobody hears an exception."""
    heard_out()
    for number in INTERRUPTED:
        if signal.getsignal(number) is _heard:
            signal.signal(number, signal.SIG_DFL)


def end_at_once(code: int) -> NoReturn:
    """End the process with a code, after what was printed has gone out."""
    with suppress(Interrupted):
        listen_no_more()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _unheard(unraisable: sys.UnraisableHookArgs) -> None:
    """What is swallowed where Python calls back: a signal comes again, anything else is reported as usual."""
    if not isinstance(unraisable.exc_value, Interrupted):
        sys.__unraisablehook__(unraisable)


def _heard(number: int, frame: FrameType | None) -> None:
    if number in INTERRUPTED:
        _came[:1] = [number]
    if not _came:
        return
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _heard)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        while frame is not None:
            if frame.f_code.co_filename.startswith(_IMPORTLIB):
                return
            frame = frame.f_back
    raise Interrupted(_came[0])
