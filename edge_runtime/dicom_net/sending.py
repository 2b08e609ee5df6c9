"""Results to the archive: again and again until it has each, or refuses it for good.

Oldest exams come first, but behind all others with which there was less trouble: none holds up the rest.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError, InternalError, OutputError, WriteError
from edge_runtime.machine.faults import known_error

from .archive_answers import StoreAnswer, StoreOutcome
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
_MOST_TRIES = 3  # of an exam whose results cannot be read any more, and are made again
_LOOK_S = 1.0
_LOOK_AT_IT = "Look at the log of the archive."
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
        self._unreachable, self._unreachable_until_s = 0, 0.0
        self._not_before_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._stumbles: dict[str, int] = {}

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
        while not self._ended.is_set():
            self._news.clear()
            try:
                pause_s = self.send_all()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next round may be better
                pause_s = self._put_off_all(known_error(error))
            # News end the wait for an archive that is not there, too: what it fails at may be one exam alone. Exams
            # that were tried before wait on, each for its own turn.
            self._news.wait(pause_s)

    def send_all(self) -> float:
        """Send everything whose turn has come; returns the seconds until there may be more to do.

        Raises
        ------
        WriteError
            When the records cannot be read or written.
        """
        for exam in self._exams.all_sent():  # a disk did not take that they are done with
            self._finish(exam)
        for exam, parcels in self._in_turn():
            if self._ended.is_set():
                break
            try:
                self._send(exam, parcels)
            except (OutputError, WriteError, OSError) as error:  # of the archive, or of a disk: the others wait
                self._put_off(exam)
                return self._put_off_all(known_error(error))
            except Exception as error:  # noqa: BLE001  # of this exam
                self._stumble(exam, known_error(error))
                continue
            self._unreachable, self._unreachable_until_s = 0, 0.0
        return _LOOK_S

    def _in_turn(self) -> list[tuple[str, list[Parcel]]]:
        """Exams whose turn has come, with what is to be sent of them: those that failed least often come first."""
        now = time.monotonic()
        due = [one for one in self._exams.to_send().items() if self._not_before_s.get(one[0], 0.0) <= now]
        return sorted(due, key=lambda one: self._failures.get(one[0], 0))

    def _put_off_all(self, fault: EdgeCataractError) -> float:
        """Say that nothing can be sent now; returns the seconds to wait, no more of them for a try on news."""
        now = time.monotonic()
        if now >= self._unreachable_until_s:
            self._unreachable += 1
            self._unreachable_until_s = now + self._patience.after(self._unreachable)
        wait_s = self._unreachable_until_s - now
        self._tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {fault.found}", word=fault.word))
        return wait_s

    def _put_off(self, exam: str) -> float:
        """Let the others come first; returns the seconds after which an exam has its turn again."""
        self._failures[exam] = self._failures.get(exam, 0) + 1
        wait_s = self._patience.after(self._failures[exam])
        self._not_before_s[exam] = time.monotonic() + wait_s
        return wait_s

    def _stumble(self, exam: str, fault: EdgeCataractError) -> None:
        """Put off an exam with which the program itself is at fault, and in the end set it aside."""
        self._stumbles[exam] = self._stumbles.get(exam, 0) + 1
        if self._stumbles[exam] >= MOST_REFUSALS:
            self._give_up(exam, fault)
            return
        wait_s = self._put_off(exam)
        self._tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {fault.found}", exam, fault.word))

    def _send(self, exam: str, parcels: list[Parcel]) -> None:
        """Send the results of one exam over one connection."""
        later: list[StoreAnswer] = []
        with closing(self._archive.send([one.path for one in parcels])) as answers:
            for parcel, answer in zip(parcels, answers, strict=True):
                match answer.outcome:
                    case StoreOutcome.THERE:
                        self._exams.sent(parcel)
                    case StoreOutcome.UNREADABLE:
                        self._make_again(exam)
                        return
                    case StoreOutcome.LATER:
                        later.append(answer)
                    case StoreOutcome.REFUSED:
                        later.append(answer)
                        self._exams.refused(parcel)
                        if parcel.refusals + 1 >= MOST_REFUSALS:
                            self._give_up(exam, _refused(answer), answer.status)
                            return
        if later:
            self._say_later(exam, later)
            return
        self._finish(exam)

    def _say_later(self, exam: str, answers: list[StoreAnswer]) -> None:
        """Put an exam off, and say what was answered to the first result that was refused, else that is not there."""
        wait_s = self._put_off(exam)
        first = next((one for one in answers if one.outcome is StoreOutcome.REFUSED), answers[0])
        said = "" if first.status is None else f" ({first.status})"
        if first.outcome is StoreOutcome.REFUSED:
            fault: EdgeCataractError = WriteError(
                "archive-refused", f"The archive refuses a result{said}.", _LOOK_AT_IT
            )
        else:
            found = f"The archive does not say that it has a result{said}."
            fault = OutputError("not-acknowledged", found, _LOOK_AT_IT)
        self._tell(Event(Happened.AGAIN, f"in {wait_s:.0f} s: {fault.found}", exam, fault.word, first.status))

    def _make_again(self, exam: str) -> None:
        """Have an exam judged anew whose results cannot be read any more; its received objects lie in the queue."""
        fault = InternalError("internal", "A result cannot be read from the queue any more.", "Look at its disk.")
        if not self._exams.judge_anew(exam, _MOST_TRIES):
            self._give_up(exam, fault)
            return
        self._forget(exam)
        self._tell(Event(Happened.AGAIN, f"now: {fault.found}", exam, fault.word))

    def _finish(self, exam: str) -> None:
        entry = self._exams.finish(exam)
        self._forget(exam)
        if entry is not None and entry.state is State.FAILED:
            self._tell(Event(Happened.FAILED, entry.message or "", exam, entry.word))
        else:
            self._tell(Event(Happened.SENT, "every result", exam))

    def _give_up(self, exam: str, fault: EdgeCataractError, status: str | None = None) -> None:
        self._exams.fail(exam, fault)
        self._forget(exam)
        self._tell(Event(Happened.FAILED, fault.found, exam, fault.word, status))

    def _forget(self, exam: str) -> None:
        self._not_before_s.pop(exam, None)
        self._failures.pop(exam, None)
        self._stumbles.pop(exam, None)


def _refused(answer: StoreAnswer) -> WriteError:
    said = "" if answer.status is None else f", at last with {answer.status}"
    return WriteError(
        "archive-refused",
        f"The archive refused a result {MOST_REFUSALS} times{said}.",
        "Look at its log, and start the receiver with --retry.",
    )
