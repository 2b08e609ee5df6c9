"""Objects that come: written, taken once, and gathered to exams.

A file is on the disk before the record that names it, and both before anybody is told: a kill in between leaves a file
that no record names, and a sender that sends it again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError

from .door import DATA_SET, digest_of, file_digest_of
from .records import State
from .settings import MB

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Lock

    from .door import Arrival
    from .records import Records
    from .settings import Bounds
    from .spool import Spool

_DIGITS = 16
_COLUMNS = "key, digest, study, series, eyes, place, bytes, exam"


class Taken(Enum):
    """What became of an object that came."""

    NEW = auto()
    KNOWN = auto()  # it came before, and nothing is done twice
    OTHER = auto()  # another object came with its UID


class Intake:
    """Takes objects; threads may share it.

    Parameters
    ----------
    records, spool
        Of the queue.
    bounds
        What it bears.
    moving
        Held by who gives files another place.
    """

    def __init__(self, records: Records, spool: Spool, bounds: Bounds, moving: Lock) -> None:
        self._records, self._spool, self._bounds, self._moving = records, spool, bounds, moving
        self._last_s: dict[str, float] = {}  # when the last single frame of a study came
        self._began_s = time.monotonic()

    def lack(self, size: int) -> str | None:
        """Why an object of this size, in bytes, may not come, in a sentence; None: it may.

        Raises
        ------
        WriteError
            When the disk cannot be asked.
        """
        bounds = self._bounds
        ((objects, lying),) = self._records.rows(
            "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM objects WHERE bytes > 0"
        )
        ((results,),) = self._records.rows("SELECT COALESCE(SUM(bytes), 0) FROM results")
        if objects >= bounds.queue_objects:
            return f"The queue holds {objects} objects, and may hold {bounds.queue_objects}."
        if lying + results + size > bounds.queue_bytes or lying + results >= bounds.queue_bytes:
            taken = f"{(lying + results) / MB:.0f} of {bounds.queue_bytes / MB:.0f} MB"
            return f"The queue has {taken} taken (--max-queue)."
        disk = self._spool.disk()
        if disk.free - size < bounds.free_bytes:
            free = f"{disk.free / MB:.0f} of {disk.total / MB:.0f} MB"
            return f"The disk has {free} free, and {bounds.free_bytes / MB:.0f} MB must stay free (--min-free)."
        return None

    def write(self, parts: Iterable[bytes]) -> str:
        """Write what comes to the disk; returns where it lies until it is taken or dropped. Raises WriteError."""
        return self._spool.write_arriving(parts)

    def drop(self, path: str) -> None:
        """Remove what came and was not taken."""
        self._spool.drop(path)

    def take(self, path: str, arrival: Arrival) -> Taken:
        """Take an object: when this returns, file and record are on the disk, and it may be acknowledged.

        Raises
        ------
        WriteError
            When the disk does not take it.
        """
        with self._moving:
            there = self._records.rows(
                "SELECT digest, o.exam, state FROM objects o LEFT JOIN exams USING (exam) WHERE key = ?", arrival.key
            )
            digest, exam, state = there[0] if there else ("", None, None)
            if there and state != State.FAILED:
                known = self._is_known(path, arrival, digest)
                if known and state != State.DONE and not self._spool.lies(arrival.key):  # the disk has lost it
                    self._spool.take(path, arrival.key)
                self._spool.drop(path)
                if exam is None:  # its sender has more of the study
                    self._last_s[arrival.study] = time.monotonic()
                return Taken.KNOWN if known else Taken.OTHER
            try:
                self._spool.take(path, arrival.key)
                self._record(arrival, exam)
            except BaseException:
                if not there or self._spool.lies_aside(exam, arrival.key):  # else a record names what lies here
                    self._spool.drop(self._spool.received(arrival.key))
                raise
            if there:
                self._spool.drop_failed(exam, arrival.key, last=not self._records.keys(exam))
            if not arrival.whole:
                self._last_s[arrival.study] = time.monotonic()
            return Taken.NEW

    def _is_known(self, path: str, arrival: Arrival, digest: str) -> bool:
        """Whether what came is what was recorded with its UID.

        An older record has a digest of the whole file, which changed with the version of a library. Then the file is
        asked that lies in the queue; and where that is gone, as its exam was done, what else is recorded: the study,
        the series, the eye and the number.
        """
        if digest.startswith(DATA_SET):
            return digest == arrival.digest
        try:
            if digest == file_digest_of(path):
                return True
            return digest_of(self._spool.received(arrival.key)) == arrival.digest
        except FileNotFoundError:
            facts = self._records.rows("SELECT study, series, eyes, place FROM objects WHERE key = ?", arrival.key)
            return facts == [(arrival.study, arrival.series, arrival.eyes, arrival.place)]
        except (OSError, EdgeCataractError):  # it was damaged on the disk
            return False

    def _record(self, arrival: Arrival, failed: str | None) -> None:
        """Record an object, in place of the one that an exam failed with."""
        with self._records.change():
            if failed is not None:
                self._forget(arrival.key, failed)
            self._records.write(
                f"INSERT INTO objects ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608  # fixed names
                arrival.key, arrival.digest, arrival.study, arrival.series, arrival.eyes, arrival.place, arrival.size,
            )  # fmt: skip
            if arrival.whole:
                self._plan([arrival.key])

    def _forget(self, key: str, exam: str) -> None:
        """Forget an object of an exam that failed: it came again."""
        self._records.write("DELETE FROM objects WHERE key = ?", key)
        if not self._records.keys(exam):
            self._records.write("DELETE FROM results WHERE exam = ?", exam)
            self._records.write("DELETE FROM exams WHERE exam = ?", exam)

    def plan(self, quiet_s: float) -> float | None:
        """Make exams of the single frames of studies that have been quiet for so long.

        Returns
        -------
        float
            Seconds until the next study has been; None where none waits.
        """
        with self._moving:
            now, next_s = time.monotonic(), None
            for (study,) in self._records.rows("SELECT DISTINCT study FROM objects WHERE exam IS NULL"):
                left = self._last_s.get(study, self._began_s) + quiet_s - now
                if left > 0:
                    next_s = left if next_s is None else min(next_s, left)
                    continue
                groups: dict[tuple[str, str], list[str]] = {}
                for key, series, eyes in self._records.rows(
                    "SELECT key, series, eyes FROM objects WHERE exam IS NULL AND study = ? ORDER BY rowid", study
                ):
                    groups.setdefault((series, eyes), []).append(key)
                with self._records.change():
                    for keys in groups.values():
                        self._plan(keys)
                self._last_s.pop(study, None)
            return next_s

    def _plan(self, keys: Sequence[str]) -> None:
        exam = hashlib.sha256("".join(sorted(keys)).encode()).hexdigest()[:_DIGITS]
        with self._records.change():
            self._records.write(
                "INSERT INTO exams (exam, state, changed) VALUES (?, ?, ?)", exam, State.WAITING.value, time.time()
            )
            for key in keys:
                self._records.write("UPDATE objects SET exam = ? WHERE key = ?", exam, key)
