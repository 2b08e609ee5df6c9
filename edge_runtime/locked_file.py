"""A file to which one process at a time may add."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from .errors import EdgeCataractError, OutputError, WriteError, too_many_open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    _Busy = type[OSError] | tuple[type[OSError], ...]

# What a share or a removable medium says that does not know how to sync a file, or a folder.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_FOLDER_SYNC = {*_NO_SYNC, errno.EACCES, errno.EPERM, errno.EBADF}
_LOCK_OF_FOLDER = ".edge-cataract.lock"
_IN_USE = "ledger-in-use"
_LOCKED_BYTE = 1 << 40  # for Windows, where others cannot read what is locked: far beyond any content
# Who may read a file may lock it, for ever: so nobody waits for ever. An honest holder writes for a moment.
FOLDER_WAIT_S = 30.0
_TRY_AGAIN_S = 0.01
_BUSY = (BlockingIOError, PermissionError)  # the latter on Windows, and on shares of Windows
_FULL = {errno.ENOSPC, errno.EDQUOT}


def open_locked(path: str, *, wait_s: float = 0.0, what: str = "ledger") -> BinaryIO:
    """Open a file for appending, without a buffer, and lock it until it is closed; create it where there is none.

    The lock ends with the process, however that ends. Reading is free to all.

    Parameters
    ----------
    path
        The file.
    wait_s
        Seconds to wait for another that holds the lock, before raising.
    what
        What the file is, for messages.

    Raises
    ------
    OutputError
        When another holds the lock (``ledger-in-use``), or the file cannot be opened or locked (``output-folder``).
    ResourceError
        ``too-many-open-files``.
    WriteError
        ``write-failed`` when the disk is full, so that the file cannot be created.
    """
    try:
        file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115  # the caller closes it
    except OSError as error:
        raise _cannot_open(error, what) from error
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "It is no regular file")
        _lock(file.fileno(), wait_s)
    except _BUSY as error:
        file.close()
        raise _held(what) from error
    except (OSError, ImportError) as error:
        file.close()
        raise _cannot_open(error, what) from error
    except BaseException:  # interrupted while it waited
        file.close()
        raise
    return file


@contextmanager
def unwritten(file: BinaryIO) -> Iterator[None]:
    """While nobody who uses `open_locked` writes into a file; it waits for that, 30 s at most.

    Where none can be locked, at once.
    """
    try:
        import fcntl

        _until_free(lambda: fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB), FOLDER_WAIT_S, BlockingIOError)
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

    Raises
    ------
    OutputError
        ``ledger-in-use`` when another keeps one locked for 30 s.
    """
    named: dict[tuple[int, int], str] = {}
    for folder in folders:
        with suppress(OSError):  # who writes into it will be told
            status = os.stat(folder)
            named[status.st_dev, status.st_ino or hash(os.path.realpath(folder))] = folder
    with ExitStack() as stack:
        for _, folder in sorted(named.items()):  # in one order for all, so that no two wait for each other
            try:
                stack.enter_context(_locked_folder(folder))
            except EdgeCataractError as error:
                if error.word == _IN_USE:
                    raise
        yield


@contextmanager
def _locked_folder(folder: str) -> Iterator[None]:
    """Hold the lock of a folder, or that of a file in it where folders have none, as on Windows and some shares."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _lock(descriptor, FOLDER_WAIT_S, BlockingIOError)
        except BaseException:
            os.close(descriptor)
            raise
    except BlockingIOError as error:
        raise _held("output folder") from error
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
            file = open_locked(path, wait_s=FOLDER_WAIT_S, what="output folder")
        except EdgeCataractError as error:
            if error.word != _IN_USE:  # nothing can be locked here: what was opened for that must not stay
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


def share(target: int | str, folder: str) -> None:
    """Give a file or a folder the group of another folder, and let those read it who may read that one.

    Its owner alone may write. Where the group may not be given, it gets no rights; where the system has no such
    permissions, nothing is done.

    Parameters
    ----------
    target
        Open file, or path of a folder.
    folder
        The folder; permissions to search it count for folders alone.
    """
    like = os.stat(folder)
    is_folder = stat.S_ISDIR(os.stat(target).st_mode)
    if sys.platform != "win32":
        with suppress(OSError):
            os.chown(target, -1, like.st_gid)
        has_group = os.stat(target).st_gid == like.st_gid
        readers = like.st_mode & (0o2055 if is_folder else 0o044) & ~(0 if has_group else 0o2070)
        os.chmod(target, (0o700 if is_folder else 0o600) | readers)


def _lock(descriptor: int, wait_s: float, busy: _Busy = _BUSY) -> None:
    """Lock for this process alone; raises one of `busy` when another still holds it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        _until_free(lambda: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1), wait_s, busy)
    else:
        import fcntl

        # Not lockf: its locks end as soon as any descriptor of the file is closed, and reading opens others.
        _until_free(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_s, busy)


def _until_free(lock: Callable[[], object], wait_s: float, busy: _Busy) -> None:
    """Try to lock again and again; no system waits for a lock with a limit."""
    end = time.monotonic() + wait_s
    while True:
        try:
            lock()
        except busy:
            if time.monotonic() >= end:
                raise
        else:
            return
        time.sleep(_TRY_AGAIN_S)


def _held(what: str) -> OutputError:
    return OutputError(
        "ledger-in-use", f"Another process is writing the {what}.", "Wait until it has ended, or end it."
    )


def _cannot_open(error: OSError | ImportError, what: str) -> EdgeCataractError:
    reason = getattr(error, "strerror", None) or "It is no regular file, or cannot be locked"
    number = getattr(error, "errno", None)
    if number in _FULL:
        return WriteError("write-failed", f"The {what} cannot be begun: {reason}.", "Free space on the disk.")
    if number in (errno.EMFILE, errno.ENFILE):
        return too_many_open_files()
    return OutputError("output-folder", f"The {what} cannot be opened: {reason}.", "Name another folder.")
