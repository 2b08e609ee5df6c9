"""Two workers of one thread against one: ``python -m benchmarks.speed.batch``.

The same exams are measured by one worker and by two, in turns, each time in a new folder; what is compared is the wall
time of the whole command, its start included. Beside it stands the processor time of all of its processes: on a machine
that is busy with other work, wall time says little, and processor time how much two workers disturb each other. On the
way, the memory of every process is read at its peak.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.gate import Asked, add_options, load_per_core, outcome, too_busy
from benchmarks.provenance import provenance, save
from benchmarks.robustness.batch_kills import command
from benchmarks.robustness.batch_scans import NOTE, SCANS_PER_EXAM, make_scans
from benchmarks.speed.turns import about
from edge_runtime import CataractAnalyzer
from edge_runtime.batch.workers import WATCH_PEAK_MB, WORKER_PEAK_MB

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "batch_speed.json"
AT_LEAST = 1.7
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a batch.

    Attributes
    ----------
    wall_s, processor_s
        Seconds that passed, and that all of its processes computed.
    watch_mb, worker_mb
        Peak memory of the process that watches, and of its largest worker.
    """

    wall_s: float
    processor_s: float
    watch_mb: float
    worker_mb: float


def main() -> int:
    """Measure in turns, print, save; with --gate 1 when a figure misses what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exams", type=int, default=8, help=f"of {SCANS_PER_EXAM} files each")
    parser.add_argument("--rounds", type=int, default=3)
    add_options(parser, RESULTS, timed=True)
    arguments = parser.parse_args()
    if too_busy(arguments):
        return 2
    load = load_per_core()
    with tempfile.TemporaryDirectory() as root:
        content = in_turns(Path(root), arguments.exams, arguments.rounds)
    save(arguments.out, {**provenance(CataractAnalyzer()), "load_per_core_before": round(load, 2), **content})
    asked = [
        Asked(name="one worker over two, wall time", found=content["ratio"]["median"], at_least=AT_LEAST),
        Asked(name="a worker at its peak, MB", found=content["worker_peak_mb"], at_most=WORKER_PEAK_MB),
        Asked(name="the watching process, MB", found=content["watch_peak_mb"], at_most=WATCH_PEAK_MB),
    ]
    return outcome(asked, gate=arguments.gate)


def in_turns(root: Path, exams: int, rounds: int) -> dict[str, Any]:
    """Measure the same exams by one worker and by two, `rounds` times each."""
    made = make_scans(root / "scans", exams, 0.0, 1)
    found: dict[int, list[Measured]] = {1: [], 2: []}
    for number in range(rounds):
        for workers, runs in found.items():
            runs.append(measured(root / "scans", root / f"out-{number}-{workers}", workers))
            print(f"round {number + 1}: {workers} workers, {runs[-1]}", flush=True)
    pairs = list(zip(found[1], found[2], strict=True))
    return {
        "files": made.files,
        "exams": exams,
        "rounds": rounds,
        "scans": f"{SCANS_PER_EXAM} {NOTE}",
        "one_worker": [asdict(run) for run in found[1]],
        "two_workers": [asdict(run) for run in found[2]],
        "ratio": about([one.wall_s / two.wall_s for one, two in pairs]),
        "twice_processor_ratio": about([2 * one.processor_s / two.processor_s for one, two in pairs]),
        "worker_peak_mb": max(run.worker_mb for runs in found.values() for run in runs),
        "watch_peak_mb": max(run.watch_mb for runs in found.values() for run in runs),
    }


def measured(scans: Path, out: Path, workers: int) -> Measured:
    """Run a batch, and look at it while it runs."""
    began = time.monotonic()
    running = subprocess.Popen(command(scans, out, workers), cwd=ROOT, stdout=subprocess.DEVNULL)
    watch = worker = 0.0
    while True:
        ended, status, used = os.wait4(running.pid, os.WNOHANG)
        if ended:
            break
        watch = max(watch, _peak_mb(running.pid))
        worker = max([worker, *(_peak_mb(child) for child in _children(running.pid))])
        time.sleep(_LOOK_EVERY_S)
    running.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here
    if running.returncode:
        raise RuntimeError(f"the batch ended with {running.returncode}")
    took = time.monotonic() - began
    return Measured(round(took, 2), round(used.ru_utime + used.ru_stime, 2), round(watch, 1), round(worker, 1))


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return []


def _peak_mb(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
