"""A short run: every geometry is timed, and the first scan, which pays for imports, is left out."""

from __future__ import annotations

import pytest

from benchmarks.speed.phantom_speed import measure


@pytest.mark.slow
def test_every_geometry_is_timed_without_its_first_scan() -> None:
    found = measure(2)
    assert set(found) == {"corrected", "optical", "fan"}
    assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in found.values())
