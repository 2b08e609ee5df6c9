"""What is under a prefix: how much is there, whether it is as it was written, and all of it in one table."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import TYPE_CHECKING, Any, BinaryIO

from edge_runtime.errors import AuditError, OutputError, WriteError
from edge_runtime.locked_file import sync_file, sync_folder

from .ahead import in_order
from .library import arrow
from .manifest import opened_manifest, shard_name
from .plan import NAME as PLAN
from .plan import stored_plan
from .run import shards_in
from .store import store_at
from .table import COMPRESSION, ShardTable, read_shard, schema

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .manifest import Shard
    from .patience import RetryPolicy
    from .plan import ArchivePlan
    from .store import Store

    _Expected = Iterator[Shard | None]

_UNCHANGED = "Nothing was changed."
_READ_AT_ONCE = 4
_ROWS_TOGETHER = 100_000  # of the merged table, in one group


def status(prefix: str, patience: RetryPolicy) -> dict[str, Any]:
    """How much of an archive is there, by its names alone.

    Raises
    ------
    EdgeCataractError
        When there is no archive, or the store cannot be reached.
    """
    store = store_at(prefix, patience)
    plan = stored_plan(store)
    sizes = store.sizes("shards")
    done = shards_in(store, plan)
    return {
        "shards": plan.shards,
        "shards_done": len(done),
        "scans": plan.rows,
        "scans_done": sum(map(plan.rows_of, done)),
        "shard_size": plan.shard_size,
        "bytes": sum(sizes.values()),
        "first_missing": next((number for number in range(plan.shards) if number not in done), None),
        "manifest_sha256": plan.manifest,
        "model_sha256": plan.model,
        "version": plan.work["version"],
    }


def verify(prefix: str, patience: RetryPolicy, manifest: str | None = None) -> dict[str, Any]:
    """Read every shard, and check its rows, its digest, its plan and its model; with a manifest, every key.

    Raises
    ------
    AuditError
        ``unfinished-archive`` when shards are missing, ``damaged-archive`` when one is not as it was written.
    EdgeCataractError
        When there is no archive, or the store cannot be reached.
    """
    store = store_at(prefix, patience)
    plan = stored_plan(store)
    counts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    digest = hashlib.sha256()
    with _expected(manifest, plan, patience) as expected:
        for table, shard in zip(_tables(store, plan), expected, strict=False):
            if shard is not None and [row["key"] for row in table.rows] != list(shard.keys):
                raise AuditError(
                    "damaged-archive",
                    f"Shard {shard.number} has other keys than the manifest.",
                    "Remove its file, and run the archive again.",
                    lost=_UNCHANGED,
                )
            counts.update(row["status"] for row in table.rows)
            words.update(row["word"] for row in table.rows if row["word"])
            answers.update(row["answer"] for row in table.rows if row["answer"])
            digest.update(bytes.fromhex(table.sha256))
    return {
        "intact": True,
        "shards": plan.shards,
        "scans": plan.rows,
        "counts": dict(sorted(counts.items())),
        "answers": dict(sorted(answers.items())),
        "words": dict(sorted(words.items())),
        "keys_checked": manifest is not None,
        "manifest_sha256": plan.manifest,
        "model_sha256": plan.model,
        "sha256": digest.hexdigest(),
    }


def merge(prefix: str, patience: RetryPolicy, out: str, *, overwrite: bool) -> int:
    """Write all shards into one Parquet file, in the order of the manifest, each verified; returns its rows.

    Raises
    ------
    AuditError
        As for `verify`.
    OutputError
        ``output-taken`` where there is a file already, or it is a part of the archive; or when it cannot be created.
    WriteError
        When it cannot be written in full.
    """
    if not overwrite and os.path.lexists(out):
        raise OutputError("output-taken", "There is a file of this name.", "Name another, or --overwrite.")
    if _is_of_archive(out, prefix):
        raise OutputError("output-taken", "The table would replace a part of the archive.", "Name another.")
    store = store_at(prefix, patience)
    plan = stored_plan(store)
    temporary = f"{out}.{os.urandom(8).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            _write_tables(file, plan, _tables(store, plan))
            file.flush()
            sync_file(file.fileno())
        os.replace(temporary, out)
        sync_folder(os.path.dirname(os.path.abspath(out)))
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError) as error:
        raise OutputError(
            "output-folder", f"The table cannot be created: {error.strerror}.", "Name another folder."
        ) from error
    except OSError as error:
        raise WriteError("write-failed", f"The table could not be written: {error.strerror}.", "Free space.") from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return plan.rows


def _is_of_archive(out: str, prefix: str) -> bool:
    """Whether a file is the plan or a shard of an archive that lies in a folder, or would be taken for one."""
    place, folder = os.path.realpath(out), os.path.realpath(prefix)
    return place == os.path.join(folder, PLAN) or os.path.dirname(place) == os.path.join(folder, "shards")


def _write_tables(file: BinaryIO, plan: ArchivePlan, tables: Iterator[ShardTable]) -> None:
    about = {b"edge-cataract.plan": hashlib.sha256(plan.to_bytes()).hexdigest()}
    rows: list[dict[str, Any]] = []
    with arrow("parquet").ParquetWriter(file, schema().with_metadata(about), compression=COMPRESSION) as writer:
        for table in tables:
            rows += table.rows
            if len(rows) >= _ROWS_TOGETHER:
                writer.write_table(arrow().Table.from_pylist(rows, schema=writer.schema))
                rows = []
        if rows:
            writer.write_table(arrow().Table.from_pylist(rows, schema=writer.schema))


def _tables(store: Store, plan: ArchivePlan) -> Iterator[ShardTable]:
    """Every shard, in order."""
    missing = plan.shards - len(shards_in(store, plan))
    if missing:
        raise AuditError(
            "unfinished-archive",
            f"{missing} of {plan.shards} shards are missing.",
            "Run the archive again: it continues.",
            lost=_UNCHANGED,
        )

    def table(number: int) -> ShardTable:
        content = store.read(shard_name(number))
        return read_shard(plan, number, content or b"")

    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        yield from in_order(pool, table, range(plan.shards), _READ_AT_ONCE)


@contextmanager
def _expected(
    manifest: str | None, plan: ArchivePlan, patience: RetryPolicy
) -> Generator[Iterator[Shard | None], None, None]:
    """What each shard is made of, as the manifest says; None where none was given."""
    if manifest is None:
        yield repeat(None)
        return
    with opened_manifest(manifest, patience) as opened:
        if opened.sha256 != plan.manifest:
            raise AuditError(
                "damaged-archive",
                "The manifest is not that of the run.",
                "Give the one with which the archive was run.",
                lost=_UNCHANGED,
            )
        yield opened.shards(plan.shard_size)
