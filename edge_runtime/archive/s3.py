"""S3 as a store, by s3fs. Addresses, keys and endpoints come from the environment, as in every client of S3."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, TypeVar

from edge_runtime.errors import OutputError, ScanMissingError

from .library import s3fs
from .patience import PassingError, RetryPolicy

_TIMEOUTS_S = {"connect_timeout": 10, "read_timeout": 60}
_TRIES = 3  # of the client itself, before the patience of the run begins
_CONNECTIONS = 64
_TAKEN = {"PreconditionFailed", "412"}
_EMPTY = {"InvalidRange", "416"}
# A refusal of this very object. That the key has run out, or the clock is wrong, is no word about an object.
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState"}
_NO_BUCKET = {"NoSuchBucket"}

_Result = TypeVar("_Result")


@lru_cache(maxsize=1)
def file_system() -> Any:
    """One client for the whole process; its requests run in a thread of their own."""
    config = {**_TIMEOUTS_S, "max_pool_connections": _CONNECTIONS, "retries": {"max_attempts": _TRIES}}
    return s3fs().S3FileSystem(config_kwargs=config, use_listings_cache=False, skip_instance_cache=True)


def read_object(place: str, most_bytes: int, patience: RetryPolicy) -> bytes:
    """The first bytes of an object, in one request.

    Raises
    ------
    ScanMissingError
        ``missing-file`` where there is none, ``unreadable-file`` where it may not be read.
    OutputError
        ``store-unreachable`` when the store refuses too long.
    """
    try:
        content: bytes = patience.ask(lambda: _told(lambda: file_system().cat_file(place, start=0, end=most_bytes)))
    except _EmptyObjectError:
        return b""
    return content


def pieces_of(place: str, size: int, patience: RetryPolicy) -> Iterator[bytes]:
    """A large object, piece after piece.

    Raises
    ------
    FileNotFoundError
        Where there is none.
    OutputError
        ``store-unreachable`` when the store refuses too long.
    """
    start = 0
    while True:
        try:
            piece = patience.ask(partial(_told, partial(file_system().cat_file, place, start=start, end=start + size)))
        except _EmptyObjectError:
            return
        except ScanMissingError as error:
            raise FileNotFoundError(errno.ENOENT, "There is no such object") from error
        yield piece
        if len(piece) < size:
            return
        start += size


class S3Store:
    """A prefix of a bucket.

    Parameters
    ----------
    prefix
        ``s3://bucket/...``.
    patience
        Repeats requests that are refused for a while.
    """

    def __init__(self, prefix: str, patience: RetryPolicy) -> None:
        s3fs()
        self._prefix, self._patience = prefix.rstrip("/"), patience

    def put_once(self, name: str, content: bytes) -> bool:
        """Put with ``If-None-Match: *``. An answer that was lost looks like another writer, which is as good."""
        place = f"{self._prefix}/{name}"
        try:
            self._patience.ask(lambda: _told(lambda: file_system().pipe_file(place, content, mode="create")))
        except _TakenError:
            return False
        except ScanMissingError as error:
            raise OutputError(
                "output-folder", "The archive cannot be written: there is no such bucket, or it may not be written.",
                "Check the prefix and the permissions of the key.",
            ) from error  # fmt: skip
        return True

    def read(self, name: str) -> bytes | None:
        """As `Store` says."""
        try:
            found: bytes = self._patience.ask(lambda: _told(lambda: file_system().cat_file(f"{self._prefix}/{name}")))
        except _EmptyObjectError:
            return b""
        except ScanMissingError as error:
            if error.word == "missing-file":
                return None
            raise OutputError("output-folder", "A file of the archive may not be read.", "Check the key.") from error
        return found

    def sizes(self, folder: str) -> dict[str, int]:
        """As `Store` says."""
        place = f"{self._prefix}/{folder}"
        try:
            found = self._patience.ask(lambda: _told(lambda: file_system().ls(place, detail=True, refresh=True)))
        except ScanMissingError:
            return {}
        return {entry["name"].rpartition("/")[2]: int(entry["size"]) for entry in found if entry["type"] == "file"}


class _TakenError(Exception):
    """There is an object of this name."""


class _EmptyObjectError(Exception):
    """There is nothing from there on."""


def _told(request: Callable[[], _Result]) -> _Result:
    """Make a request; what the client raises becomes what it means."""
    try:
        return request()
    except Exception as error:
        code = _code(error)
        if isinstance(error, FileExistsError) or code in _TAKEN:
            raise _TakenError from error
        if code in _EMPTY:
            raise _EmptyObjectError from error
        if code in _NO_BUCKET:
            raise OutputError("output-folder", "There is no such bucket.", "Check the address.") from error
        if isinstance(error, FileNotFoundError):
            raise ScanMissingError("missing-file", "There is no such object.", "Check the manifest.") from error
        if code in _FORBIDDEN:
            raise ScanMissingError(
                "unreadable-file", "The object may not be read.", "Check its permissions."
            ) from error
        if isinstance(error, (MemoryError, TypeError, AttributeError)):  # no store says so
            raise
        raise PassingError(code or type(error).__name__) from error


def _code(error: BaseException | None) -> str:
    """The word of S3 for an error."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""
