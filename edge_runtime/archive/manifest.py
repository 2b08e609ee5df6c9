"""The manifest of an archive: one key a row, read in order and in pieces, however long it is."""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from edge_runtime.errors import OutputError, ScanMissingError, UsageError

from .library import arrow
from .patience import RetryPolicy
from .store import check_place, copied, parent

COLUMNS = ("key", "path")  # the first one that there is
SUFFIXES = (".parquet", ".csv")
_READ_AT_ONCE = 10_000
_LONGEST_KEY = 4096  # characters; S3 takes 1024 bytes, file systems 4096


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of the manifest: the unit of work.

    Attributes
    ----------
    number
        From 0.
    first_row
        Of the manifest, from 0.
    keys
        As the manifest says them.
    """

    number: int
    first_row: int
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of its file below the prefix."""
        return shard_name(self.number)


def shard_name(number: int) -> str:
    """Name of a shard's file below the prefix."""
    return f"shards/{number:08d}.parquet"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was copied to this machine, so that it stays as it is while the run goes on.

    Attributes
    ----------
    file
        The copy, which has no name, so that no kill leaves it. It is read by one at a time.
    parquet
        Whether it is Parquet; otherwise it is CSV.
    root
        Where keys lie that are not absolute: the place of the manifest.
    sha256
        Of its bytes.
    rows
        Number of keys.
    """

    file: BinaryIO
    parquet: bool
    root: str
    sha256: str
    rows: int

    def shards(self, size: int) -> Iterator[Shard]:
        """Its pieces in order, each of `size` keys but for the last."""
        keys: list[str] = []
        number = 0
        for more in _keys(self.file, parquet=self.parquet):
            keys += more
            while len(keys) >= size:
                yield Shard(number, number * size, tuple(keys[:size]))
                del keys[:size]
                number += 1
        if keys:
            yield Shard(number, number * size, tuple(keys))


@contextmanager
def opened_manifest(place: str, patience: RetryPolicy) -> Iterator[Manifest]:
    """Copy and check a manifest: Parquet or CSV with a column ``key`` (or ``path``), in a folder or in S3.

    Raises
    ------
    UsageError
        ``bad-manifest`` when it has no such column, a key is empty, or it cannot be read.
    ScanMissingError
        ``missing-file`` where there is none.
    OutputError
        When it cannot be copied.
    """
    check_place(place)
    suffix = os.path.splitext(place)[1].casefold()
    if suffix not in SUFFIXES:
        raise UsageError("bad-manifest", "A manifest is a table that ends in .parquet or .csv.", "Name one.")
    with tempfile.TemporaryFile(prefix="edge-cataract-") as file:
        digest = hashlib.sha256()
        try:
            for piece in copied(place, file, patience):
                digest.update(piece)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise ScanMissingError("missing-file", "There is no such manifest.", "Check the path.") from error
        except OSError as error:
            raise OutputError(
                "output-folder", f"The manifest cannot be copied: {error.strerror}.", "Free space for temporary files."
            ) from error
        parquet = suffix == SUFFIXES[0]
        rows = sum(len(keys) for keys in _keys(file, parquet=parquet))
        if not rows:
            raise UsageError("bad-manifest", "The manifest has no rows.", "Correct the table.")
        yield Manifest(file, parquet, parent(place), digest.hexdigest(), rows)


def _keys(file: BinaryIO, *, parquet: bool) -> Iterator[list[str]]:
    """The keys of a table in pieces, checked."""
    file.seek(0)
    row = 0
    for keys in _parquet_column(file) if parquet else _csv_column(file):
        for key in keys:
            row += 1
            if not isinstance(key, str) or not key or len(key) > _LONGEST_KEY:
                raise UsageError("bad-manifest", f"Row {row} of the manifest has no key.", "Correct the table.")
        yield keys


def _parquet_column(file: BinaryIO) -> Iterator[list[Any]]:
    # Without threads of Arrow: some that still run when a program ends abort it.
    try:
        table = arrow("parquet").ParquetFile(file, pre_buffer=False)
        name = _column(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=_READ_AT_ONCE, columns=[name], use_threads=False):
            yield batch.column(0).to_pylist()
    except (arrow().ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(error) from error


def _csv_column(file: BinaryIO) -> Iterator[list[Any]]:
    # A text of its own over the same file, which it leaves open: it does not matter which of them is closed first.
    with open(file.fileno(), encoding="utf-8-sig", newline="", closefd=False) as text:
        text.seek(0)
        try:
            table = csv.reader(text, strict=True)
            header = next(table, [])
            place = header.index(_column(header))
            while rows := list(islice(table, _READ_AT_ONCE)):
                filled = [row for row in rows if row]
                if any(len(row) != len(header) for row in filled):
                    raise UsageError(
                        "bad-manifest", "Rows of the manifest differ in their number of cells.", "Correct the table."
                    )
                yield [row[place] for row in filled]
        except (csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> UsageError:
    return UsageError(
        "bad-manifest", f"The manifest cannot be read ({type(error).__name__}).", "Write it anew, CSV in UTF-8."
    )


def _column(names: list[str]) -> str:
    for name in COLUMNS:
        if names.count(name) == 1:
            return name
    raise UsageError("bad-manifest", "The manifest needs one column named key.", "Name the column of keys so.")
