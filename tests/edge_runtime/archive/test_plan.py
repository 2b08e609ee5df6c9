"""One run to a prefix: its plan is stored once, and a run that would do something else is refused."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.archive.manifest import Manifest
from edge_runtime.archive.plan import ArchivePlan, plan_of, settle, stored_plan
from edge_runtime.archive.store import FolderStore
from edge_runtime.errors import AuditError, OutputError, ScanMissingError, UsageError
from tests.edge_runtime.batch.exams import settings

MANIFEST = Manifest(io.BytesIO(), False, "/", "1" * 64, 10)


def test_shards_cover_all_rows(tiny_model: Path) -> None:
    plan = plan_of(MANIFEST, 4, settings(tiny_model))
    assert (plan.shards, [plan.rows_of(number) for number in range(3)]) == (3, [4, 4, 2])


def test_the_same_plan_may_be_settled_again(tmp_path: Path, tiny_model: Path) -> None:
    store, plan = FolderStore(str(tmp_path)), plan_of(MANIFEST, 4, settings(tiny_model))
    settle(store, plan)
    settle(store, plan_of(MANIFEST, 4, settings(tiny_model)))
    assert stored_plan(store) == plan


@pytest.mark.parametrize("name", ["manifest", "shard_size", "model", "threshold", "version", "pyarrow"])
def test_another_plan_is_refused_by_what_differs(tmp_path: Path, tiny_model: Path, name: str) -> None:
    store, plan = FolderStore(str(tmp_path)), plan_of(MANIFEST, 4, settings(tiny_model))
    settle(store, plan)
    if name in plan.work:
        other = replace(plan, work={**plan.work, name: "another"})
    else:
        other = replace(plan, **{name: {"manifest": "2" * 64, "shard_size": 5}[name]})
    with pytest.raises(OutputError, match=f"another {name}") as refused:
        settle(store, other)
    assert refused.value.word == "archive-other-work"
    assert stored_plan(store) == plan


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema": "edge-cataract/archive/1"}', b"\xff"])
def test_a_damaged_plan_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(AuditError) as refused:
        stored_plan(FolderStore(str(tmp_path)))
    assert refused.value.word == "damaged-archive"


def test_a_prefix_without_an_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScanMissingError):
        stored_plan(FolderStore(str(tmp_path)))


@pytest.mark.parametrize("size", [0, -1, 1_000_001])
def test_a_size_without_a_meaning_is_refused(tiny_model: Path, size: int) -> None:
    with pytest.raises(UsageError):
        plan_of(MANIFEST, size, settings(tiny_model))


def test_a_plan_is_stored_as_it_is_read() -> None:
    plan = ArchivePlan("1" * 64, 5, 3, {"model": "2" * 64})
    assert plan.to_bytes() == plan.to_bytes()
    assert plan.model == "2" * 64
