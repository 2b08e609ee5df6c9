"""A worker ends with the process that started it, however that ended."""

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

OWNER = """
import time
from edge_runtime.workers.process import WorkerProcess
from tests.edge_runtime.workers.jobs import begins
if __name__ == "__main__":
    worker = WorkerProcess(begins)
    worker.wait_until_ready("Look.")
    worker.give("hangs", seconds=60)
    print(worker.process_id, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_worker_in_the_middle_of_a_job_ends_with_its_owner(tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text(OWNER)
    command, environment = [sys.executable, str(tmp_path / "owner.py")], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        worker = int(owner.stdout.readline())
        assert is_alive(worker)
        owner.send_signal(signal.SIGKILL)
    patience = time.monotonic() + 20
    while is_alive(worker) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not is_alive(worker)
