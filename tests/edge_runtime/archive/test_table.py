"""The file of a shard: the same bytes for the same rows, and any change of it is found."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edge_runtime.archive.measuring import row_of_error
from edge_runtime.archive.plan import ArchivePlan
from edge_runtime.archive.table import COLUMNS, read_shard, shard_bytes
from edge_runtime.errors import AuditError, ScanError

PLAN = ArchivePlan("1" * 64, 5, 3, {"model": "2" * 64, "version": "0"})
REFUSED = ScanError("truncated-png", "It ends early.", "Export it again.")


def rows(count: int) -> list[dict[str, Any]]:
    return [row_of_error(f"k{number}", b"x" * number, REFUSED) for number in range(count)]


def test_a_row_has_the_columns_of_a_batch_behind_its_key() -> None:
    found = read_shard(PLAN, 0, shard_bytes(PLAN, 0, rows(3))).rows
    assert list(found[0]) == list(COLUMNS)
    assert [(row["row"], row["key"], row["bytes"]) for row in found] == [(0, "k0", 0), (1, "k1", 1), (2, "k2", 2)]
    assert {row["word"] for row in found} == {"truncated-png"}
    assert {row["status"] for row in found} == {"refused"}


def test_rows_are_numbered_through_the_manifest() -> None:
    assert [row["row"] for row in read_shard(PLAN, 1, shard_bytes(PLAN, 1, rows(2))).rows] == [3, 4]


def test_the_same_rows_are_the_same_bytes() -> None:
    assert shard_bytes(PLAN, 0, rows(3)) == shard_bytes(PLAN, 0, rows(3))


def changed(content: bytes, number: int) -> bytes:
    """The file with another key in a row, and all it says of itself as it was."""
    table = pq.read_table(io.BytesIO(content))
    keys = table.column("key").to_pylist()
    keys[number] = "another"
    sink = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index("key"), "key", pa.array(keys)), sink)
    return sink.getvalue()


WHOLE = shard_bytes(PLAN, 0, rows(3))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (WHOLE[:-9], "cannot be read"),
        (changed(WHOLE, 1), "not as it was written"),
        (shard_bytes(PLAN, 1, rows(2)), "another shard"),
        (shard_bytes(replace(PLAN, rows=6), 0, rows(3)), "another plan"),
        (shard_bytes(PLAN, 0, rows(2)), "lacks rows"),
        (shard_bytes(PLAN, 0, [{**one, "model_sha256": "3" * 64} for one in rows(3)]), "another model"),
    ],
)
def test_what_is_not_the_shard_is_found(content: bytes, says: str) -> None:
    with pytest.raises(AuditError, match=says) as refused:
        read_shard(PLAN, 0, content)
    assert refused.value.word == "damaged-archive"


def test_no_changed_byte_goes_through_as_other_rows() -> None:
    whole = read_shard(PLAN, 0, WHOLE).rows
    for place in range(0, len(WHOLE), 97):
        spoilt = bytearray(WHOLE)
        spoilt[place] ^= 0x55
        try:
            found = read_shard(PLAN, 0, bytes(spoilt)).rows
        except AuditError:
            continue
        assert found == whole  # a byte that Parquet does not need
