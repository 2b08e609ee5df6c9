"""One worker and two, on as few scans as there can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.robustness.batch_scans import SCANS_PER_EXAM
from benchmarks.speed.batch import in_turns
from edge_runtime.batch.workers import WATCH_PEAK_MB, WORKER_PEAK_MB


@pytest.mark.slow
def test_every_round_measures_both_and_memory_stays_below_what_is_said(tmp_path: Path) -> None:
    found = in_turns(tmp_path, exams=2, rounds=1)
    assert found["files"] == 2 * SCANS_PER_EXAM
    assert (len(found["one_worker"]), len(found["two_workers"])) == (1, 1)
    assert 0 < found["twice_processor_ratio"]["median"] < 4
    assert 50 < found["worker_peak_mb"] <= WORKER_PEAK_MB
    assert 20 < found["watch_peak_mb"] <= WATCH_PEAK_MB
