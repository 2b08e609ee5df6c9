"""What a scan of an archive costs follows from runs of few and of many."""

from __future__ import annotations

import pytest

from benchmarks.speed.archive import Spent, of_one_scan


def run(scans: int, fetch_s: float) -> Spent:
    return Spent(
        scans=scans,
        wall_s=99.0,
        processor_s=1.5 + 0.1 * scans,
        bytes_read=5 * scans,
        bytes_written=1,
        fetching_s=0.5 + fetch_s * scans,
        requests=scans,
        peak_mb={},
    )


def test_the_start_is_told_apart_from_what_scans_take() -> None:
    runs = {"few": run(10, 0.001), "many": run(110, 0.001), "s3_few": run(10, 0.004), "s3_many": run(110, 0.004)}
    found = of_one_scan(runs)
    assert found["processor_s_per_scan"] == pytest.approx(0.1)
    assert found["scans_per_core_s"] == pytest.approx(10)
    assert found["start_processor_s"] == pytest.approx(1.5)
    assert (found["fetching_s_per_scan"], found["fetching_s_per_scan_from_s3"]) == (0.001, 0.004)
    assert found["bytes_read_per_scan"] == 5
