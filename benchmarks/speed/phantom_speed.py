"""CPU time of one phantom scan with all its truth maps, before encoding, on one thread; and scaling over processes.

python -m benchmarks.speed.phantom_speed [--scans 20]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 0.30
RESULTS = Path(__file__).parents[1] / "results" / "phantom_speed.json"
SCALING_PATIENTS = 16  # 96 scans, with encoding and writing


def measure(scans: int) -> dict[str, list[float]]:
    """Measure CPU seconds per scan of 2150 x 1824 for each geometry, over clear and cataract eyes."""
    import cv2

    from train.phantom.eye.plan import EyePlan
    from train.phantom.imaging.plan import Geometry, ScanPlan
    from train.phantom.render import simulate

    cv2.setNumThreads(1)
    seconds: dict[str, list[float]] = {}
    for geometry in (Geometry.CORRECTED, Geometry.OPTICAL, Geometry.FAN):
        for index in range(scans + 1):
            mixes = (None, "N", "NCP", "C")
            eye = EyePlan("speed", f"p{index}", "OD", 40.0 + index, index % 2 == 1, index % 3 == 0, mixes[index % 4])
            start = time.process_time()
            simulate(eye, ScanPlan(1, 30.0 * (index % 6), geometry))
            if index:  # the first one pays for imports
                seconds.setdefault(str(geometry), []).append(time.process_time() - start)
    return seconds


def scaling() -> dict[str, float]:
    """Measure the wall time of a small cohort, encoded and written, in one process and in two."""
    from train.phantom.cohorts.dataset import Cohort, write_cohort

    cohort = Cohort.plan("training", 77, SCALING_PATIENTS)
    seconds = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            write_cohort(cohort, Path(folder), workers)
            seconds[f"processes_{workers}_s"] = round(time.monotonic() - start, 2)
    return {**seconds, "speedup": round(seconds["processes_1_s"] / seconds["processes_2_s"], 3)}


def main() -> int:
    """Measure, print, save; 1 when a median is above the limit."""
    from benchmarks.gate import FRESH
    from benchmarks.provenance import place, save

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=20)
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args()
    slow = False
    summary = {}
    for name, seconds in measure(arguments.scans).items():
        middle = statistics.median(seconds)
        slow |= middle > LIMIT_S
        summary[name] = {"n": len(seconds), "median_s": round(middle, 4), "slowest_s": round(max(seconds), 4)}
        print(f"{name:10s} median {middle:.3f} s, slowest {max(seconds):.3f} s of {len(seconds)} (limit {LIMIT_S} s)")
    over_processes = scaling()
    print(over_processes)
    save(arguments.out, {**place(), "cpu_per_scan": summary, "over_processes": over_processes})
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
