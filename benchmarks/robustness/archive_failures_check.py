"""Small archives, killed, beside their simulation: ``python -m benchmarks.robustness.archive_failures_check``.

What they took is held against what `benchmarks.robustness.archive_failures` says of the same, and kept beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save
from benchmarks.robustness.archive_failures import HOUR_S, OUT, World, simulate
from benchmarks.robustness.archive_scans import BUCKET, RESULTS, fill, scan_files
from benchmarks.robustness.object_store import ObjectStore, object_store

ROOT = Path(__file__).parents[2]
KEYS, DISTINCT, SIZES, WORKERS, KILLS, SEED = 400, 40, (10, 50, 200), 2, 3, 20
EXIT_SOME_FAILED = 4


def checked() -> dict[str, Any]:
    """Run archives of three sizes of shards, undisturbed and killed; returns both beside the simulation.

    Seconds of a scan, of a shard and of a start are fitted to the undisturbed runs; the killed ones are predicted.
    """
    with object_store() as store:
        fill(store, scan_files(DISTINCT, SEED), {"all.parquet": KEYS})
        whole = {size: _undisturbed(store, size) for size in SIZES}
        start_s = float(np.median([run["start_s"] for run in whole.values()]))
        # Wall seconds of two workers: half of what all scans and all shards take.
        design = np.array([[KEYS / WORKERS, -(-KEYS // size) / WORKERS] for size in SIZES])
        scan_s, shard_s = np.linalg.lstsq(design, np.array([run["work_s"] for run in whole.values()]), rcond=None)[0]
        world = World(
            1, WORKERS, float(scan_s), 0.0, max(float(shard_s), 0.0), start_s, 0.0, 1.0, np.inf, np.inf, np.inf
        )
        rng = np.random.default_rng(SEED)
        runs = []
        for size in SIZES:
            moments = np.sort(rng.uniform(0.1, 0.9, KILLS)) * whole[size]["work_s"]
            met = _killed(store, size, moments)
            told = simulate(KEYS, size, world, SEED, tuple(met["killed_at_s"]))
            runs.append(
                {
                    "shard_size": size,
                    "undisturbed_s": whole[size]["work_s"],
                    **met,
                    "simulated_s": round(told.hours * HOUR_S, 1),
                    "simulated_repeated": round(told.repeated, 3),
                }
            )
            print(json.dumps(runs[-1]), flush=True)
    return {
        "keys": KEYS,
        "workers": WORKERS,
        "kills": KILLS,
        "fitted": {
            "scan_s": round(float(scan_s), 4),
            "shard_s": round(float(shard_s), 3),
            "start_s": round(start_s, 2),
        },
        "runs": runs,
    }


def _start(prefix: str, size: int, store: ObjectStore) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "edge_runtime", "archive", f"s3://{BUCKET}/all.parquet", "-o", f"s3://{RESULTS}/{prefix}",
        "--shard-size", str(size), "--processes", str(WORKERS), "--json", "-q",
    ]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, **store.environment})


def _undisturbed(store: ObjectStore, size: int) -> dict[str, float]:
    began, before = time.monotonic(), store.counts().get("GET", 0)
    running = _start(f"whole-{size}", size, store)
    while store.counts().get("GET", 0) < before + _GETS_BEFORE_SCANS + WORKERS and running.poll() is None:
        time.sleep(0.02)
    start_s = time.monotonic() - began
    _finish(running)
    return {"start_s": round(start_s, 2), "work_s": round(time.monotonic() - began - start_s, 2)}


_GETS_BEFORE_SCANS = 3  # manifest, plan, list of shards


def _killed(store: ObjectStore, size: int, moments_s: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Kill a run so many seconds after it began, or after it began again, and finish it."""
    began, before = time.monotonic(), store.counts().get("GET", 0)
    killed = []
    for moment_s in moments_s:
        running = _start(f"killed-{size}", size, store)
        try:
            running.wait(max(began + float(moment_s) - time.monotonic(), 0.5))
        except subprocess.TimeoutExpired:
            running.kill()
            killed.append(round(time.monotonic() - began, 2))
        running.communicate()
    _finish(_start(f"killed-{size}", size, store))
    read = store.counts().get("GET", 0) - before - (len(killed) + 1) * _GETS_BEFORE_SCANS
    return {
        "killed_at_s": killed,
        "killed_run_s": round(time.monotonic() - began, 1),
        "repeated": round(read / KEYS - 1, 3),
    }


def _finish(running: subprocess.Popen[bytes]) -> None:
    running.communicate()
    if running.returncode not in (0, EXIT_SOME_FAILED):
        raise RuntimeError(f"the archive ended with {running.returncode}")


def main() -> int:
    """Run, print, save."""
    content = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    save(OUT, {**content, "check": {**place(), **checked()}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
