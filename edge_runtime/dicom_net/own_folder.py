"""The folder of a queue: made, or found, and kept to one process."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO

from edge_runtime.errors import EdgeCataractError, OutputError
from edge_runtime.locked_file import open_locked

ARRIVING, RECEIVED, OUTBOX, FAILED, KEPT = _FOLDERS = ("arriving", "received", "outbox", "failed", "kept")
_LOCK, RECORDS = "receiver.lock", "records.sqlite"
_BESIDE_RECORDS = (f"{RECORDS}-wal", f"{RECORDS}-shm")  # of SQLite; the first may hold what was acknowledged
_LOCKED = (*_FOLDERS, *_BESIDE_RECORDS, RECORDS)  # what only the holder of the lock touches


class OwnFolder:
    """A folder that one process works in.

    Parameters
    ----------
    folder
        It is created where there is none, in a folder that must exist; nobody else may look into it.

    Raises
    ------
    OutputError
        ``queue-in-use``, ``not-a-queue``, ``output-folder``.
    ResourceError, WriteError
        As `open_locked`.
    """

    def __init__(self, folder: str) -> None:
        self._folder, self._began = folder, _made(folder)
        try:
            before = self._names()
            if before - {*_LOCKED, _LOCK}:
                raise OutputError("not-a-queue", "The folder holds other files than those of a queue.", "Name another.")
            self._lock = self._locked()
        except OSError as error:
            self._remove_folder()
            raise _no_folder() from error
        except EdgeCataractError as error:
            if error.word != "queue-in-use":
                self._remove_folder()
            raise
        self._new = [] if _LOCK in before else [_LOCK]
        try:
            self._new = [*_new_beside(self._names()), *self._new]
            for name in _FOLDERS:
                os.makedirs(self._path(name), mode=0o700, exist_ok=True)
        except OSError as error:
            self.abandon()
            raise _no_folder() from error

    def _names(self) -> set[str]:
        return set(os.listdir(self._folder))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _locked(self) -> BinaryIO:
        try:
            lock = open_locked(self._path(_LOCK))
        except EdgeCataractError as error:
            if error.word == "ledger-in-use":
                raise _in_use() from error
            if self._began:
                with suppress(OSError):  # another process has begun with it
                    os.rmdir(self._folder)
            raise
        with suppress(OSError):
            if os.path.samestat(os.fstat(lock.fileno()), os.stat(self._path(_LOCK))):
                return lock
        lock.close()  # another process removed it meanwhile, as its queue could not be opened
        raise _in_use()

    def close(self) -> None:
        """Let another process work with it."""
        self._lock.close()

    def abandon(self) -> None:
        """Close it, and remove what was not there before: nothing was received yet.

        The name of the lock goes last, and while it is held: from then on another process may begin here.
        """
        for name in self._new:
            with suppress(OSError):
                (os.rmdir if name in _FOLDERS else os.unlink)(self._path(name))
        self._remove_folder()
        self.close()

    def _remove_folder(self) -> None:
        """Remove the folder where this process made it; not one in which another has begun."""
        if self._began:
            with suppress(OSError):
                os.rmdir(self._folder)


def _new_beside(there: set[str]) -> list[str]:
    """What is not there yet, and may be removed again, in this order; looked for by the holder of the lock alone.

    What lies beside records that are there is theirs, whenever it came.
    """
    return [name for name in _LOCKED if name not in there and not (RECORDS in there and name in _BESIDE_RECORDS)]


def _made(folder: str) -> bool:
    """Make the folder of a queue; whether it was not there.

    The folder around it is not made: it may be that of a disk that is not mounted.
    """
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return False
    except FileNotFoundError as error:
        raise OutputError(
            "output-folder",
            "The folder in which the queue is to be made does not exist.",
            "Mount its disk, make the folder, or name another.",
        ) from error
    except OSError as error:
        raise _no_folder() from error
    return True


def _no_folder() -> OutputError:
    return OutputError("output-folder", "The folder of the queue cannot be created.", "Name another, or make room.")


def _in_use() -> OutputError:
    return OutputError(
        "queue-in-use", "Another receiver works with this queue.", "Give each receiver a queue of its own."
    )
