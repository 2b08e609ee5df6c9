"""The files of a queue. Whatever is here and in no record was never acknowledged, and may go.

Whatever the disk refuses is a `WriteError`: the program waits until it has room, and goes on.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from edge_runtime.errors import OutputError, WriteError
from edge_runtime.locked_file import make_folder, sync_folder
from edge_runtime.report.files import write_all

from .own_folder import ARRIVING, FAILED, KEPT, OUTBOX, RECEIVED, RECORDS, OwnFolder

_REASON = "reason.json"
_ENDING = ".dcm"

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def _on_disk(work: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Make a `WriteError` of what the disk refuses: it is full, failed, or was made read-only for a while."""

    @wraps(work)
    def translated(*given: _Given.args, **named: _Given.kwargs) -> _Made:
        try:
            return work(*given, **named)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "unknown reason"
            raise WriteError(
                "write-failed", f"The queue could not be written: {reason}.", "Free space on the disk."
            ) from error
        except OutputError as error:  # of `write_all`, which ends other programs
            raise WriteError("write-failed", error.found, "Free space on the disk.") from error

    return translated


class Disk(NamedTuple):
    """A disk, in bytes.

    Attributes
    ----------
    total, free
        Its size, and what is left.
    """

    total: int
    free: int


class Spool:
    """A folder that one process works in. All that it does raises `WriteError` where the disk does not allow it.

    Parameters
    ----------
    folder
        As of `OwnFolder`, which it raises as.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._own = OwnFolder(folder)

    def _path(self, *names: str) -> str:
        return os.path.join(self.folder, *names)

    @property
    def records(self) -> str:
        """The database."""
        return self._path(RECORDS)

    @_on_disk
    def holds_any(self) -> bool:
        """Whether something lies in it that was acknowledged, or set aside."""
        return any(os.listdir(self._path(name)) for name in (RECEIVED, OUTBOX, FAILED))

    @_on_disk
    def sync(self) -> None:
        """Make the names of its folders and of the database durable."""
        sync_folder(self.folder)

    def close(self) -> None:
        """Let another process work with it."""
        self._own.close()

    def abandon(self) -> None:
        """Close it, and remove what was not there before: nothing was received yet."""
        self._own.abandon()

    @_on_disk
    def disk(self) -> Disk:
        """How large its disk is, and what is left on it."""
        found = shutil.disk_usage(self.folder)
        return Disk(found.total, found.free)

    @_on_disk
    def write_arriving(self, parts: Iterable[bytes]) -> str:
        """Write what comes, so that it is on the disk; returns where.

        Raises
        ------
        WriteError
            When the disk does not take it; nothing is left of it then.
        """
        path = self._path(ARRIVING, os.urandom(12).hex())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            self.drop(path)
            raise
        return path

    def drop(self, path: str) -> None:
        """Remove a file."""
        with suppress(OSError):
            os.unlink(path)

    def received(self, key: str) -> str:
        """Where a received object lies."""
        return self._path(RECEIVED, f"{key}{_ENDING}")

    @_on_disk
    def take(self, path: str, key: str) -> None:
        """Give what came its place; its name is on the disk when this returns."""
        os.replace(path, self.received(key))
        sync_folder(self._path(RECEIVED))

    @_on_disk
    def put_results(self, exam: str, contents: Mapping[str, bytes], permit: Callable[[], None] | None = None) -> None:
        """Write the results of an exam so that they are on the disk.

        Parameters
        ----------
        exam
            Which.
        contents
            {name: content} of each result.
        permit
            Called when all are on the disk, and before they have their names; what it raises leaves nothing of them.
        """
        folder = self._path(OUTBOX, exam)
        make_folder(folder, 0o700)
        write_all({os.path.join(folder, name): content for name, content in contents.items()}, permit)

    def result(self, exam: str, name: str) -> str:
        """Where a result lies."""
        return self._path(OUTBOX, exam, name)

    @_on_disk
    def end(self, exam: str, keys: Sequence[str], *, keep: bool) -> None:
        """Remove what was done with, or put it aside; doing that again does no harm."""
        for key in keys:
            if keep:
                os.makedirs(self._path(KEPT, exam), mode=0o700, exist_ok=True)
                self._move(self.received(key), self._path(KEPT, exam, f"{key}{_ENDING}"))
            else:
                self.drop(self.received(key))
        shutil.rmtree(self._path(OUTBOX, exam), ignore_errors=True)

    @_on_disk
    def set_aside(self, exam: str, keys: Sequence[str], reason: Mapping[str, Any]) -> None:
        """Put an exam where a person finds it, with the reason beside it; doing that again does no harm."""
        folder = self._path(FAILED, exam)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for key in keys:
            self._move(self.received(key), os.path.join(folder, f"{key}{_ENDING}"))
        with suppress(FileNotFoundError):  # there is no outbox of it; whatever else fails is tried again
            for name in os.listdir(self._path(OUTBOX, exam)):
                self._move(self.result(exam, name), os.path.join(folder, name))
        shutil.rmtree(self._path(OUTBOX, exam), ignore_errors=True)
        path, content = os.path.join(folder, _REASON), json.dumps(dict(reason), indent=1).encode() + b"\n"
        if _content_of(path) != content:
            write_all({path: content})

    @_on_disk
    def is_gone(self, exam: str, keys: Sequence[str]) -> bool:
        """Whether somebody removed an exam that was set aside; what cannot be looked for is not gone."""
        return not any(map(_is_there, [self._path(FAILED, exam), *map(self.received, keys)]))

    def lies(self, key: str) -> bool:
        """Whether a received object lies in its place, as far as can be seen."""
        return os.path.exists(self.received(key))

    def lies_aside(self, exam: str, key: str) -> bool:
        """Whether an object lies where its exam was set aside, as far as can be seen."""
        return os.path.exists(self._path(FAILED, exam, f"{key}{_ENDING}"))

    @_on_disk
    def bring_back(self, exam: str, keys: Sequence[str]) -> None:
        """Take an exam from where it was set aside; doing that again does no harm."""
        for key in keys:
            self._move(self._path(FAILED, exam, f"{key}{_ENDING}"), self.received(key))
        sync_folder(self._path(RECEIVED))
        shutil.rmtree(self._path(FAILED, exam), ignore_errors=True)

    def drop_failed(self, exam: str, key: str, *, last: bool) -> None:
        """Remove an object that was set aside, and with the last one the folder of its exam."""
        self.drop(self._path(FAILED, exam, f"{key}{_ENDING}"))
        if last:
            shutil.rmtree(self._path(FAILED, exam), ignore_errors=True)

    @_on_disk
    def sweep(self, keys: set[str], exams: set[str], failed: set[str]) -> None:
        """Remove what no record names: it was never acknowledged, or is done with.

        Parameters
        ----------
        keys
            Objects that lie in the queue.
        exams
            Exams with results to send.
        failed
            Exams that were set aside.
        """
        for name in os.listdir(self._path(ARRIVING)):
            self.drop(self._path(ARRIVING, name))
        for name in os.listdir(self._path(RECEIVED)):
            if name.removesuffix(_ENDING) not in keys:
                self.drop(self._path(RECEIVED, name))
        for folder, known in ((OUTBOX, exams), (FAILED, failed)):
            for name in os.listdir(self._path(folder)):
                if name not in known:
                    shutil.rmtree(self._path(folder, name), ignore_errors=True)

    def _move(self, source: str, target: str) -> None:
        try:
            os.replace(source, target)
        except FileNotFoundError:
            if os.path.lexists(source):  # what is missing is its new folder
                raise
            # It was moved before: by a process that was killed, or before the disk was full.


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _content_of(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
