"""The watch over processes that crash or hang."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from benchmarks.robustness import supervision
from benchmarks.robustness.supervision import Job, supervised

pytestmark = pytest.mark.slow


def outcomes(job: Job, seed: int) -> Iterator[str]:
    """A job that does what its name says."""
    if job.name == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    for number in range(job.first, job.first + job.count):
        yield f"{(number + seed) % 2}"


def test_processes_are_watched_and_their_counts_are_added() -> None:
    jobs = [Job("good", 0, 10), Job("crash", 0, 1), Job("good", 10, 11), Job("crash", 1, 1)]
    found, slowest = supervised(outcomes, jobs, seed=0, workers=2)
    assert found == {"good": {"0": 11, "1": 10}, "crash": {"FAULT: crash": 2}}
    assert 0 <= slowest < 10


def test_a_process_that_is_silent_is_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "HANG_PER_PIECE_S", 0.0)
    found, _ = supervised(outcomes, [Job("good", 0, 10_000_000)], seed=0, workers=1, hang_s=0.0)
    assert found == {"good": {"FAULT: hang": 1}}
