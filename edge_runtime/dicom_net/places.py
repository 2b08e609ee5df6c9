"""The files of exams, each in the place that the state of its exam asks for, as soon as the disk allows it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from edge_runtime.errors import WriteError

from .records import State

if TYPE_CHECKING:
    from threading import Lock

    from .records import Records
    from .spool import Spool


class Places:
    """Moves the files of exams after it was recorded what becomes of them; threads may share it.

    Parameters
    ----------
    records, spool
        Of the queue.
    keep
        Whether received objects are kept when they are done with.
    moving
        Held by who gives files another place.

    Attributes
    ----------
    missed
        Exams whose files the disk did not let move yet.
    """

    def __init__(self, records: Records, spool: Spool, moving: Lock, *, keep: bool) -> None:
        self._records, self._spool, self._moving, self._keep = records, spool, moving, keep
        self.missed: set[str] = set()

    def put(self, exam: str, state: State) -> WriteError | None:
        """Give the files of an exam the place that a state asks for; doing that again does no harm.

        Who calls it holds the lock.

        Returns
        -------
        WriteError
            Why the disk does not allow it, and `put_missed` is to do it later; None: it is done.
        """
        try:
            self._put(exam, state)
        except WriteError as error:
            self.missed.add(exam)
            return error
        self.missed.discard(exam)
        return None

    def put_missed(self) -> WriteError | None:
        """Give files the place where they belong, of exams for which the disk did not allow it before.

        Returns
        -------
        WriteError
            Why the disk does not allow it for one of them; None: all lie where they belong.
        """
        fault = None
        with self._moving:
            for exam in sorted(self.missed):
                try:
                    entry = self._records.entry(exam)
                except WriteError as error:
                    return error
                if entry is None:  # all of its objects came again
                    self.missed.discard(exam)
                else:
                    fault = self.put(exam, entry.state) or fault
        return fault

    def put_all(self) -> None:
        """Give the files of every exam their place, and remove what no record names.

        Raises
        ------
        WriteError
            When the records cannot be read.
        """
        for state in State:
            for entry in self._records.entries(state):
                self.put(entry.exam, state)
        known = {state: {entry.exam for entry in self._records.entries(state)} for state in State}
        keys = {key for (key,) in self._records.rows("SELECT key FROM objects WHERE bytes > 0")}
        keys.update(key for exam in self.missed for key in self._records.keys(exam))
        with suppress(WriteError):  # the next start sweeps, too
            self._spool.sweep(keys, known[State.SENDING] | self.missed, known[State.FAILED] | self.missed)

    def _put(self, exam: str, state: State) -> None:
        match state:
            case State.DONE:
                self._spool.end(exam, self._records.keys(exam), keep=self._keep)
            case State.FAILED:
                self._set_aside(exam)
            case State.WAITING:
                self._spool.bring_back(exam, self._records.keys(exam))
            case State.SENDING:
                pass

    def _set_aside(self, exam: str) -> None:
        entry, keys = self._records.entry(exam), self._records.keys(exam)
        if entry is not None:
            reason = {"exam": exam, "word": entry.word, "message": entry.message, "objects": len(keys)}
            self._spool.set_aside(exam, keys, reason)
