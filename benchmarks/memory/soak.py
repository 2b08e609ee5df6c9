"""Many scans in one process, and the same scan many times: ``python -m benchmarks.memory.soak``.

The slope of resident memory is that of a straight line through the second part of the run; the first part fills caches.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gate import Asked, add_options, outcome
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer, Limits, document
from edge_runtime.machine.memory import resident_bytes

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "soak.json"
SAMPLES = sorted((ROOT / "edge_runtime" / "samples").glob("*.png"))
THREADS = (1, 2)


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=2_000)
    parser.add_argument("--settled", type=int, default=500, help="scans before the slope is taken")
    parser.add_argument("--repeats", type=int, default=20)
    add_options(parser, RESULTS, timed=False)
    arguments = parser.parse_args()
    analyzer = CataractAnalyzer()
    content = {
        "soak": soak(analyzer, arguments.scans, arguments.settled),
        "repeats": repeats(arguments.repeats),
    }
    print(content)
    save(arguments.out, {**provenance(analyzer), **content})
    same = content["repeats"]["identical"]
    return outcome(asked(content), gate=arguments.gate) if same else 1


def asked(content: dict[str, Any]) -> list[Asked]:
    """Return what many scans left behind, with what is asked of it."""
    soaked = content["soak"]
    return [
        Asked(name="memory grown per scan, bytes", found=soaked["bytes_per_scan"], at_most=1024),
        *(
            Asked(name=f"{name}, late over early", found=soaked[name][1] - soaked[name][0], at_most=0)
            for name in ("threads", "descriptors")
        ),
        Asked(name="different documents of one scan", found=content["repeats"]["documents"], at_most=1),
    ]


def soak(analyzer: CataractAnalyzer, scans: int, settled: int) -> dict[str, Any]:
    """Analyse the samples in turn; measure the slope of memory, and threads and descriptors early and late."""
    memory, threads, descriptors = [], [], []
    for number in range(scans):
        analyzer.analyze(SAMPLES[number % len(SAMPLES)])
        memory.append(resident_bytes(peak=False))
        threads.append(len(os.listdir("/proc/self/task")))
        descriptors.append(len(os.listdir("/proc/self/fd")))
    slope = np.polyfit(np.arange(settled, scans), memory[settled:], 1)[0]
    return {
        "scans": scans,
        "settled": settled,
        "bytes_per_scan": float(slope),
        "resident_mb": {"settled": memory[settled] / 1e6, "end": memory[-1] / 1e6, "most": max(memory) / 1e6},
        "threads": _early_and_late(threads[settled:]),
        "descriptors": _early_and_late(descriptors[settled:]),
        "python_threads": threading.active_count(),
    }


def _early_and_late(counts: list[int]) -> list[int]:
    """Return the least of either half: a thread that has ended is listed for a moment longer."""
    half = len(counts) // 2
    return [min(counts[:half]), min(counts[half:])]


def repeats(count: int) -> dict[str, Any]:
    """Compare the documents of one scan, `count` times per number of threads, by the command line and in Python."""
    scan = str(SAMPLES[0])
    found = {json.dumps(comparable(content), sort_keys=True) for content in _documents(scan, count)}
    return {"count": count, "threads": list(THREADS), "documents": len(found), "identical": len(found) == 1}


def _documents(scan: str, count: int) -> list[dict[str, Any]]:
    documents = []
    for threads in THREADS:
        analyzer = CataractAnalyzer(limits=Limits(threads=threads))
        command = [sys.executable, "-m", "edge_runtime", scan, "--json", "--threads", str(threads)]
        for _ in range(count):
            documents.append(document(analyzer.as_eye([analyzer.analyze(scan)]), analyzer.network, "now"))
            printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
            documents.append(json.loads(printed))
    return documents


def comparable(content: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what may differ: when it was made, how long it took, and on how many threads."""
    runtime = {name: value for name, value in content["runtime"].items() if name != "threads"}
    scans = [{name: value for name, value in scan.items() if name != "timings_ms"} for scan in content["scans"]]
    rest = {name: value for name, value in content.items() if name not in ("created", "runtime", "scans")}
    return {**rest, "runtime": runtime, "scans": scans}


if __name__ == "__main__":
    sys.exit(main())
