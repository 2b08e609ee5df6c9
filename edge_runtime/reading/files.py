"""Read the bytes of one scan file, or of standard input, safely."""

from __future__ import annotations

import os
import stat
import sys
from typing import BinaryIO

from edge_runtime.errors import ResourceError, ScanError, ScanMissingError, UsageError, too_many_open_files
from edge_runtime.printable import printable
from edge_runtime.scan import EXPORT_AGAIN, EXPORT_AS, MAX_BYTES

ScanFile = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

# Non-blocking, so that a FIFO without a writer is refused and not waited for; binary where the system has text files.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


DICOM_AT, DICOM_MARK = 128, b"DICM"


def is_dicom(content: bytes | bytearray | memoryview) -> bool:
    """Whether what begins so is a DICOM file: ``DICM`` after 128 bytes, whatever those are, a picture's header too."""
    return bytes(content[DICOM_AT : DICOM_AT + len(DICOM_MARK)]) == DICOM_MARK


def begins_as_dicom(scan: ScanFile) -> bool:
    """Whether a path or bytes hold a DICOM file; of an open file, or standard input, nobody knows before it is read."""
    if isinstance(scan, bytes | bytearray | memoryview):
        return is_dicom(scan)
    if not isinstance(scan, str | os.PathLike) or os.fspath(scan) == "-":
        return False
    try:
        with open_file(scan) as file:
            return is_dicom(file.read(DICOM_AT + len(DICOM_MARK)))
    except (ScanMissingError, ResourceError, OSError):
        return False  # reading it will say why


def name_of(scan: ScanFile) -> str:
    """What an error about a scan names: its path as it was given; "" for bytes."""
    if isinstance(scan, bytes | bytearray | memoryview):
        return ""
    if isinstance(scan, str | os.PathLike):
        return os.fsdecode(scan)
    name = getattr(scan, "name", "")
    return name if isinstance(name, str) else ""


def read_content(scan: ScanFile) -> bytes:
    """The bytes of a scan, wherever they are: raises as `read_file` does, and UsageError for what is no scan."""
    if isinstance(scan, bytes | bytearray | memoryview):
        if len(scan) > MAX_BYTES:
            raise _too_many_bytes()
        return _sized(bytes(scan))
    if isinstance(scan, str | os.PathLike):
        return read_standard_input() if os.fspath(scan) == "-" else read_file(scan)
    return _sized(_read_to_the_end(scan))


def _read_to_the_end(file: BinaryIO) -> bytes:
    """What an open file holds, as far as it is not too large: a pipe or a socket gives it in parts."""
    parts: list[bytes] = []
    left = MAX_BYTES + 1
    while left > 0:
        try:
            part = file.read(left)
        except (OSError, ValueError) as error:
            raise _cannot_open(error) from error
        except AttributeError as error:
            raise UsageError(
                "usage",
                f"{type(file).__name__} is no scan.",
                "Give a path, the bytes of a file, or an open binary file.",
            ) from error
        if not isinstance(part, bytes):
            raise UsageError("usage", "A file that is open as text was given.", "Open it as binary, with 'rb'.")
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def printable_name(path: str | os.PathLike[str]) -> str:
    """The file's own name as `printable` shows it, whatever bytes it is made of."""
    return printable(os.path.basename(os.fspath(path)))


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
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise _too_many_bytes()
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise _cannot_open(error) from error
    return _sized(data)


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open one regular file for reading; raises as `read_file` does, whatever its size."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _cannot_open(error) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise ScanMissingError("not-a-file", f"This is {kind}.", "Name the scan's file.")
    return open(descriptor, "rb")


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
            return too_many_open_files()
        case _:
            return ScanMissingError("unreadable-file", "The file cannot be read.", "Check the path and the medium.")
