"""Exams from their objects to results that were acknowledged: what is recorded of each step, and what becomes of files.

Files are moved and removed after the record that says so: a kill in between leaves files to `recover`, and a disk that
does not allow it leaves them to `place`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.errors import WriteError

from .places import Places
from .records import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Lock

    from edge_runtime.errors import EdgeCataractError

    from .records import Entry, Records
    from .spool import Spool


@dataclass(frozen=True, slots=True)
class Parcel:
    """A result to send.

    Attributes
    ----------
    exam, name
        Of which exam, and of its file.
    path
        Where it lies.
    refusals
        How often the archive has refused it.
    """

    exam: str
    name: str
    path: str
    refusals: int


class ExamBook:
    """Knows every exam; threads may share it.

    Parameters
    ----------
    records, spool
        Of the queue.
    keep
        Whether received objects are kept when they are done with.
    moving
        Held by who gives files another place.
    """

    def __init__(self, records: Records, spool: Spool, moving: Lock, *, keep: bool) -> None:
        self._records, self._spool, self._moving = records, spool, moving
        self._places = Places(records, spool, moving, keep=keep)

    def next_to_judge(self) -> Entry | None:
        """The oldest exam that waits for its turn, and whose files lie in their place."""
        waiting = self._records.entries(State.WAITING)
        return next((entry for entry in waiting if entry.exam not in self._places.missed), None)

    def paths(self, exam: str) -> list[str]:
        """The files of an exam, in its order."""
        return [self._spool.received(key) for key in self._records.keys(exam)]

    def judged(
        self,
        exam: str,
        contents: Mapping[str, bytes],
        fault: EdgeCataractError | None,
        permit: Callable[[], None] | None = None,
    ) -> None:
        """Keep the results of an exam; when this returns, they are on the disk.

        Parameters
        ----------
        exam
            Which.
        contents
            {name: content} of each result.
        fault
            Why an eye of it has none; None: all have.
        permit
            As `Spool.put_results`.
        """
        self._spool.put_results(exam, contents, permit)
        with self._records.change():
            self._records.write("DELETE FROM results WHERE exam = ?", exam)
            for name, content in contents.items():
                self._records.write(
                    "INSERT INTO results (exam, name, bytes) VALUES (?, ?, ?)", exam, name, len(content)
                )
            self._turn(exam, State.SENDING, fault)

    def begin(self, exam: str) -> int:
        """Count that the judging of an exam begins; returns how often it did since it last ended somehow."""
        return self._count("begun", exam)

    def survived(self, exam: str) -> None:
        """Record that the judging of an exam ended, somehow."""
        self._records.write("UPDATE exams SET begun = 0 WHERE exam = ?", exam)

    def tried(self, exam: str) -> int:
        """Count a try that a fault of program or machine ended; returns how many there were."""
        return self._count("tries", exam)

    def _count(self, column: str, exam: str) -> int:
        with self._records.change():
            self._records.write(f"UPDATE exams SET {column} = {column} + 1 WHERE exam = ?", exam)  # noqa: S608  # fixed
            return int(self._records.rows(f"SELECT {column} FROM exams WHERE exam = ?", exam)[0][0])  # noqa: S608

    def fail(self, exam: str, fault: EdgeCataractError) -> None:
        """Set an exam aside, where a person finds it with its word; its files follow as soon as the disk allows it.

        Raises
        ------
        WriteError
            When that cannot be recorded; then nothing has changed.
        """
        with self._moving:
            self._turn(exam, State.FAILED, fault)
            self._places.put(exam, State.FAILED)

    def judge_anew(self, exam: str, most: int) -> bool:
        """Let an exam be judged anew whose results cannot be read any more.

        Parameters
        ----------
        exam
            Which.
        most
            How often it may be tried, with the tries that a fault of program or machine ended.

        Returns
        -------
        bool
            Whether it is; it was not tried so often yet.
        """
        with self._moving, self._records.change():
            if self.tried(exam) >= most:
                return False
            self._wait_again(exam)
            return True

    def to_send(self) -> dict[str, list[Parcel]]:
        """The results that are still to be sent, by their exams, oldest first."""
        found: dict[str, list[Parcel]] = {}
        for exam, name, refusals in self._records.rows(
            "SELECT exam, name, refusals FROM results JOIN exams USING (exam) "
            "WHERE state = ? AND sent = 0 ORDER BY number, results.rowid",
            State.SENDING.value,
        ):
            found.setdefault(exam, []).append(Parcel(exam, name, self._spool.result(exam, name), refusals))
        return found

    def all_sent(self) -> list[str]:
        """Exams of which every result was sent, and that was recorded, and not yet that they are done with."""
        found = self._records.rows(
            "SELECT exam FROM exams WHERE state = ? "
            "AND NOT EXISTS (SELECT 1 FROM results WHERE results.exam = exams.exam AND sent = 0) ORDER BY number",
            State.SENDING.value,
        )
        return [exam for (exam,) in found]

    def sent(self, parcel: Parcel) -> None:
        """Record that the archive has a result."""
        self._records.write("UPDATE results SET sent = 1 WHERE exam = ? AND name = ?", parcel.exam, parcel.name)

    def refused(self, parcel: Parcel) -> None:
        """Record that the archive refused a result."""
        self._records.write(
            "UPDATE results SET refusals = refusals + 1 WHERE exam = ? AND name = ?", parcel.exam, parcel.name
        )

    def finish(self, exam: str) -> Entry | None:
        """An exam whose results were all sent is done; one with an eye that has none is set aside.

        Returns
        -------
        Entry
            The exam, as it is now.
        """
        with self._moving:
            entry = self._records.entry(exam)
            if entry is None:
                return None
            state = State.FAILED if entry.word else State.DONE
            with self._records.change():
                self._records.write(
                    "UPDATE exams SET state = ?, changed = ? WHERE exam = ?", state.value, time.time(), exam
                )
                self._records.write("DELETE FROM results WHERE exam = ?", exam)
                if state is State.DONE:
                    self._records.write("UPDATE objects SET bytes = 0 WHERE exam = ?", exam)
            self._places.put(exam, state)
            return self._records.entry(exam)

    def recover(self, *, retry: bool) -> None:
        """Put right what a kill left half-done; with `retry`, judge anew what failed.

        An exam that was set aside, and whose folder a person removed, is forgotten. What the disk does not allow for
        one exam is left to `place`, or to the next start.

        Raises
        ------
        WriteError
            When the records cannot be read.
        """
        for entry in self._records.entries(State.FAILED):
            with suppress(WriteError):
                if self._spool.is_gone(entry.exam, self._records.keys(entry.exam)):
                    self._drop(entry.exam)
                elif retry:
                    with self._records.change():
                        self._wait_again(entry.exam)
                        self._records.write("UPDATE exams SET tries = 0 WHERE exam = ?", entry.exam)
        for exam in self.all_sent():
            with suppress(WriteError):
                self.finish(exam)
        self._places.put_all()

    def place(self) -> WriteError | None:
        """As `Places.put_missed`."""
        return self._places.put_missed()

    def forget_old(self, remember_s: float) -> None:
        """Forget exams that were done so long ago."""
        before = time.time() - remember_s
        with self._records.change():
            old = "SELECT exam FROM exams WHERE state = ? AND changed < ?"
            done = State.DONE.value
            self._records.write(f"DELETE FROM objects WHERE exam IN ({old})", done, before)  # noqa: S608  # fixed text
            self._records.write("DELETE FROM exams WHERE state = ? AND changed < ?", done, before)

    def counts(self) -> dict[str, int]:
        """Number of exams by their state, and of ``objects`` that wait for others."""
        found = {state.value: 0 for state in State}
        found |= dict(self._records.rows("SELECT state, COUNT(*) FROM exams GROUP BY state"))
        ((found["objects"],),) = self._records.rows("SELECT COUNT(*) FROM objects WHERE exam IS NULL")
        return found

    def _turn(self, exam: str, state: State, fault: EdgeCataractError | None) -> None:
        self._records.write(
            "UPDATE exams SET state = ?, word = ?, message = ?, changed = ? WHERE exam = ?",
            state.value, *((fault.word, fault.found) if fault else (None, None)), time.time(), exam,
        )  # fmt: skip

    def _drop(self, exam: str) -> None:
        with self._records.change():
            for table in ("results", "objects", "exams"):
                self._records.write(f"DELETE FROM {table} WHERE exam = ?", exam)  # noqa: S608  # fixed names

    def _wait_again(self, exam: str) -> None:
        self._records.write("DELETE FROM results WHERE exam = ?", exam)
        self._turn(exam, State.WAITING, None)
        self._records.write("UPDATE exams SET begun = 0 WHERE exam = ?", exam)
