"""A folder as a store: a name is written once, in full, and nothing half-written is left or listed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from edge_runtime.archive import store as module
from edge_runtime.archive.patience import RetryPolicy
from edge_runtime.archive.store import FolderStore, join, parent, store_at
from edge_runtime.errors import OutputError, UsageError, WriteError


def test_the_first_content_of_a_name_stays(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path / "a" / "b"))
    assert store.put_once("shards/1", b"first")
    assert not store.put_once("shards/1", b"second")
    assert store.read("shards/1") == b"first"
    assert store.sizes("shards") == {"1": 5}
    assert store.read("shards/2") is None


def test_of_many_writers_at_one_moment_one_wins(tmp_path: Path) -> None:
    store, together = FolderStore(str(tmp_path)), threading.Barrier(8)
    wins: list[int] = []

    def write(number: int) -> None:
        together.wait()
        if store.put_once("shards/7", b"%d" % number):
            wins.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wins) == 1
    assert store.read("shards/7") == b"%d" % wins[0]
    assert os.listdir(tmp_path / "shards") == ["7"]


def test_a_medium_without_links_is_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    store = FolderStore(str(tmp_path))
    assert store.put_once("1", b"first")
    assert not store.put_once("1", b"second")
    assert store.read("1") == b"first"


def test_what_a_kill_left_is_not_listed_and_goes_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shards").mkdir()
    left = tmp_path / "shards" / "00000001.parquet.ab12.tmp"
    left.write_bytes(b"half")
    assert FolderStore(str(tmp_path)).sizes("shards") == {}
    assert left.exists()
    monkeypatch.setattr(module, "_STALE_S", -1.0)
    assert FolderStore(str(tmp_path)).sizes("shards") == {}
    assert not left.exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "sync_file", full)
    with pytest.raises(WriteError, match="No space"):
        FolderStore(str(tmp_path)).put_once("1", b"content")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(OutputError) as refused:
        FolderStore(str(tmp_path / "out")).put_once("shards/1", b"")
    assert refused.value.word == "output-folder"


def test_other_schemes_are_refused() -> None:
    with pytest.raises(UsageError, match="gs://"):
        store_at("gs://bucket/a", RetryPolicy())


def test_keys_lie_beside_the_manifest_unless_they_say_where() -> None:
    assert parent("s3://bucket/a/manifest.csv") == "s3://bucket/a"
    assert join("s3://bucket/a", "b/1.png") == "s3://bucket/a/b/1.png"
    assert join("/archive", "b/1.png") == "/archive/b/1.png"
    assert join("/archive", "/other/1.png") == "/other/1.png"
    assert join("/archive", "s3://bucket/1.png") == "s3://bucket/1.png"
