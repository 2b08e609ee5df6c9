"""A manifest is read in order and in pieces; what has no key is refused before anything is measured."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edge_runtime.archive.manifest import opened_manifest
from edge_runtime.archive.patience import RetryPolicy
from edge_runtime.errors import ScanMissingError, UsageError


def shards(path: Path, size: int) -> list[tuple[int, int, tuple[str, ...]]]:
    with opened_manifest(str(path), RetryPolicy()) as manifest:
        return [(shard.number, shard.first_row, shard.keys) for shard in manifest.shards(size)]


def test_a_csv_is_cut_into_pieces_of_one_size(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('note,key\n1,a\n2,"b,1"\n3,0017\n4,d\n5,é\n', encoding="utf-8")
    assert shards(path, 2) == [(0, 0, ("a", "b,1")), (1, 2, ("0017", "d")), (2, 4, ("é",))]
    assert shards(path, 5) == [(0, 0, ("a", "b,1", "0017", "d", "é"))]


@pytest.mark.parametrize("size", [1, 3, 7, 25_001])
def test_parquet_with_small_row_groups_gives_the_same_pieces(tmp_path: Path, size: int) -> None:
    path, keys = tmp_path / "m.parquet", [f"k{number}" for number in range(25_000)]
    pq.write_table(pa.table({"other": range(25_000), "key": keys}), path, row_group_size=999)
    found = shards(path, size)
    assert [key for _, _, some in found for key in some] == keys
    assert [number for number, _, _ in found] == list(range(len(found)))
    assert [first for _, first, _ in found] == list(range(0, 25_000, size))


def test_the_column_of_a_batch_is_taken_where_there_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("exam,path\nE1,a.png\n")
    assert shards(tmp_path / "m.csv", 9) == [(0, 0, ("a.png",))]


def test_it_is_known_by_its_bytes_and_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"key\na\nb\n")
    with opened_manifest(str(path), RetryPolicy()) as manifest:
        assert manifest.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (manifest.rows, manifest.root) == (2, str(tmp_path))
        path.write_bytes(b"key\nz\n")
        assert [shard.keys for shard in manifest.shards(9)] == [("a", "b")]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_pieces_that_nobody_takes_to_their_end_may_outlive_the_manifest(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.{suffix}"
    keys = [f"k{number}" for number in range(5)]
    path.write_text("\n".join(["key", *keys]))
    if suffix == "parquet":
        pq.write_table(pa.table({"key": keys}), path)
    with opened_manifest(str(path), RetryPolicy()) as manifest:
        pieces = manifest.shards(5)
        assert next(pieces).keys == tuple(keys)
        again = manifest.shards(2)
        assert next(again).keys == ("k0", "k1")
    del pieces, again  # what goes wrong now is a warning, and so an error of this test
    gc.collect()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"key\n",
        b"name\na\n",
        b"key\na\n\nb,c\n",
        b"key\n\xff\xfe\n",
        b'key,x\n"",1\n',
        b"key\n" + b"a" * 5000,
        b"PK",
    ],
)
def test_a_bad_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(UsageError) as refused:
        shards(tmp_path / "m.csv", 9)
    assert refused.value.word == "bad-manifest"


@pytest.mark.parametrize("keys", [["a", None], [1, 2], []])
def test_bad_parquet_is_refused(tmp_path: Path, keys: list[object]) -> None:
    pq.write_table(pa.table({"key": keys}), tmp_path / "m.parquet")
    with pytest.raises(UsageError) as refused:
        shards(tmp_path / "m.parquet", 9)
    assert refused.value.word == "bad-manifest"


def test_bytes_that_are_no_parquet_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_bytes(b"key\na\n")
    with pytest.raises(UsageError, match="cannot be read"):
        shards(tmp_path / "m.parquet", 9)


def test_other_endings_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.parquet or \.csv"):
        shards(tmp_path / "m.xlsx", 9)
    with pytest.raises(ScanMissingError):
        shards(tmp_path / "m.csv", 9)
