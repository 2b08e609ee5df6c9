"""As many threads as the affinity mask and the control groups of the process allow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.machine import cgroup
from edge_runtime.machine.cgroup import available_threads
from tests.conftest import ROOT


def test_threads_are_those_of_the_affinity_mask() -> None:
    program = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from edge_runtime.machine.cgroup import available_threads
print(available_threads())
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert finished.stdout == "1\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Threads that a made-up machine allows: processors, and CPU quotas of its control groups."""

    def threads(processors: int, own: str | None, **quotas: str) -> int:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
        if own is not None:
            (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
            (tmp_path / "proc/self/cgroup").write_text(f"12:cpu:/old\n0::{own}\n")
        for folder, content in quotas.items():
            place = tmp_path / "sys/fs/cgroup" / folder.replace("_", "/").strip("/")
            place.mkdir(parents=True, exist_ok=True)
            (place / "cpu.max").write_text(content)
        monkeypatch.setattr(cgroup, "CGROUPS", str(tmp_path / "sys/fs/cgroup"))
        monkeypatch.setattr(cgroup, "OWN_CGROUP", str(tmp_path / "proc/self/cgroup"))
        return available_threads()

    return threads


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("nonsense", 8),
    ],
)
def test_threads_are_limited_by_the_control_group(machine: Callable[..., int], quota: str, expected: int) -> None:
    assert machine(8, "/device", device=quota) == expected


def test_smallest_quota_on_the_way_to_the_root_counts(machine: Callable[..., int]) -> None:
    assert machine(8, "/a/b", a_b="600000 100000", a="300000 100000", _="500000 100000") == 3


def test_quota_of_a_stranger_does_not_count(machine: Callable[..., int]) -> None:
    assert machine(8, "/a", b="100000 100000") == 8


def test_without_control_groups_the_affinity_mask_counts(machine: Callable[..., int]) -> None:
    assert machine(5, None) == 5


def test_quota_of_the_older_kind_of_control_group_counts(machine: Callable[..., int], tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup/cpu/old"
    group.mkdir(parents=True)
    (group / "cpu.cfs_quota_us").write_text("300000\n")
    (group / "cpu.cfs_period_us").write_text("100000\n")
    assert machine(8, "/device") == 3
    (group / "cpu.cfs_quota_us").write_text("-1\n")
    assert machine(8, "/device") == 8


def test_group_named_as_root_is_the_root(machine: Callable[..., int]) -> None:
    assert machine(8, "/", _="400000 100000") == 4
