"""Exams from their objects to results that were acknowledged: what is recorded of each step, and what becomes of files.

Files are removed after the record that they are done with: a kill in between leaves files that `recover` removes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import Entry, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Lock

    from edge_runtime.errors import EdgeCataractError

    from .records import Records
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
        self._records, self._spool, self._moving, self._keep = records, spool, moving, keep

    def next_to_judge(self) -> Entry | None:
        """The oldest exam that waits for its turn."""
        return next(iter(self._records.entries(State.WAITING)), None)

    def paths(self, exam: str) -> list[str]:
        """The files of an exam, in its order."""
        return [self._spool.received(key) for key in self._records.keys(exam)]

    def judged(self, exam: str, contents: Mapping[str, bytes], fault: EdgeCataractError | None) -> None:
        """Keep the results of an exam; when this returns, they are on the disk.

        Parameters
        ----------
        exam
            Which.
        contents
            {name: content} of each result.
        fault
            Why an eye of it has none; None: all have.
        """
        self._spool.put_results(exam, contents)
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
        """Set an exam aside, where a person finds it with its word."""
        with self._moving:
            self._turn(exam, State.FAILED, fault)
            self._set_aside(exam)

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
            self._clear(exam, state)
            return self._records.entry(exam)

    def recover(self, *, retry: bool) -> None:
        """Put right what a kill left half-done; with `retry`, judge anew what failed.

        An exam that was set aside, and whose folder a person removed, is forgotten.
        """
        for entry in self._records.entries(State.FAILED):
            if self._spool.is_gone(entry.exam, self._records.keys(entry.exam)):
                self._drop(entry.exam)
            elif retry:
                self._judge_again(entry.exam)
        unsent = self.to_send()
        for entry in self._records.entries(State.SENDING):
            if entry.exam not in unsent:
                self.finish(entry.exam)
        for state in State:
            for entry in self._records.entries(state):
                self._clear(entry.exam, state)
        sending, failed = (
            {entry.exam for entry in self._records.entries(state)} for state in (State.SENDING, State.FAILED)
        )
        self._spool.sweep(
            {key for (key,) in self._records.rows("SELECT key FROM objects WHERE bytes > 0")}, sending, failed
        )

    def _clear(self, exam: str, state: State) -> None:
        """Give the files of an exam the place that its state asks for; doing that again does no harm."""
        match state:
            case State.DONE:
                self._spool.end(exam, self._records.keys(exam), keep=self._keep)
            case State.FAILED:
                self._set_aside(exam)
            case State.WAITING:
                self._spool.bring_back(exam, self._records.keys(exam))
            case State.SENDING:
                pass

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

    def _judge_again(self, exam: str) -> None:
        with self._records.change():
            self._records.write("DELETE FROM results WHERE exam = ?", exam)
            self._turn(exam, State.WAITING, None)
            self._records.write("UPDATE exams SET tries = 0, begun = 0 WHERE exam = ?", exam)

    def _set_aside(self, exam: str) -> None:
        entry, keys = self._records.entry(exam), self._records.keys(exam)
        if entry is not None:
            reason = {"exam": exam, "word": entry.word, "message": entry.message, "objects": len(keys)}
            self._spool.set_aside(exam, keys, reason)
