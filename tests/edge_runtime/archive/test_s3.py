"""Archives in S3: the same bytes as in a folder, however often the store fails, throttles or loses an answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.robustness.object_store import Faults, ObjectStore, object_store
from edge_runtime.archive import s3
from edge_runtime.archive.patience import RetryPolicy
from edge_runtime.archive.s3 import S3Store, read_object
from edge_runtime.errors import OutputError, ScanMissingError
from tests.conftest import RunProgram

from .archives import write_manifest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


@pytest.fixture
def bucket(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the store, which has a bucket called ``archive``."""
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    s3.file_system.cache_clear()
    client = s3.file_system()
    if not client.exists("archive"):
        client.mkdir("archive")
    yield client
    store.fail(Faults())
    s3.file_system.cache_clear()


def test_the_first_content_of_a_name_stays(bucket: Any) -> None:
    kept = S3Store("s3://archive/once", RetryPolicy())
    assert kept.put_once("shards/1", b"first")
    assert not kept.put_once("shards/1", b"second")
    assert kept.read("shards/1") == b"first"
    assert kept.read("shards/2") is None
    assert kept.sizes("shards") == {"1": 5}
    assert kept.sizes("others") == {}


def test_a_put_whose_answer_was_lost_is_no_second_one(bucket: Any, store: ObjectStore) -> None:
    kept, patience = S3Store("s3://archive/lost", RetryPolicy()), RetryPolicy()
    store.fail(Faults(lost=0.6))
    for number in range(10):
        S3Store("s3://archive/lost", patience).put_once(str(number), b"%d" % number)
    store.fail(Faults())
    assert [kept.read(str(number)) for number in range(10)] == [b"%d" % number for number in range(10)]


def test_objects_are_read_in_part_and_what_is_none_is_told(bucket: Any) -> None:
    bucket.pipe_file("archive/a", b"0123456789")
    bucket.pipe_file("archive/empty", b"")
    assert read_object("s3://archive/a", 4, RetryPolicy()) == b"0123"
    assert read_object("s3://archive/empty", 4, RetryPolicy()) == b""
    with pytest.raises(ScanMissingError) as missing:
        read_object("s3://archive/none", 4, RetryPolicy())
    assert missing.value.word == "missing-file"
    with pytest.raises(OutputError, match="no such bucket"):
        read_object("s3://nobody/none", 4, RetryPolicy())


def test_a_store_that_is_away_ends_the_run_after_its_patience(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3.file_system.cache_clear()
    s3.file_system().retries = 1
    with pytest.raises(OutputError) as ended:
        read_object("s3://archive/a", 4, RetryPolicy(0.0))
    assert ended.value.word == "store-unreachable"


def test_an_archive_in_a_failing_store_is_that_of_a_folder(
    bucket: Any, store: ObjectStore, run_program: RunProgram, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path, 12)
    bucket.put(str(manifest), "archive/in/manifest.csv")
    for path in (tmp_path / "scans").iterdir():
        bucket.put(str(path), f"archive/in/scans/{path.name}")
    arguments = ["--shard-size", "4", "--processes", "2"]
    assert run_program("archive", manifest, "-o", tmp_path / "out", *arguments).returncode == 4
    store.fail(Faults(throttled=0.15, failed=0.05, lost=0.05, cut=0.1))
    done = run_program("archive", "s3://archive/in/manifest.csv", "-o", "s3://archive/out", *arguments)
    assert done.returncode == 4, done.stderr
    store.fail(Faults())
    there = {path.name: path.read_bytes() for path in (tmp_path / "out" / "shards").iterdir()}
    assert {os.path.basename(name): bucket.cat_file(name) for name in bucket.ls("archive/out/shards")} == there
    assert len(there) == 4
    verified = run_program("archive", "verify", "s3://archive/out", "--manifest", "s3://archive/in/manifest.csv")
    assert verified.returncode == 0, verified.stderr
    assert sum(store.counts().get(kind, 0) for kind in ("throttled", "failed", "lost", "cut")) > 0
