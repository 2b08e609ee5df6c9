"""The benchmark of cold start, in small: it runs, and what it promises without a clock holds."""

from __future__ import annotations

import pytest

from benchmarks.speed import cold_start


@pytest.mark.slow
def test_cold_start_of_one_pair() -> None:
    measured = cold_start.measure(1)
    assert measured["wall"]["ratio_median"] == measured["wall"]["ratio_of_minima"]
    assert measured["verification_ms"] > 0
    # Not less: on Linux a process begins with the peak of the one that started it, here that of the tests.
    assert 0 < measured["peak_mb"]["bare"] <= measured["peak_mb"]["command"]
    capped = measured["capped"]
    assert capped["exit_code"] in (0, 71)


def test_ratios_are_those_of_pairs() -> None:
    found = cold_start.ratios([(100.0, 150.0), (200.0, 320.0), (100.0, 180.0)])
    assert found["ratio_of_minima"] == 1.5
    assert found["ratio_median"] == pytest.approx(1.6)
