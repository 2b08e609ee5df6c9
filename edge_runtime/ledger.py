"""A crash-safe record of finished work, so that a stopped run can be continued.

A ledger is a text file, and lines are only ever added to it. The first line is the stamp: it describes the work, and a
ledger with another stamp is not continued. Every other line is the record of one finished piece of work under its key.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .errors import OutputError, UsageError, WriteError
from .ledger_lines import SCHEMA, differing_entries, may_be_stamp, record_of, seal, unseal
from .locked_file import open_locked, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Self


class Ledger:
    """A ledger that is open for writing: new, or continued where an earlier run stopped.

    Use it in a ``with`` statement. A line that a crash left unfinished is cut off on opening, so that its work is done
    again. One process writes at a time, and within it one thread; workers hand their results to that one.

    Parameters
    ----------
    path
        The file; its folder must exist.
    stamp
        Describes the work: everything that, if it differed, would make the earlier records wrong.
    replace
        Start over where the file records other work, instead of raising. Damage, and files of another kind, are errors
        in any case.
    sync_every
        Number of records after which they are forced to the disk. With the default of 1, a record survives a loss of
        power as soon as `append` returns. With more, the records since the last `sync` survive the end of the process
        but not a loss of power, which may also leave damage that `Ledger` then reports.

    Attributes
    ----------
    path
        The file.
    stamp
        The stamp of this work.

    Raises
    ------
    OutputError
        When the file records other work (``ledger-other-work``), is being written by another process
        (``ledger-in-use``), is damaged (``damaged-ledger``), is a file of another kind (``not-a-ledger``), or cannot be
        opened (``output-folder``).
    UsageError
        When the stamp holds anything but plain JSON values (``not-a-record``).
    ResourceError, WriteError
        When no more files can be opened, or the stamp cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], stamp: Mapping[str, Any], *, replace: bool = False, sync_every: int = 1
    ) -> None:
        if sync_every < 1:
            raise ValueError(f"sync_every is {sync_every}; it must be at least 1.")
        self.path = os.path.abspath(path)
        self.stamp = dict(stamp)
        self._sync_every = sync_every
        self._unsynced = 0
        self._offsets: dict[str, int] = {}  # where the line of each key starts; records stay on the disk
        self._checksum = 0
        self._end = 0
        line, checksum = seal({"schema": SCHEMA, "stamp": self.stamp}, 0)
        self._file = open_locked(self.path)
        try:
            self._load(replace)
            if self._end == 0:
                self._write(line, checksum)
                self.sync()
                sync_folder(os.path.dirname(self.path))
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise write_error(error) from error
            raise

    def check_in_place(self) -> None:
        """Check that the open file still has its name: what is added to one without it is lost with this process.

        A share that does not say at the moment counts as one that has it.

        Raises
        ------
        OutputError
            ``ledger-replaced`` when it was removed, moved away, or another has its name.
        """
        try:
            own, named = os.fstat(self._file.fileno()), os.stat(self.path)
        except OSError as error:
            if is_of_lost(error):
                raise replaced() from error
            return
        # Some shares give a file another number at every look; its size and time are the same then.
        if not os.path.samestat(own, named) and (own.st_size, own.st_mtime_ns) != (named.st_size, named.st_mtime_ns):
            raise replaced()

    def append(self, key: str, record: Mapping[str, Any]) -> None:
        """Record a finished piece of work. When this returns, the record is in the file (see `sync_every`).

        After a `WriteError`, nothing of the record is left behind and the ledger is closed.

        Parameters
        ----------
        key
            Name of the piece of work, not recorded before: two pieces of work under one key are a mistake that would
            lose one of them.
        record
            Plain JSON values, which are read back exactly as they are given: text, finite numbers, true, false, None,
            lists and dictionaries with text as keys.

        Raises
        ------
        UsageError
            When the key is recorded already (``duplicate-key``), or the record holds other values (``not-a-record``).
        OutputError
            As `check_in_place`.
        WriteError
            When writing fails, for example on a full disk.
        """
        if key in self._offsets:
            raise UsageError(
                "duplicate-key", "The ledger has a record under this key.", "Give every piece of work its own key."
            )
        if not isinstance(key, str):
            raise UsageError("not-a-record", "The key of a record is no text.", "Convert it first.")
        line, checksum = seal({"key": key, "record": dict(record)}, self._checksum)
        self.check_in_place()
        self._offsets[key] = self._end
        try:
            self._write(line, checksum)
        except BaseException:
            del self._offsets[key]
            raise

    def __contains__(self, key: object) -> bool:
        return key in self._offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def __iter__(self) -> Iterator[str]:
        """The keys, in the order in which they were appended."""
        return iter(tuple(self._offsets))

    def __getitem__(self, key: str) -> dict[str, Any]:
        """The record of a key; KeyError where there is none."""
        offset = self._offsets[key]
        with open(self.path, "rb") as file:
            file.seek(offset)
            return record_of(file.readline())

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every key with its record, in the order in which they were appended; one at a time is held in memory."""
        with open(self.path, "rb") as file:
            file.readline()  # the stamp
            for key in self:
                yield key, record_of(file.readline())

    def sync(self) -> None:
        """Force all records to the disk now.

        Raises
        ------
        WriteError
            When the disk fails.
        """
        if not self._unsynced:
            return
        try:
            sync_file(self._file.fileno())
        except OSError as error:
            raise write_error(error) from error
        self._unsynced = 0

    def close(self) -> None:
        """Force all records to the disk, and let other processes write. A closed ledger cannot be appended to.

        Raises
        ------
        WriteError
            When the disk fails.
        """
        if self._file.closed:
            return
        try:
            self.sync()
        finally:
            self._close()

    def _close(self) -> None:
        with suppress(OSError):  # a share may complain; what was synced is on the disk, and the lock ends all the same
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, replace: bool) -> None:
        """Find every record, and cut off what a crash left unfinished."""
        with open(self.path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if number == 1 and not may_be_stamp(line):
                    raise OutputError(
                        "not-a-ledger", "The file is no ledger of this version.", "Name another file, or move this one."
                    )
                unsealed = unseal(line, self._checksum)
                if unsealed is None:
                    # Only the last line can be left unfinished; anywhere else it is damage. It may have its end and
                    # lack its middle, because the parts of one write reach the disk in any order.
                    if lines.read(1):
                        raise _damaged(number)
                    break
                fields, checksum = unsealed
                if number == 1:
                    if not self._is_same_work(fields["stamp"], replace):
                        break
                else:
                    self._offsets[fields["key"]] = self._end
                self._checksum = checksum
                self._end += len(line)
        if os.fstat(self._file.fileno()).st_size > self._end:
            self._file.truncate(self._end)
            sync_file(self._file.fileno())

    def _is_same_work(self, found: dict[str, Any], replace: bool) -> bool:
        differing = differing_entries(found, self.stamp)
        if differing and not replace:
            raise OutputError(
                "ledger-other-work",
                f"The ledger records other work, which differs in {', '.join(differing)}.",
                "Name another folder, or repeat the request that was begun there.",
            )
        return not differing

    def _write(self, line: bytes, checksum: int) -> None:
        """Add a line in one call, so that after a crash it is whole or the last of the file."""
        start = self._end
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._checksum = checksum
            self._end += len(line)
            self._unsynced += 1
            if self._unsynced >= self._sync_every:
                self.sync()
        except BaseException as error:  # an interruption too: how much of the line was written is unknown
            with suppress(OSError):
                self._file.truncate(start)
            self._close()
            if isinstance(error, OSError):
                raise write_error(error) from error
            raise


def is_of_lost(error: OSError) -> bool:
    """Whether a file is not there any more, and not only out of reach at the moment."""
    return isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno == errno.ESTALE


def replaced() -> OutputError:
    """The error to raise where a ledger is no longer the file that was begun, or continued."""
    return OutputError(
        "ledger-replaced",
        "The ledger was removed, moved or replaced while it was in use.",
        "Put it back, or leave its folder to this program, and run again.",
        lost="Nothing further was done.",
    )


def _damaged(number: int) -> OutputError:
    return OutputError(
        "damaged-ledger",
        f"Line {number} of the ledger is not as it was written.",
        "Restore the file, or remove this line and all that follow: their work is then done again.",
    )


def write_error(error: OSError) -> WriteError:
    """The error to raise where the disk of a ledger fails."""
    return WriteError(
        "write-failed",
        f"The ledger could not be written: {error.strerror or 'unknown reason'}.",
        "Free space on the disk, and run again to continue.",
        lost="Earlier records are kept.",
    )
