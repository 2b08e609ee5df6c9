"""Time and repeated work of an archive by the size of shards: ``python -m benchmarks.robustness.archive_failures``.

A simulation of a hundred million scans on a cluster with slow workers, lost machines, lost drivers and a store that
throttles. What it takes from measurements comes from benchmarks/results/archive_costs.json, and
`benchmarks.robustness.archive_failures_check` holds it against small archives.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save

RESULTS = Path(__file__).parents[1] / "results"
OUT, COSTS = RESULTS / "archive_failures.json", RESULTS / "archive_costs.json"
SCANS = 100_000_000
SIZES = (100, 300, 1000, 2000, 5000, 10_000, 30_000, 100_000)
HOUR_S = 3600.0
SHARD_S = 0.5  # the check finds what it is in small runs; a store that is far away adds its answers
MACHINE_START_S = 180.0  # a new machine from a cloud, with Ray and the model


@dataclass(frozen=True, slots=True)
class World:
    """A cluster and what befalls it.

    Attributes
    ----------
    machines, workers
        Machines, and workers of each.
    scan_s, scan_sd_s
        Seconds of a scan, and its standard deviation over scans.
    shard_s
        Seconds of a worker for a shard beyond its scans: it waits for the first file, writes and is told the next.
    start_s
        Seconds until a new machine, or a new driver's worker, measures.
    slow_share, slow_factor
        Share of the machines that are slow, and how much longer they take.
    machine_lost_h
        Mean hours until a machine is lost.
    driver_lost_h
        Mean hours until the driver is lost, and all that is in hand with it.
    throttle_every_h, throttle_s, throttle_pace
        Mean hours between spells in which the store throttles, their length, and the pace left in them.
    """

    machines: int
    workers: int
    scan_s: float
    scan_sd_s: float
    shard_s: float
    start_s: float
    slow_share: float = 0.05
    slow_factor: float = 3.0
    machine_lost_h: float = 24.0
    driver_lost_h: float = 24.0
    throttle_every_h: float = 4.0
    throttle_s: float = 600.0
    throttle_pace: float = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulated run took.

    Attributes
    ----------
    hours
        Until the last shard was written.
    repeated
        Work that was lost and done again, over the work of all scans.
    idle_at_end
        Time of workers without a shard while others had one, over the time of all.
    lost
        Shards that were lost in hand.
    """

    hours: float
    repeated: float
    idle_at_end: float
    lost: int


class Spells:
    """Spells of throttling, in which work goes on at a lower pace."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self._world, self._rng = world, rng
        self._spells: list[tuple[float, float]] = []

    def end_of(self, begin_s: float, work_s: float) -> float:
        """When work that begins then is done."""
        self._draw(begin_s + work_s)
        now_s = begin_s
        for number in range(len(self._spells) + 1):
            if number == len(self._spells):
                self._draw(now_s + work_s)
            if number == len(self._spells) or now_s + work_s <= self._spells[number][0]:
                return now_s + work_s
            start_s, stop_s = self._spells[number]
            if stop_s <= now_s:
                continue
            work_s -= max(start_s - now_s, 0.0)
            now_s = max(now_s, start_s)
            possible_s = (stop_s - now_s) * self._world.throttle_pace
            if work_s <= possible_s:
                return now_s + work_s / self._world.throttle_pace
            work_s -= possible_s
            now_s = stop_s
        return now_s + work_s

    def _draw(self, until_s: float) -> None:
        while self._world.throttle_every_h < np.inf and (not self._spells or self._spells[-1][1] < until_s):
            after_s = self._spells[-1][1] if self._spells else 0.0
            start_s = after_s + float(self._rng.exponential(self._world.throttle_every_h * HOUR_S))
            self._spells.append((start_s, start_s + self._world.throttle_s))


class Losses:
    """Moments at which something is lost, drawn as they are needed."""

    def __init__(self, mean_h: float, rng: np.random.Generator, known_s: tuple[float, ...] = ()) -> None:
        self._mean_s, self._rng, self._known = mean_h * HOUR_S, rng, list(known_s)
        self._next_s = self._drawn(0.0)

    def _drawn(self, after_s: float) -> float:
        if self._known:
            return self._known.pop(0)
        return after_s + float(self._rng.exponential(self._mean_s)) if np.isfinite(self._mean_s) else np.inf

    def within(self, begin_s: float, end_s: float) -> float | None:
        """The first loss in a time, of times that only grow; None when there is none."""
        while self._next_s < begin_s:
            self._next_s = self._drawn(self._next_s)
        return self._next_s if self._next_s < end_s else None


def simulate(scans: int, size: int, world: World, seed: int, driver_losses_s: tuple[float, ...] = ()) -> Outcome:
    """Run an archive in numbers.

    Parameters
    ----------
    scans, size
        Of the archive, and of a shard.
    world
        Where.
    seed
        Of all draws.
    driver_losses_s
        Moments at which the driver is lost, before drawn ones.
    """
    rng = np.random.default_rng(seed)
    spells = Spells(world, rng)
    machines = [Losses(world.machine_lost_h, rng) for _ in range(world.machines)]
    slow = rng.random(world.machines) < world.slow_share
    driver = Losses(world.driver_lost_h, np.random.default_rng(seed + 1), driver_losses_s)
    free = [(world.start_s, number) for number in range(world.machines * world.workers)]
    heapq.heapify(free)
    left, again = [size] * (scans // size) + [scans % size] * (scans % size > 0), list[tuple[float, int]]()
    left.reverse()
    repeated_s = worked_s = end_s = 0.0
    ends: dict[int, float] = {}
    lost = 0
    while left or again:  # workers are asked in order of time, so what befalls them is, too
        now_s, worker = heapq.heappop(free)
        machine = worker // world.workers
        if again and (not left or again[0][0] <= now_s):
            lost_s, keys = heapq.heappop(again)
            now_s = max(now_s, lost_s)
        else:
            keys = left.pop()
        pace = world.slow_factor if slow[machine] else 1.0
        spread = world.scan_sd_s * np.sqrt(keys) * rng.standard_normal()
        done_s = spells.end_of(now_s, max(keys * world.scan_s + spread, 0.0) * pace + world.shard_s)
        losses = (machines[machine].within(now_s, done_s), driver.within(now_s, done_s))
        gone_s = min((one for one in losses if one is not None), default=None)
        if gone_s is None:
            worked_s += done_s - now_s
            end_s = max(end_s, done_s)
            ends[worker] = done_s
            heapq.heappush(free, (done_s, worker))
        else:
            lost += 1
            repeated_s += gone_s - now_s
            heapq.heappush(again, (gone_s, keys))
            heapq.heappush(free, (gone_s + world.start_s, worker))
    idle_s = sum(end_s - ended_s for ended_s in ends.values())
    return Outcome(end_s / HOUR_S, repeated_s / worked_s, idle_s / (end_s * len(ends)), lost)


def swept(world: World, scans: int, sizes: tuple[int, ...], seeds: int) -> list[dict[str, Any]]:
    """Simulate sizes of shards; means over the seeds."""
    found = []
    for size in sizes:
        runs = [asdict(simulate(scans, size, world, seed)) for seed in range(seeds)]
        means = {name: round(float(np.mean([run[name] for run in runs])), 5) for name in runs[0]}
        spread = [round(pick(run["hours"] for run in runs), 3) for pick in (min, max)]
        found.append({"shard_size": size, "shards": -(-scans // size), **means, "hours_range": spread})
        print(json.dumps(found[-1]), flush=True)
    return found


def worlds(costs: dict[str, Any]) -> dict[str, World]:
    """The clusters that are simulated: as measured, with things that go wrong as they may, and much worse."""
    # A worker has a core for itself; what it reads from a folder is in the first.
    each_s = costs["processor_s_per_scan"] + costs["fetching_s_per_scan_from_s3"] - costs["fetching_s_per_scan"]
    usual = World(
        machines=64,
        workers=16,
        scan_s=each_s,
        scan_sd_s=each_s,
        shard_s=SHARD_S,
        start_s=MACHINE_START_S,
    )
    return {
        "usual": usual,
        "bad": replace(usual, machine_lost_h=2.0, driver_lost_h=4.0, throttle_every_h=1.0, slow_share=0.1),
        "quiet": replace(
            usual, machine_lost_h=np.inf, driver_lost_h=np.inf, throttle_every_h=np.inf, slow_share=0.0, scan_sd_s=0.0
        ),
    }


def main() -> int:
    """Simulate, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=SCANS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    content = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    costs = json.loads(COSTS.read_text(encoding="utf-8"))
    content["simulation"] = {
        **place(),
        "costs_commit": costs["commit"],
        "seeds": list(range(arguments.seeds)),
        "scans": arguments.scans,
        "worlds": {
            name: {"world": _finite(asdict(world)), "sizes": swept(world, arguments.scans, SIZES, arguments.seeds)}
            for name, world in worlds(costs).items()
        },
    }
    save(arguments.out, content)
    return 0


def _finite(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: number if np.isfinite(number) else None for name, number in numbers.items()}


if __name__ == "__main__":
    sys.exit(main())
