"""Write outputs durably: all of them in full, or none."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Mapping

from edge_runtime.errors import OutputError, UsageError, WriteError

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


def check_targets(targets: list[str], inputs: list[str]) -> None:
    """Before any work: every target can be created, and none would replace an input, a folder or another target.

    Raises
    ------
    UsageError
        When a target is already taken.
    OutputError
        When its folder is missing, read-only or no folder.
    """
    taken = {os.path.realpath(path) for path in inputs if path != "-"}
    for target in targets:
        place = os.path.realpath(target)
        if place in taken or os.path.isdir(place):
            raise UsageError(
                "output-taken", "An output would replace an input, a folder, or another output.", "Name another output."
            )
        taken.add(place)
        if _is_special(place) and os.access(place, os.W_OK):
            continue
        folder = os.path.dirname(place)
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(
                "output-folder",
                "The folder of an output is missing or cannot be written.",
                "Create it, or name another.",
            )


def write_all(contents: Mapping[str, bytes]) -> None:
    """Write every {path: bytes} and make it durable; when one fails, none of them is left behind.

    Each is written beside its target under a temporary name and synced, and only then are all of them renamed.
    A target that is a device or a pipe is written to directly.

    Raises
    ------
    OutputError
        When a file cannot be created.
    WriteError
        When writing fails part-way, for example on a full disk.
    """
    import secrets

    staged: list[tuple[str, str]] = []
    published: list[str] = []
    done = False
    try:
        for target, content in contents.items():
            if _is_special(target):
                _write_special(target, content)
                continue
            # Not the process number: in containers that share a folder, every process has the same.
            temporary = os.path.join(os.path.dirname(target) or ".", f".edge-cataract-{secrets.token_hex(8)}.tmp")
            staged.append((temporary, target))
            _write_synced(temporary, content)
        for temporary, target in staged:
            os.replace(temporary, target)
            published.append(target)
        for folder in {os.path.dirname(target) or "." for _, target in staged}:
            _sync_folder(folder)
        done = True
    except OSError as error:
        raise _translated(error) from error
    finally:
        for leftover in [temporary for temporary, _ in staged] + ([] if done else published):
            with contextlib.suppress(OSError):
                os.unlink(leftover)


def _is_special(target: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(target).st_mode)
    except OSError:
        return False


def _write_special(target: str, content: bytes) -> None:
    with open(target, "wb", buffering=0) as file:
        file.write(content)


def _write_synced(temporary: str, content: bytes) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _translated(error: OSError) -> OutputError | WriteError:
    if error.errno in _CANNOT_CREATE:
        return OutputError(
            "output-folder", f"An output cannot be created: {os.strerror(error.errno)}.", "Name another folder."
        )
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return WriteError(
        "write-failed", f"An output could not be written: {reason}.", "Free space on the disk, or name another folder."
    )
