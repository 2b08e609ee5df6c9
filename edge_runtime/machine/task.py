"""Work that a thread of its own does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Task(Generic[Value]):
    """Starts `work` at once, in a thread of its own. `concurrent.futures` would do, at three times the import.

    Parameters
    ----------
    work
        Takes nothing; what it returns or raises is kept for `result`.
    """

    def __init__(self, work: Callable[[], Value]) -> None:
        self._work = work
        self._values: list[Value] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._values.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._error = error
        finally:
            self._done.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Return when the work is done, however it ended, or after `seconds`; whether it is done.

        A signal's exception interrupts it.
        """
        # Not only joined: Python 3.11 takes a thread for ended when a signal interrupts that.
        if not self._done.wait(seconds):
            return False
        self._thread.join()
        return True

    def result(self) -> Value:
        """What the work returned, when it is done; its error is raised here."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._values[0]
