"""Where an archive's scans are read and its results are written: folders, or S3. A result is written once.

The first writer of a name wins, and another is refused: by a link in a folder, by a conditional put in S3. That is all
that makes shards exactly-once; no writer knows of another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Protocol

from edge_runtime.errors import OutputError, UsageError, WriteError
from edge_runtime.locked_file import make_folder, sync_file, sync_folder

from .patience import RetryPolicy

S3 = "s3://"
_STALE_S = 3600.0  # a file under a temporary name that is older was left by a kill: writing a shard takes a moment
_TEMPORARY = ".tmp"
_COPIED_AT_ONCE = 8 << 20


class Store(Protocol):
    """A place that holds files by their names below it."""

    def put_once(self, name: str, content: bytes) -> bool:
        """Write a file in full, durably, where there is none of the name; whether this call wrote it."""

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Names of the files in a folder below, with their sizes in bytes."""


def store_at(place: str, patience: RetryPolicy) -> Store:
    """The store of a prefix: ``s3://bucket/...``, or a folder.

    Raises
    ------
    UsageError
        For a scheme that is none of these.
    MissingExtraError
        For S3 without the extra ``cluster``.
    """
    check_place(place)
    if place.startswith(S3):
        from .s3 import S3Store

        return S3Store(place, patience)
    return FolderStore(place)


def check_place(place: str) -> None:
    """Refuse what is neither a path nor an address in S3."""
    scheme, separator, _ = place.partition("://")
    if separator and not place.startswith(S3) and scheme.isalnum():
        raise UsageError("usage", f"There is no store {scheme}:// here.", "Name a folder, or s3://bucket/prefix.")


def absolute(place: str) -> str:
    """The place as it may be passed to other processes and machines."""
    return place if place.startswith(S3) else os.path.abspath(place)


def join(root: str, key: str) -> str:
    """The place of a key: an absolute one as it is, any other below the root."""
    if key.startswith(S3):
        return key
    return f"{root.rstrip('/')}/{key}" if root.startswith(S3) else os.path.join(root, key)


def parent(place: str) -> str:
    """The folder, or the prefix, that holds a file."""
    return place.rpartition("/")[0] if place.startswith(S3) else os.path.dirname(os.path.abspath(place))


def copied(place: str, to: BinaryIO, patience: RetryPolicy) -> Iterator[bytes]:
    """Copy a large file, and give its pieces as they come.

    Raises
    ------
    FileNotFoundError
        Where there is none.
    OSError
        When it cannot be read, or not written.
    """
    if place.startswith(S3):
        from .s3 import pieces_of

        pieces = pieces_of(place, _COPIED_AT_ONCE, patience)
    else:
        pieces = _pieces(place)
    for piece in pieces:
        to.write(piece)
        yield piece


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(_COPIED_AT_ONCE):
            yield piece


class FolderStore:
    """A folder, on this machine or on a share that all machines see.

    Parameters
    ----------
    folder
        Its path.
    """

    def __init__(self, folder: str) -> None:
        self._folder = os.path.abspath(folder)

    def put_once(self, name: str, content: bytes) -> bool:
        """Write under a temporary name, then link: a link never replaces."""
        target = os.path.join(self._folder, *name.split("/"))
        temporary = f"{target}.{os.urandom(8).hex()}{_TEMPORARY}"
        try:
            make_folder(os.path.dirname(target))
            if os.path.lexists(target):
                return False
            try:
                _write(temporary, content)
                written = _link(temporary, target)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)
            sync_folder(os.path.dirname(target))
            return written
        except OSError as error:
            raise _cannot_write(error) from error

    def read(self, name: str) -> bytes | None:
        """As `Store` says."""
        try:
            with open(os.path.join(self._folder, *name.split("/")), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(
                "output-folder", f"A file of the archive cannot be read: {error.strerror}.", "Check its permissions."
            ) from error

    def sizes(self, folder: str) -> dict[str, int]:
        """As `Store` says; what a killed writer left long ago is removed."""
        found: dict[str, int] = {}
        with suppress(FileNotFoundError), os.scandir(os.path.join(self._folder, folder)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # another writer is done with it
                    status = entry.stat()
                    if not entry.name.endswith(_TEMPORARY):
                        found[entry.name] = status.st_size
                    elif time.time() - status.st_mtime > _STALE_S:
                        os.unlink(entry.path)
        return found


def _write(path: str, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        sync_file(file.fileno())


def _link(temporary: str, target: str) -> bool:
    """Give a written file its name; whether it was free."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except (OSError, NotImplementedError, AttributeError):  # a medium without links, such as exFAT
        if os.path.lexists(target):
            return False
        os.replace(temporary, target)  # two at one moment write the same bytes
    return True


def _cannot_write(error: OSError) -> OutputError | WriteError:
    reason = error.strerror or "unknown reason"
    if isinstance(error, (FileNotFoundError, NotADirectoryError, PermissionError, FileExistsError)):
        return OutputError("output-folder", f"The archive cannot be written: {reason}.", "Name another folder.")
    return WriteError(
        "write-failed",
        f"A file of the archive could not be written: {reason}.",
        "Free space; the same command goes on.",
    )
