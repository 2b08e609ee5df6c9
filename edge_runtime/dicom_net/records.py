"""What became of every object and exam, in a database that is on the disk before anybody is told.

UIDs stand in it as digests, and nothing of a person does.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge_runtime.errors import OutputError, WriteError

_FORMAT = 1
_SCHEMA = """
CREATE TABLE objects (
    key TEXT PRIMARY KEY,      -- digest of its SOP Instance UID; the name of its file
    digest TEXT NOT NULL,      -- SHA-256 of its data set, as door.digest_of writes it; of older records, of its file
    study TEXT NOT NULL,       -- digests of UIDs
    series TEXT NOT NULL,
    eyes TEXT NOT NULL,        -- OD, OS, or both
    place INTEGER NOT NULL,    -- its Instance Number
    bytes INTEGER NOT NULL,    -- that its file takes; 0 when that was removed
    exam TEXT                  -- NULL while others may come
);
CREATE INDEX objects_by_exam ON objects (exam);
CREATE TABLE exams (
    number INTEGER PRIMARY KEY,  -- in the order of their coming
    exam TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    begun INTEGER NOT NULL DEFAULT 0,    -- how often its judging was begun, and never ended
    tries INTEGER NOT NULL DEFAULT 0,    -- how often a fault of program or machine ended it
    word TEXT,                   -- why it failed, or will have when its results were sent
    message TEXT,
    changed REAL NOT NULL
);
CREATE INDEX exams_by_state ON exams (state);
CREATE TABLE results (
    exam TEXT NOT NULL,
    name TEXT NOT NULL,        -- of its file
    bytes INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    refusals INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (exam, name)
);
"""


class State(StrEnum):
    """What becomes of an exam."""

    WAITING = "waiting"  # for its turn to be judged
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """An exam.

    Attributes
    ----------
    exam
        Its name: a digest of its objects.
    state, tries, word, message
        As the table says.
    """

    exam: str
    state: State
    tries: int
    word: str | None
    message: str | None


class Records:
    """The database; several threads may use it.

    Parameters
    ----------
    path
        Its file.
    may_begin
        Whether one is created where there is none; not where objects lie that it would have to know.

    Raises
    ------
    OutputError
        ``not-a-queue`` when the file is something else, or of another version; or missing or empty, and may not begin.
    WriteError
        ``write-failed`` when the disk does not let it be opened.
    """

    def __init__(self, path: str, *, may_begin: bool = True) -> None:
        self._lock, self._depth = threading.RLock(), 0
        if not may_begin and not os.path.exists(path):
            raise _lost()
        try:
            # Not autocommit=: that came with Python 3.12.
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            (found,) = self._db.execute("PRAGMA user_version").fetchone()
            if found == 0 and not may_begin:
                self._db.close()
                raise _lost()
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
            with self.change():
                if found == 0:
                    for statement in _SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {_FORMAT}")
        except (sqlite3.Error, WriteError) as error:
            raise _cannot_open(error) from error
        if found not in (0, _FORMAT):
            self._db.close()
            raise _not_a_queue()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make several changes as one: all are on the disk when this ends, or none.

        Raises
        ------
        WriteError
            ``write-failed`` when the disk does not take them.
        """
        with self._lock:
            if self._depth:  # the caller commits
                yield
                return
            self._depth = 1
            try:
                self._undo()  # what could not be undone before: it was promised to nobody
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self._undo()
                if isinstance(error, sqlite3.Error):
                    raise _refused("written") from error
                raise
            finally:
                self._depth = 0

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def write(self, statement: str, *values: Any) -> None:
        """Change something."""
        with self.change():
            self._db.execute(statement, values)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask for something.

        Raises
        ------
        WriteError
            ``write-failed`` when the disk does not let it be read.
        """
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise _refused("read") from error

    def entries(self, state: State) -> list[Entry]:
        """The exams in a state, oldest first."""
        found = self.rows(
            "SELECT exam, state, tries, word, message FROM exams WHERE state = ? ORDER BY number", state.value
        )
        return [Entry(exam, State(state), tries, word, message) for exam, state, tries, word, message in found]

    def keys(self, exam: str) -> list[str]:
        """The objects of an exam, in an order that does not rest on that in which they came."""
        return [key for (key,) in self.rows("SELECT key FROM objects WHERE exam = ? ORDER BY place, key", exam)]

    def entry(self, exam: str) -> Entry | None:
        """One exam."""
        found = self.rows("SELECT exam, state, tries, word, message FROM exams WHERE exam = ?", exam)
        return Entry(found[0][0], State(found[0][1]), *found[0][2:]) if found else None


def _refused(what: str) -> WriteError:
    return WriteError(
        "write-failed", f"The records of the queue could not be {what}.", "Free space on the disk, or mend it."
    )


def _cannot_open(error: Exception) -> OutputError | WriteError:
    """What to raise where the records could not be opened: something else lies there, or the disk is to blame."""
    cause = error.__cause__ if isinstance(error, WriteError) else error
    # Without the bits that say more. An error of SQL: there are other tables in it.
    number = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if number in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _not_a_queue()
    return _refused("opened")


def _not_a_queue() -> OutputError:
    return OutputError(
        "not-a-queue",
        "The folder holds records that are no queue of this version.",
        "Name another folder for the queue.",
    )


def _lost() -> OutputError:
    return OutputError(
        "not-a-queue",
        "The folder holds objects, and the records of them (records.sqlite) are missing or empty.",
        "Bring the records back; or name another folder for the queue, and send these objects again.",
        lost="Nothing was touched.",
    )
