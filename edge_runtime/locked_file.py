"""A file to which one process at a time may add."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from .errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

# What a share or a removable medium says that does not know how to sync a file, or a folder.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_FOLDER_SYNC = {*_NO_SYNC, errno.EACCES, errno.EPERM, errno.EBADF}
_LOCK_OF_FOLDER = ".edge-cataract.lock"
_LOCKED_BYTE = 1 << 40  # for Windows, where others cannot read what is locked: far beyond any content


def open_locked(path: str, *, wait: bool = False, what: str = "ledger") -> BinaryIO:
    """Open a file for appending, without a buffer, and lock it until it is closed; create it where there is none.

    The lock ends with the process, however that ends. Reading is free to all.

    Parameters
    ----------
    path
        The file.
    wait
        Whether to wait for another that holds the lock, instead of raising.
    what
        What the file is, for messages.

    Raises
    ------
    OutputError
        When another holds the lock (``ledger-in-use``), or the file cannot be opened or locked (``output-folder``).
    """
    try:
        file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115  # the caller closes it
    except OSError as error:
        raise _cannot_open(error, what) from error
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "It is no regular file")
        _lock(file.fileno(), wait=wait)
    except (BlockingIOError, PermissionError) as error:
        file.close()
        raise OutputError(
            "ledger-in-use", f"Another process is writing the {what}.", "Wait until it has ended, or end it."
        ) from error
    except (OSError, ImportError) as error:
        file.close()
        raise _cannot_open(error, what) from error
    except BaseException:  # interrupted while it waited
        file.close()
        raise
    return file


@contextmanager
def unwritten(file: BinaryIO) -> Iterator[None]:
    """While nobody who uses `open_locked` writes into a file; it waits for that. Where none can be locked, at once."""
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_SH)
    except (OSError, ImportError):
        yield
        return
    try:
        yield
    finally:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


@contextmanager
def locked_folders(folders: Sequence[str]) -> Iterator[None]:
    """While no other process that uses this puts files into any of these folders; it waits for that.

    Where neither a folder nor a file in it can be locked, at once.
    """
    named: dict[tuple[int, int], str] = {}
    for folder in folders:
        with suppress(OSError):  # who writes into it will be told
            status = os.stat(folder)
            named[status.st_dev, status.st_ino or hash(os.path.realpath(folder))] = folder
    with ExitStack() as stack:
        for _, folder in sorted(named.items()):  # in one order for all, so that no two wait for each other
            with suppress(OutputError):
                stack.enter_context(_locked_folder(folder))
        yield


@contextmanager
def _locked_folder(folder: str) -> Iterator[None]:
    """Hold the lock of a folder, or that of a file in it where folders have none, as on Windows and some shares."""
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
    except (OSError, ImportError):
        with _lock_file_of(folder):
            yield
        return
    try:
        yield
    finally:
        with suppress(OSError):  # the lock ends all the same
            os.close(descriptor)


@contextmanager
def _lock_file_of(folder: str) -> Iterator[None]:
    """Hold the lock of a file that is in the folder only as long as somebody holds it, or waits for it."""
    path = os.path.join(folder, _LOCK_OF_FOLDER)
    while True:
        try:
            file = open_locked(path, wait=True, what="folder")
        except OutputError:  # nothing can be locked here: what was opened for that must not stay
            with suppress(OSError):
                os.unlink(path)
            raise
        with suppress(OSError):  # removed by another that this one waited for
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                break
        file.close()
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps what is open: it stays, and harms nobody
            os.unlink(path)
        with suppress(OSError):
            file.close()


def sync_file(descriptor: int) -> bool:
    """Force a file to the disk, where its medium can: a share may not know how; whether it did.

    Raises
    ------
    OSError
        When the disk fails.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
        return False
    return True


def sync_folder(folder: str) -> None:
    """Make the names of new files durable, where the system and the medium can; Windows has no such call.

    Raises
    ------
    OSError
        When the disk fails.
    """
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NO_FOLDER_SYNC:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: str, mode: int = 0o777) -> None:
    """Make a folder where there is none, with those above it; when this returns, their names are on the disk.

    Parameters
    ----------
    folder
        The folder.
    mode
        Its permissions, less those of the umask; folders above it get the usual ones.

    Raises
    ------
    OSError
        When one cannot be made, or the disk fails.
    """
    folder = os.path.abspath(folder)
    above = os.path.dirname(folder)
    if above != folder and not os.path.isdir(above):
        make_folder(above)
    os.makedirs(folder, mode, exist_ok=True)
    sync_folder(above)  # of one that is there, too: its maker may have been killed before this


def _lock(descriptor: int, *, wait: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        # Not lockf: its locks end as soon as any descriptor of the file is closed, and reading opens others.
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _cannot_open(error: OSError | ImportError, what: str) -> OutputError:
    reason = getattr(error, "strerror", None) or "It is no regular file, or cannot be locked"
    return OutputError("output-folder", f"The {what} cannot be opened: {reason}.", "Name another folder.")
