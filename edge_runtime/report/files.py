"""Write outputs durably: all of them in full, or none, and what they replace is kept until then.

Every file is written beside its target under a temporary name and synced. A journal then says which name belongs to
which target, and only then are the files renamed. When something fails, what was there is put back. A process that is
killed leaves its journal: the next one that writes into the folder finishes the renames (or, where there is no complete
journal, removes the temporary files), so that two files of one result never stay of different runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
from collections.abc import Iterator, Mapping

from edge_runtime.errors import OutputError, WriteError
from edge_runtime.locked_file import sync_file, sync_folder

from .journal import Journal, finish_interrupted, temporary_name

_CANNOT_CREATE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}
_LINKS_FOLLOWED = 40


def write_all(contents: Mapping[str, bytes]) -> None:
    """Write every {path: bytes} and make it durable; when one fails, all that was there before is there again.

    A target that is a device, a pipe, or a link to an open descriptor is written to directly, after the others.

    Raises
    ------
    OutputError
        When a file cannot be created.
    WriteError
        When writing fails part-way, for example on a full disk.
    """
    direct = {target: content for target, content in contents.items() if is_special(target)}
    durable = {target: content for target, content in contents.items() if target not in direct}
    try:
        if durable:
            _write_durable(durable)
        for target, content in direct.items():
            _write_direct(target, content)
    except OSError as error:
        raise _translated(error) from error


def _write_durable(contents: Mapping[str, bytes]) -> None:
    # Not the process number: in containers that share a folder, every process has the same.
    token = os.urandom(8).hex()
    folders = list(dict.fromkeys(os.path.dirname(target) or "." for target in contents))
    for folder in folders:
        finish_interrupted(folder)
    staged: list[tuple[str, str]] = []
    with Journal(folders[0], token, needed=len(contents) > 1) as journal:
        try:
            for number, (target, content) in enumerate(contents.items()):
                temporary = temporary_name(os.path.dirname(target) or ".", token, number)
                journal.own(temporary)
                staged.append((temporary, target))
                _write_synced(temporary, content)
            with _signals_held():
                journal.record(staged)
                _publish(staged, folders, journal)
        finally:
            with _signals_held():  # a signal that ends the program comes again and again until it has ended
                for temporary, _ in staged:
                    journal.remove(temporary)


def _publish(staged: list[tuple[str, str]], folders: list[str], journal: Journal) -> None:
    """Rename every file to its target; when one fails, put back what was there."""
    kept: list[tuple[str, str]] = []
    published: list[str] = []
    try:
        if len(staged) > 1:
            for temporary, target in staged:
                if os.path.lexists(target):
                    kept.append((f"{temporary[:-4]}.old.tmp", target))
                    _keep(target, kept[-1][0])
        for temporary, target in staged:
            os.replace(temporary, target)
            published.append(target)
        for folder in folders:
            sync_folder(folder)
    except BaseException:
        backups = {target: backup for backup, target in kept}
        for target in published:
            with contextlib.suppress(OSError):
                if target in backups:
                    os.replace(backups[target], target)
                else:
                    os.unlink(target)
        raise
    finally:
        for backup, _ in kept:
            journal.remove(backup)


def _keep(target: str, backup: str) -> None:
    """Keep what is there under another name: a second link, or a copy where the file system has no links."""
    try:
        os.link(target, backup, follow_symlinks=False)
    except (OSError, NotImplementedError, AttributeError):
        if os.path.islink(target):
            os.symlink(os.readlink(target), backup)
            return
        with open(target, "rb") as file:
            _write_synced(backup, file.read())


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back signals that end the program, for the milliseconds of a rename; they arrive afterwards.

    The clock by which `program_signals` lets them come again is held back, too.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
    signals = {getattr(signal, name) for name in names if hasattr(signal, name)}
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


def is_special(target: str) -> bool:
    """Whether a target is a device, a pipe or the like, or a link to an open descriptor such as /dev/stdout."""
    try:
        if not stat.S_ISREG(os.stat(target).st_mode):
            return True
    except OSError:
        return False
    place = os.path.abspath(target)
    for _ in range(_LINKS_FOLLOWED):
        if place.startswith(("/proc/", "/dev/fd/")):
            return True
        if not os.path.islink(place):
            return False
        place = os.path.normpath(os.path.join(os.path.dirname(place), os.readlink(place)))
    return False


def _write_direct(target: str, content: bytes) -> None:
    with open(target, "wb") as file:  # buffered: a pipe may take a part only, and is then given the rest
        file.write(content)


def _write_synced(temporary: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        sync_file(descriptor)


def _translated(error: OSError) -> OutputError | WriteError:
    if error.errno in _CANNOT_CREATE:
        return OutputError(
            "output-folder", f"An output cannot be created: {os.strerror(error.errno)}.", "Name another folder."
        )
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return WriteError(
        "write-failed", f"An output could not be written: {reason}.", "Free space on the disk, or name another folder."
    )
