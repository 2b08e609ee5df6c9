"""A watch in a process of its own, which is ended whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

QUICK = ("--settle", "0.3", "--timeout", "2", "--poll", "0.1", "--threads", "1")
WAIT_S = 60.0


class Program:
    """A running watch."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.process = process
        self._errors = errors

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; a watch that ends meanwhile is a failure."""
        began = time.monotonic()
        while not condition():
            assert self.process.poll() is None, self.errors
            assert time.monotonic() - began < WAIT_S, self.errors
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process alone, as a system does, and return the exit code."""
        os.kill(self.process.pid, number)
        return self.process.wait(WAIT_S)

    def kill(self) -> None:
        """Kill it with all of its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WAIT_S)


@contextmanager
def watching(
    model: Path, folder: Path, out: Path, *more: str | Path, wrapper: tuple[str, ...] = ()
) -> Iterator[Program]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(model)}
    command = [*wrapper, sys.executable, "-m", "edge_runtime", "watch", folder, "-o", out, *QUICK, *more]
    errors = out.with_name(f"{out.name}.errors")
    with (
        errors.open("ab") as file,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=file, start_new_session=True
        ) as process,
    ):
        try:
            yield Program(process, errors)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(WAIT_S)


def summaries(out: Path) -> list[dict[str, Any]]:
    """The results that are there, in the order in which they were recorded."""
    ledger = out / "watch.ledger"
    lines = ledger.read_bytes().splitlines()[1:] if ledger.exists() else []
    names = [json.loads(line)["record"]["result"] for line in lines if line.endswith(b"}")]
    return [json.loads((out / name / "exam.json").read_bytes()) for name in names]
