"""The Parquet file of a shard: the same bytes for the same rows, and a digest inside by which it is verified."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.batch.tables import COLUMNS as OF_BATCHES
from edge_runtime.errors import AuditError

from .library import arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plan import ArchivePlan

COLUMNS: dict[str, type] = {
    "row": int,
    "key": str,
    "sha256": str,
    "bytes": int,
    **{name: kind for name, (kind, _) in OF_BATCHES.items() if name != "exam"},
}
_PLAN, _NUMBER = b"edge-cataract.plan", b"edge-cataract.shard"
_MODEL, _ROWS = b"edge-cataract.model", b"edge-cataract.rows"
COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True)
class ShardTable:
    """A shard that was read, and is as it was written.

    Attributes
    ----------
    rows
        In order of the manifest.
    sha256
        Of the file.
    """

    rows: list[dict[str, Any]]
    sha256: str


def shard_bytes(plan: ArchivePlan, number: int, rows: Sequence[dict[str, Any]]) -> bytes:
    """The file of a shard.

    Parameters
    ----------
    plan
        Of the run.
    number
        Of the shard.
    rows
        One for each of its keys, in order; each gets its row in the manifest.
    """
    first = number * plan.shard_size
    numbered = [{"row": first + place, **one} for place, one in enumerate(rows)]
    about = {
        _PLAN: hashlib.sha256(plan.to_bytes()).hexdigest(),
        _NUMBER: str(number),
        _MODEL: plan.model,
        _ROWS: _digest(numbered),
    }
    sink = io.BytesIO()
    table = arrow().Table.from_pylist(numbered, schema=schema().with_metadata(about))
    arrow("parquet").write_table(table, sink, compression=COMPRESSION)
    return sink.getvalue()


def schema() -> Any:
    """The columns, as Arrow has them."""
    lib = arrow()
    types = {str: lib.string(), bool: lib.bool_(), float: lib.float64(), int: lib.int64()}
    return lib.schema([(name, types[kind]) for name, kind in COLUMNS.items()])


def read_shard(plan: ArchivePlan, number: int, content: bytes) -> ShardTable:
    """Read a shard, and check that it is whole, of this plan, and as it was written.

    Raises
    ------
    AuditError
        ``damaged-archive``, with what is wrong.
    """
    try:
        file = arrow("parquet").ParquetFile(arrow().BufferReader(content), pre_buffer=False)
        table = file.read(use_threads=False)  # threads of Arrow that still run when a program ends abort it
    except (arrow().ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(number, "cannot be read") from error
    about = table.schema.metadata or {}
    if not table.schema.remove_metadata().equals(schema()):
        raise _damaged(number, "has other columns")
    if about.get(_PLAN) != hashlib.sha256(plan.to_bytes()).hexdigest().encode():
        raise _damaged(number, "is of another plan")
    if about.get(_NUMBER) != str(number).encode():
        raise _damaged(number, "is another shard")
    if about.get(_MODEL) != plan.model.encode():
        raise _damaged(number, "is of another model")
    rows = table.to_pylist()
    first = number * plan.shard_size
    if [one["row"] for one in rows] != list(range(first, first + plan.rows_of(number))):
        raise _damaged(number, "lacks rows, or has others")
    if about.get(_ROWS) != _digest(rows).encode():
        raise _damaged(number, "is not as it was written")
    if any(one["model_sha256"] not in (None, plan.model) for one in rows):
        raise _damaged(number, "has rows of another model")
    return ShardTable(rows, hashlib.sha256(content).hexdigest())


def _digest(rows: Sequence[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for one in rows:
        digest.update(json.dumps([one[name] for name in COLUMNS], allow_nan=False).encode("ascii") + b"\n")
    return digest.hexdigest()


def _damaged(number: int, found: str) -> AuditError:
    return AuditError(
        "damaged-archive",
        f"Shard {number} {found}.",
        "Remove its file, and run the archive again.",
        lost="Nothing was changed.",
    )
