"""The manifest of an archive: one key a row, read in order and in pieces, however long it is."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edge_runtime.errors import OutputError, ScanMissingError, UsageError

from .library import arrow
from .patience import Patience
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
    path
        The copy.
    root
        Where keys lie that are not absolute: the place of the manifest.
    sha256
        Of its bytes.
    rows
        Number of keys.
    """

    path: str
    root: str
    sha256: str
    rows: int

    def shards(self, size: int) -> Iterator[Shard]:
        """Its pieces in order, each of `size` keys but for the last."""
        keys: list[str] = []
        number = 0
        for more in _keys(self.path):
            keys += more
            while len(keys) >= size:
                yield Shard(number, number * size, tuple(keys[:size]))
                del keys[:size]
                number += 1
        if keys:
            yield Shard(number, number * size, tuple(keys))


@contextmanager
def opened_manifest(place: str, patience: Patience) -> Iterator[Manifest]:
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
    with tempfile.TemporaryDirectory(prefix="edge-cataract-") as folder:
        path = os.path.join(folder, f"manifest{suffix}")
        digest = hashlib.sha256()
        try:
            with open(path, "wb") as file:
                for piece in copied(place, file, patience):
                    digest.update(piece)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise ScanMissingError("missing-file", "There is no such manifest.", "Check the path.") from error
        except OSError as error:
            raise OutputError(
                "output-folder",
                f"The manifest cannot be copied: {error.strerror}.",
                "Free space in the temporary folder.",
            ) from error
        rows = sum(len(keys) for keys in _keys(path))
        if not rows:
            raise UsageError("bad-manifest", "The manifest has no rows.", "Correct the table.")
        yield Manifest(path, parent(place), digest.hexdigest(), rows)


def _keys(path: str) -> Iterator[list[str]]:
    """The keys of a table, checked."""
    lib = arrow().lib
    row = 0
    try:
        for column in _columns(path):
            keys = column.to_pylist()
            for key in keys:
                row += 1
                if not isinstance(key, str) or not key or len(key) > _LONGEST_KEY:
                    raise UsageError("bad-manifest", f"Row {row} of the manifest has no key.", "Correct the table.")
            yield keys
    except (lib.ArrowException, UnicodeDecodeError) as error:
        raise UsageError(
            "bad-manifest", f"The manifest cannot be read ({type(error).__name__}).", "Write it anew, in UTF-8."
        ) from error


def _columns(path: str) -> Iterator[Any]:
    if path.endswith(SUFFIXES[0]):
        file = arrow("parquet").ParquetFile(path)
        name = _column(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=_READ_AT_ONCE, columns=[name]):
            yield batch.column(0)
        return
    csv = arrow("csv")
    with csv.open_csv(path) as first:
        name = _column(first.schema.names)
    as_text = csv.ConvertOptions(include_columns=[name], column_types={name: arrow().string()})
    with csv.open_csv(path, convert_options=as_text) as reader:
        for batch in reader:
            yield batch.column(0)


def _column(names: list[str]) -> str:
    for name in COLUMNS:
        if names.count(name) == 1:
            return name
    raise UsageError("bad-manifest", "The manifest needs one column named key.", "Name the column of keys so.")
