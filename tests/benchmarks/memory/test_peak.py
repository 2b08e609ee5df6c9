"""Memory is measured in a process of its own, and grows with the tile."""

from __future__ import annotations

import pytest

from benchmarks.memory.peak import in_own_process


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_larger_tile_takes_more_memory(precision: str) -> None:
    small, large = (in_own_process(precision, side) for side in (512, 1600))
    assert 0 < small["grown_mb"] < large["grown_mb"]
    assert large["allowed_mb"] - small["allowed_mb"] == pytest.approx(6 * (1600**2 - 512**2) / 1e6)
