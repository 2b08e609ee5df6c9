"""Fetch the files of a shard a few ahead of the one that is measured, so that the model does not wait for a network."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from edge_runtime.errors import FAULTS_OF_ONE_SCAN, EdgeCataractError, ScanMissingError
from edge_runtime.reading.files import read_content, read_file
from edge_runtime.scan import MAX_BYTES

from .ahead import in_order
from .patience import PassingError
from .store import S3, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .patience import RetryPolicy

AHEAD = 4  # files that wait in memory: 64 MB each at most, a megabyte or two as devices write them

_OF_THE_FILE = (FileNotFoundError, NotADirectoryError, PermissionError)

Fetched = bytes | EdgeCataractError


class Fetcher:
    """Fetches files by their keys.

    Parameters
    ----------
    root
        Where keys lie that are not absolute.
    patience
        Repeats requests that are refused for a while.
    """

    def __init__(self, root: str, patience: RetryPolicy) -> None:
        self._root, self._patience = root, patience
        self._pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="fetch")

    def close(self) -> None:
        """Fetch nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def fetched(self, keys: Sequence[str]) -> Iterator[Fetched]:
        """The bytes of each file in order, or what is wrong with it.

        Raises
        ------
        EdgeCataractError
            When the store cannot be reached, or the machine cannot go on.
        """
        return in_order(self._pool, self._fetch, keys, AHEAD)

    def _fetch(self, key: str) -> Fetched:
        try:
            return self._read(join(self._root, key))
        except FAULTS_OF_ONE_SCAN as error:
            return error.with_traceback(None)

    def _read(self, place: str) -> bytes:
        if place.startswith(S3):
            from .s3 import read_object

            return read_content(read_object(place, MAX_BYTES + 1, self._patience))
        return self._patience.ask(lambda: _read_file(place))


def _read_file(path: str) -> bytes:
    """Read a file; a medium or a share that fails is no fault of the file."""
    try:
        return read_file(path)
    except ScanMissingError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, _OF_THE_FILE):
            raise PassingError(os.strerror(cause.errno) if cause.errno else type(cause).__name__) from error
        raise
