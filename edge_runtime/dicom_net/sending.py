"""Results to the archive: in the order of their exams, again and again until it has each, or refuses it for good."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from edge_runtime.errors import OutputError, WriteError

from .archive import StoreOutcome
from .events import Event, Happened
from .records import State

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .archive import Archive
    from .events import Tell
    from .exam_book import ExamBook, Parcel
    from .settings import Patience

MOST_REFUSALS = 8  # of one result: some minutes, in which an archive may be set right
_LOOK_S = 1.0
_END_S = 2.0  # for a result that is on its way when the receiver is asked to end


class Sender:
    """A thread that sends, from when it is entered until it is left.

    Parameters
    ----------
    exams
        Knows what there is to send.
    archive
        Takes it.
    patience
        How long it waits after a failure.
    tell
        Called with what happened.
    """

    def __init__(self, exams: ExamBook, archive: Archive, patience: Patience, tell: Tell) -> None:
        self._exams, self._archive, self._patience, self._tell = exams, archive, patience, tell
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._news, self._ended = threading.Event(), threading.Event()
        self._unreachable = 0
        self._not_before_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self.error: Exception | None = None  # that ended the thread

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._news.set()
        self._thread.join(_END_S)  # what is on its way then is sent again at the next start, under the same UID

    def look(self) -> None:
        """Say that there is something new to send."""
        self._news.set()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._news.clear()
                pause_s = self.send_all()
                # News do not shorten the wait for an archive that is not there.
                (self._ended if self._unreachable else self._news).wait(pause_s)
        except Exception as error:  # noqa: BLE001  # the receiver raises it
            self.error = error

    def send_all(self) -> float:
        """Send everything whose turn has come; returns the seconds until there may be more to do."""
        for exam, parcels in self._exams.to_send().items():
            if self._ended.is_set():
                break
            if self._not_before_s.get(exam, 0.0) > time.monotonic():
                continue
            try:
                self._send(exam, parcels)
            except (OutputError, WriteError) as error:
                if isinstance(error, OutputError) and error.word != "archive-unreachable":
                    raise
                self._unreachable += 1
                wait_s = self._patience.after(self._unreachable)
                self._tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {error.found}", word=error.word))
                return wait_s
            self._unreachable = 0
        return _LOOK_S

    def _send(self, exam: str, parcels: list[Parcel]) -> None:
        """Send the results of one exam over one connection."""
        later = False
        with closing(self._archive.send([one.path for one in parcels])) as outcomes:
            for parcel, outcome in zip(parcels, outcomes, strict=True):
                if outcome is StoreOutcome.THERE:
                    self._exams.sent(parcel)
                    continue
                later = True
                if outcome is StoreOutcome.REFUSED:
                    self._exams.refused(parcel)
                    if parcel.refusals + 1 >= MOST_REFUSALS:
                        self._give_up(exam)
                        return
        if later:
            self._failures[exam] = self._failures.get(exam, 0) + 1
            wait_s = self._patience.after(self._failures[exam])
            self._not_before_s[exam] = time.monotonic() + wait_s
            self._tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: the archive does not say that it has a result", exam))
            return
        self._finish(exam)

    def _finish(self, exam: str) -> None:
        self._forget(exam)
        entry = self._exams.finish(exam)
        if entry is not None and entry.state is State.FAILED:
            self._tell(Event(Happened.FAILED, entry.message or "", exam, entry.word))
        else:
            self._tell(Event(Happened.SENT, "every result", exam))

    def _give_up(self, exam: str) -> None:
        self._forget(exam)
        fault = WriteError(
            "archive-refused",
            f"The archive refused a result {MOST_REFUSALS} times.",
            "Look at its log, and start the receiver with --retry.",
        )
        self._exams.fail(exam, fault)
        self._tell(Event(Happened.FAILED, fault.found, exam, fault.word))

    def _forget(self, exam: str) -> None:
        self._not_before_s.pop(exam, None)
        self._failures.pop(exam, None)
