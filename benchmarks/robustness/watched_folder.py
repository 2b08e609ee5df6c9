"""Write scans badly, kill the watch, and count: ``python -m benchmarks.robustness.watched_folder``.

Files are written slowly, renamed, cut, replaced, with their size set first, and taken away for a moment, with pauses
longer than a file must settle. The watch runs under strace, which lets no sync succeed, as on a share that knows none,
and is killed at random moments while files are written and exams are judged. Then it is given time, and its results are
held against what was written: a file that was read early has a hash that no whole file ever had.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.provenance import place, save, versions
from benchmarks.robustness.slow_writers import ENDINGS, MANNERS, SCANS_PER_EXAM, Pace, Writers, write_decoys
from benchmarks.robustness.watched_results import examine
from tests.make_tiny_model import TinyModel, tiny_model_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.robustness.slow_writers import Written

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "watched_folder.json"
_NO_SYNC = ("-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EINVAL")
_LONGEST_S = 600.0  # for the watch to come to its end


@dataclass(frozen=True, slots=True)
class Times:
    """Times of the watch and of who writes, in seconds."""

    settle_s: float = 0.5
    timeout_s: float = 10.0
    poll_s: float = 0.25
    pause_s: float = 4.0
    late_s: float = 15.0
    kill_s: float = 6.0


def command(folder: Path, out: Path, model: Path, times: Times, *, synced: bool) -> list[str]:
    """The command line of the watch."""
    strace = [] if synced else [shutil.which("strace") or "strace", *_NO_SYNC]
    return [
        *strace, sys.executable, "-m", "edge_runtime", "watch", str(folder), "-o", str(out), "--model", str(model),
        "--settle", str(times.settle_s), "--timeout", str(times.timeout_s), "--poll", str(times.poll_s), "--threads",
        "1", "--documents-only", "-q",
    ]  # fmt: skip


class Killer:
    """Keeps a watch running, and kills it again and again.

    Parameters
    ----------
    words
        Its command line.
    seed
        Of the moments.
    """

    def __init__(self, words: list[str], seed: int) -> None:
        self._words = words
        self._rng = np.random.default_rng([seed, 1])
        self._running = self._start()
        self.kills = 0

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._words, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True)

    def kill(self, longest_s: float) -> None:
        """Let it run for a while, kill it and all of its processes, and start it again."""
        time.sleep(float(self._rng.uniform(0.2, longest_s)))
        self._check()
        self._end(signal.SIGKILL)
        self.kills += 1
        self._running = self._start()

    def _check(self) -> None:
        if self._running.poll() is not None:
            errors = self._running.stderr.read().decode() if self._running.stderr is not None else ""
            raise RuntimeError(f"the watch ended by itself with {self._running.returncode}: {errors[-1000:]}")

    def _end(self, number: int) -> None:
        os.killpg(self._running.pid, number)
        self._running.communicate()

    def wait(self, is_done: Callable[[], bool], quiet_s: float) -> None:
        """Let it run until something is so, and then a while longer: nothing more may come."""
        began = time.monotonic()
        while not is_done() and time.monotonic() - began < _LONGEST_S:
            self._check()
            time.sleep(0.5)
        time.sleep(quiet_s)
        self._check()

    def close(self) -> int:
        """End it as a system does; returns its exit code."""
        if self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGTERM)
        try:
            self._running.communicate(timeout=60)
        finally:
            if self._running.poll() is None:
                self._end(signal.SIGKILL)
        return self._running.returncode


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is written and killed; with `synced`, syncs are let through."""

    files: int = 2000
    kills: int = 40
    seed: int = 18
    at_a_time: int = 16
    synced: bool = False


def watched_folder(root: Path, plan: Plan, times: Times) -> dict[str, Any]:
    """Write, kill, wait, and look; returns what was met."""
    folder, elsewhere, out, model = root / "in", root / "elsewhere", root / "out", root / "tiny.onnx"
    folder.mkdir()
    model.write_bytes(tiny_model_bytes(TinyModel()))
    write_decoys(folder)
    written: dict[str, Written] = {}
    writers = Writers(folder, elsewhere, Pace(times.pause_s, times.late_s, times.timeout_s), plan.seed)
    killer = Killer(command(folder, out, model, times, synced=plan.synced), plan.seed)
    began = time.monotonic()
    try:
        writing = threading.Thread(target=lambda: written.update(writers.write(plan.files, plan.at_a_time)))
        writing.start()
        for number in range(plan.kills):
            killer.kill(times.kill_s)
            print(f"kill {number + 1} after {time.monotonic() - began:.0f} s", flush=True)
        writing.join()
        killer.wait(lambda: not examine(out, written).lost, 2 * times.timeout_s)
    finally:
        code = killer.close()
    found = examine(out, written)
    return {
        "files": len(written),
        "exams": -(-len(written) // SCANS_PER_EXAM),
        "formats": list(ENDINGS),
        "manners": {manner: sum(one.manner == manner for one in written.values()) for manner in MANNERS},
        "sync": "as it is" if plan.synced else "every fsync fails with EINVAL (strace)",
        "times": asdict(times),
        "kills": killer.kills,
        "ended_by_sigterm_with": code,
        "wall_s": round(time.monotonic() - began, 1),
        "results": found.results,
        "results_with_one_before": found.later,
        "scans_refused": dict(sorted(found.refused.items())),
        "left_unfinished_for_longer_than_planned": sum(
            bool(one.parts) for one in written.values() if one.manner != "cut for ever"
        ),
        "read_early": found.early,
        "lost": found.lost,
        "doubled": found.doubled,
        "left_behind": found.left,
        "good": found.good,
    }


def main() -> int:
    """Write, kill, print, save; 1 when a file was read early, or lost, or a result is there twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Plan()
    parser.add_argument("--files", type=int, default=usual.files)
    parser.add_argument("--kills", type=int, default=usual.kills)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--at-a-time", type=int, default=usual.at_a_time, help="exams written at the same time")
    parser.add_argument("--synced", action="store_true", help="do not let syncs fail")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    plan = Plan(given.files, given.kills, given.seed, given.at_a_time, given.synced)
    with tempfile.TemporaryDirectory() as root:
        content = watched_folder(Path(root), plan, Times())
    save(given.out, {**place(), **versions("watchdog", "onnxruntime"), "seed": plan.seed, **content})
    print(json.dumps(content, indent=1))
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
