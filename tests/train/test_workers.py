"""Processes of a pool end with the one that started them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.processes import is_alive
from train.workers import process_pool

OWNER = """
import os, time
from train.workers import process_pool
def pid(_):
    return os.getpid()
if __name__ == "__main__":
    with process_pool(2) as pool:
        print(*set(pool.map(pid, range(8))), flush=True)
        time.sleep(60)
"""


def threads_of_opencv(_: int) -> int:
    import cv2

    return cv2.getNumThreads()


@pytest.mark.slow
def test_every_process_has_one_thread() -> None:
    with process_pool(2) as pool:
        assert set(pool.map(threads_of_opencv, range(4))) == {1}


def test_no_process_outlives_a_killed_owner(tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text(OWNER)
    command = [sys.executable, str(tmp_path / "owner.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as owner:
        assert owner.stdout is not None
        workers = [int(word) for word in owner.stdout.readline().split()]
        assert workers
        assert all(is_alive(worker) for worker in workers)
        owner.send_signal(signal.SIGKILL)
    patience = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not any(is_alive(worker) for worker in workers)
