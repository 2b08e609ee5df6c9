"""A shard is a function of its keys and the model: bad files, crashes and order change nothing but their own rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.archive.manifest import Shard
from edge_runtime.archive.patience import RetryPolicy
from edge_runtime.archive.score import ArchiveWork, ShardReport, ShardWorker, check_worker, score_shard
from edge_runtime.archive.table import read_shard
from edge_runtime.errors import EdgeCataractError, InternalError, OutputError
from tests.edge_runtime.batch.exams import settings

from .archives import NOT_GRADED, CrashingSettings, odd_scan, work_in, write_files


def score(work: ArchiveWork, shard: Shard) -> ShardReport:
    worker = ShardWorker(work, RetryPolicy(1.0))
    try:
        return worker.score(shard)
    finally:
        worker.close()


def rows(work: ArchiveWork, number: int = 0) -> list[dict[str, Any]]:
    content = Path(work.prefix, f"shards/{number:08d}.parquet").read_bytes()
    return read_shard(work.plan, number, content).rows


def test_rows_stand_in_the_order_of_their_keys_however_they_came() -> None:
    shard = Shard(0, 0, ("a", "b", "c"))
    measured = [(2, {"key": "c"}), (0, {"key": "a"}), (1, {"key": "b"})]
    assert [row["key"] for row in score_shard(shard, iter(measured))] == ["a", "b", "c"]
    with pytest.raises(InternalError):
        score_shard(shard, iter(measured[:2]))


@pytest.mark.slow
def test_every_key_has_its_row_with_a_number_or_a_word(tmp_path: Path, tiny_model: Path) -> None:
    keys = write_files(tmp_path, 3)
    work, (shard,) = work_in(tmp_path, tiny_model, keys, shard_size=9)
    report = score(work, shard)
    found = rows(work)
    assert [row["key"] for row in found] == keys
    assert {row["key"].removeprefix("scans/"): row["word"] for row in found[1:4]} == NOT_GRADED
    assert [row["cataract_fraction"] for row in (found[0], *found[4:])] == [200 / 700, 208 / 700, 216 / 700]
    assert {row["eye"] for row in (found[0], *found[4:])} == {"OD"}
    assert report.counts == {"graded": 3, "refused": 3, "failed": 0}
    assert (report.rows, report.written) == (6, True)
    assert report.bytes_read == sum(row["bytes"] or 0 for row in found)


@pytest.mark.slow
def test_a_shard_that_is_there_is_not_written_again(tmp_path: Path, tiny_model: Path) -> None:
    work, (shard,) = work_in(tmp_path, tiny_model, write_files(tmp_path, 1)[:1], shard_size=9)
    assert score(work, shard).written
    again = score(work, shard)
    assert (again.written, again.bytes_written) == (False, 0)


@pytest.mark.slow
def test_a_file_that_ends_its_process_is_a_row_and_costs_no_other(tmp_path: Path, tiny_model: Path) -> None:
    keys = write_files(tmp_path, 2)
    odd = odd_scan(tmp_path / "scans" / "text.png")
    work, (shard,) = work_in(
        tmp_path, tiny_model, keys, shard_size=9, loads=CrashingSettings(settings(tiny_model), deadly_rows=odd)
    )
    score(work, shard)
    words = {row["key"]: (row["status"], row["word"]) for row in rows(work)}
    assert words["scans/text.png"] == ("failed", "worker-died")
    assert words[keys[0]] == words[keys[-1]] == ("graded", None)


@pytest.mark.slow
def test_a_process_that_was_ended_once_changes_no_row(tmp_path: Path, tiny_model: Path) -> None:
    keys = write_files(tmp_path, 2)
    odd = odd_scan(tmp_path / "scans" / "text.png")
    once = CrashingSettings(settings(tiny_model), deadly_rows=odd, once=str(tmp_path / "was here"))
    work, (shard,) = work_in(tmp_path, tiny_model, keys, shard_size=9, loads=once)
    score(work, shard)
    assert (tmp_path / "was here").exists()
    undisturbed = replace(work, settings=settings(tiny_model), prefix=str(tmp_path / "undisturbed"))
    score(undisturbed, shard)
    assert rows(work) == rows(undisturbed)
    assert {row["word"] for row in rows(work)} == {None, "empty-file", "missing-file"}


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_a_row(tmp_path: Path, tiny_model: Path) -> None:
    keys = write_files(tmp_path, 1)
    odd = odd_scan(tmp_path / "scans" / "text.png")
    hanging = CrashingSettings(settings(tiny_model), hanging_rows=odd)
    work, (shard,) = work_in(tmp_path, tiny_model, keys, shard_size=9, scan_s=2.0, loads=hanging)
    score(work, shard)
    assert [row["word"] for row in rows(work) if row["key"] == "scans/text.png"] == ["worker-died"]


@pytest.mark.slow
def test_a_shard_of_which_nothing_is_found_is_not_written(tmp_path: Path, tiny_model: Path) -> None:
    work, (shard,) = work_in(tmp_path, tiny_model, ["a.png", "b.png"])
    with pytest.raises(OutputError) as refused:
        score(work, shard)
    assert refused.value.word == "store-refused"
    assert not Path(work.prefix, "shards").exists()
    score(replace(work, missing_ok=True), shard)
    assert [row["word"] for row in rows(work)] == ["missing-file", "missing-file"]


def test_a_machine_with_another_model_or_version_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    work, _ = work_in(tmp_path, tiny_model, ["a.png"])
    check_worker(work)
    for name in ("model", "version", "pyarrow"):
        other = replace(work, plan=replace(work.plan, work={**work.plan.work, name: "another"}))
        with pytest.raises(EdgeCataractError, match=name) as refused:
            check_worker(other)
        assert refused.value.word == "archive-other-work"
