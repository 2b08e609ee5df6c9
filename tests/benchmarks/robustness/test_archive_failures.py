"""The simulation of an archive under failures: what can be worked out on paper comes out so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.robustness.archive_failures import HOUR_S, Spells, World, simulate

QUIET = World(
    machines=2,
    workers=2,
    scan_s=0.1,
    scan_sd_s=0.0,
    shard_s=1.0,
    start_s=10.0,
    slow_share=0.0,
    machine_lost_h=np.inf,
    driver_lost_h=np.inf,
    throttle_every_h=np.inf,
)


def test_without_failures_time_is_that_of_scans_shards_and_start() -> None:
    found = simulate(4000, 100, QUIET, seed=1)
    assert found.hours * HOUR_S == pytest.approx(10 + 10 * (100 * 0.1 + 1.0))
    assert (found.repeated, found.lost, found.idle_at_end) == (0.0, 0, 0.0)


def test_a_last_shard_may_be_smaller() -> None:
    assert simulate(4050, 100, QUIET, seed=1).hours * HOUR_S == pytest.approx(10 + 110 + 50 * 0.1 + 1.0)


def test_all_wait_at_the_end_for_a_large_shard() -> None:
    found = simulate(500, 100, QUIET, seed=1)
    assert found.hours * HOUR_S == pytest.approx(10 + 22)
    assert found.idle_at_end == pytest.approx(3 * 11 / (4 * 32))


def test_a_lost_driver_costs_what_was_in_hand() -> None:
    found = simulate(4000, 100, QUIET, seed=1, driver_losses_s=(15.0,))
    assert found.lost == 4
    assert found.repeated == pytest.approx(4 * 5 / (40 * 11))
    assert found.hours * HOUR_S == pytest.approx(15 + 10 + 110)


def test_slow_machines_take_longer() -> None:
    assert simulate(4000, 100, replace(QUIET, slow_share=1.0), seed=1).hours * HOUR_S == pytest.approx(10 + 10 * 31)


def test_a_spell_of_throttling_slows_what_falls_into_it() -> None:
    spells = Spells(replace(QUIET, throttle_every_h=1.0, throttle_pace=0.5), np.random.default_rng(3))
    spells._draw(100_000)
    start, stop = spells._spells[0]
    assert stop - start == 600
    assert spells.end_of(start - 50, 40) == start - 10
    assert spells.end_of(start - 50, 100) == pytest.approx(start + 100)
    assert spells.end_of(start, 300) == pytest.approx(stop)
    assert spells.end_of(start - 50, 400) == pytest.approx(stop + 50)


def test_larger_shards_lose_more_to_the_same_failures() -> None:
    bad = replace(QUIET, machine_lost_h=0.05)
    small, large = (simulate(40_000, size, bad, seed=2) for size in (100, 1000))
    assert small.repeated < large.repeated
    assert small.hours < large.hours
