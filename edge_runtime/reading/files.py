"""Read the bytes of one scan file, or of standard input, safely."""

from __future__ import annotations

import os
import stat
import sys

from edge_runtime.errors import ResourceError, ScanError, ScanMissingError
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS, MAX_BYTES


def printable_name(path: str | os.PathLike[str]) -> str:
    """The file's own name as valid Unicode without control characters, whatever bytes it is made of."""
    name = os.path.basename(os.fspath(path)).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of one regular file.

    Raises
    ------
    ScanMissingError
        When there is no such regular file, or it may not be read.
    ScanError
        ``empty-file`` or ``file-too-large``.
    ResourceError
        When no more files can be opened.
    """
    try:
        # Non-blocking, so that a FIFO without a writer is refused and not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _cannot_open(error) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise ScanMissingError("not-a-file", f"This is {kind}.", "Name the scan's file.")
    with open(descriptor, "rb") as file:
        if status.st_size > MAX_BYTES:
            raise _too_many_bytes()
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise _cannot_open(error) from error
    return _sized(data)


def read_standard_input() -> bytes:
    """All bytes of standard input; raises as `read_file` does."""
    if sys.stdin is None or sys.stdin.closed:
        raise ScanMissingError("missing-file", "Standard input is closed.", "Pipe a scan into it, or name a file.")
    try:
        return _sized(sys.stdin.buffer.read(MAX_BYTES + 1))
    except OSError as error:
        raise _cannot_open(error) from error


def _sized(data: bytes) -> bytes:
    if not data:
        raise ScanError("empty-file", "The file is empty.", EXPORT_AGAIN)
    if len(data) > MAX_BYTES:
        raise _too_many_bytes()
    return data


def _too_many_bytes() -> ScanError:
    return ScanError("file-too-large", f"The file is larger than {MAX_BYTES >> 20} MiB.", EXPORT_AS)


def _cannot_open(error: OSError | ValueError) -> ScanMissingError | ResourceError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return ScanMissingError("missing-file", "There is no such file.", "Check the path.")
        case PermissionError():
            return ScanMissingError("unreadable-file", "The file may not be read.", "Check its permissions.")
        case OSError(errno=code) if code in (23, 24):  # ENFILE, EMFILE
            return ResourceError(
                "too-many-open-files", "No more files can be opened.", "Close files, or raise the limit."
            )
        case _:
            return ScanMissingError("unreadable-file", "The file cannot be read.", "Check the path and the medium.")
