"""A crash leaves no dump with a patient's pixels, however high the limit was when the program was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.workers.process import WorkerProcess
from edge_runtime.workers.serving import Result
from tests.conftest import ROOT
from tests.edge_runtime.watch.programs import watching

from .jobs import begins

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="dumps of Linux are looked for")]

# Raises the limit as far as it may, runs in a folder, and becomes the program whose words follow.
RAISED = """
import os, resource, sys
_, most = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
os.chdir(sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
"""
CRASHES = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
OWNER = """
import sys
from edge_runtime.workers.process import Gone, WorkerProcess
from tests.edge_runtime.workers.jobs import begins
if __name__ == "__main__":
    worker = WorkerProcess(begins)
    worker.wait_until_ready("Look.")
    worker.give("crashes", seconds=60)
    gone = worker.hear()
    assert isinstance(gone, Gone)
    print(gone.how)
"""


def raised(folder: Path) -> tuple[str, ...]:
    """What stands before the words of a program, so that it may leave a dump in a folder."""
    return (sys.executable, "-c", RAISED, str(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a crash leaves a dump, where the machine writes dumps there; the limits are looked at, too."""
    made = tmp_path / "dumps"
    made.mkdir()
    subprocess.run([*raised(made), sys.executable, "-c", CRASHES], check=False, timeout=60)
    for dump in made.iterdir():
        dump.unlink()
    return made


def core_limit(process: int) -> str:
    """How large a dump of a process may be, in bytes."""
    (line,) = [line for line in Path(f"/proc/{process}/limits").read_text().splitlines() if "core file" in line]
    return line.removeprefix("Max core file size").split()[0]


def test_a_worker_that_crashes_leaves_no_dump(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text(OWNER)
    command = [*raised(folder), sys.executable, str(tmp_path / "owner.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == "signal 11\n"
    assert list(folder.iterdir()) == []


def test_a_program_that_crashes_leaves_no_dump(folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with watching(tiny_model, tmp_path / "in", tmp_path / "out", wrapper=raised(folder)) as program:
        program.until(lambda: "watching" in program.errors)
        assert core_limit(program.process.pid) in ("0", "1")
        assert program.end(signal.SIGSEGV) == -signal.SIGSEGV
    assert list(folder.iterdir()) == []


def test_no_program_of_the_machine_that_takes_dumps_is_given_one_of_a_worker() -> None:
    """Linux asks such a program whatever the limit is, 0 too, unless it is 1."""
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    worker = WorkerProcess(begins)
    try:
        worker.wait_until_ready("Look.")
        worker.give("core limit", seconds=60)
        assert worker.hear() == Result((1 if most else 0, most))
    finally:
        worker.end()
        resource.setrlimit(resource.RLIMIT_CORE, (before, most))
