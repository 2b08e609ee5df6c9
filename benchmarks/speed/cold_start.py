"""A cold start against its bare imports: ``python -m benchmarks.speed.cold_start``.

The command analyses one 2150 x 1824 scan in a new process; ``import numpy, cv2, onnxruntime`` runs in another. They
alternate, so that a busy machine slows both, and the ratio of each pair is kept. Byte code is compiled beforehand, as
an installed wheel has it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.gate import EXIT_BUSY, Asked, add_options, load_per_core, outcome, too_busy
from benchmarks.provenance import provenance, save
from edge_runtime import CataractAnalyzer
from edge_runtime.model.onnx_file import inspect
from edge_runtime.model.precision import DEFAULT_PRECISION
from edge_runtime.model.store import read_model

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "cold_start.json"
SCAN = ROOT / "edge_runtime" / "samples" / "simulated-clear.png"  # 2150 x 1824, 8 bit
BARE = [sys.executable, "-c", "import numpy, cv2, onnxruntime"]
COMMAND = [sys.executable, "-m", "edge_runtime", str(SCAN), "--json"]
CAP_MB = 90


@dataclass(frozen=True, slots=True)
class Process:
    """What one process took: wall and processor time in ms, peak resident memory in MB, exit code."""

    wall_ms: float
    processor_ms: float
    peak_mb: float
    exit_code: int


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30)
    add_options(parser, RESULTS, timed=True)
    arguments = parser.parse_args()
    if too_busy(arguments):
        return EXIT_BUSY
    load = load_per_core()
    content = measure(arguments.pairs)
    print(content)
    save(arguments.out, {**provenance(CataractAnalyzer()), "load_per_core": load, **content})
    return outcome(asked(content), gate=arguments.gate)


def asked(content: dict[str, Any]) -> list[Asked]:
    """Return the figures of a run, with what is asked of them."""
    return [
        Asked(name="wall time over bare imports", found=content["wall"]["ratio_median"], at_most=1.7),
        Asked(name="processor time over bare imports", found=content["processor"]["ratio_median"], at_most=1.7),
        Asked(name="verification of the model, share", found=content["verification_share"], at_most=0.05),
        Asked(name="peak memory, MB", found=content["peak_mb"]["command"], at_most=110),
        Asked(name=f"exit code with --max-memory {CAP_MB}", found=content["capped"]["exit_code"], at_most=0),
    ]


def measure(pairs: int) -> dict[str, Any]:
    """Time the command against the bare imports `pairs` times; measure its memory and the share of verification."""
    for command in (BARE, COMMAND):
        run(command)  # compiles, and brings the files into memory
    measured = [(run(BARE), run(COMMAND)) for _ in range(pairs)]
    command_ms = statistics.median(command.wall_ms for _, command in measured)
    verification = verification_ms()
    return {
        "pairs": pairs,
        "wall": ratios([(bare.wall_ms, command.wall_ms) for bare, command in measured]),
        "processor": ratios([(bare.processor_ms, command.processor_ms) for bare, command in measured]),
        "peak_mb": {
            "bare": max(bare.peak_mb for bare, _ in measured),
            "command": max(command.peak_mb for _, command in measured),
        },
        "capped": {"max_memory_mb": CAP_MB, **asdict(run([*COMMAND, "--max-memory", str(CAP_MB)]))},
        "verification_ms": verification,
        "verification_share": verification / command_ms,
    }


def run(command: list[str]) -> Process:
    """Run one process to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_ms = (time.perf_counter() - started) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    return Process(
        wall_ms, (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss * 1024 / 1e6, process.returncode
    )  # Linux counts in KiB


def ratios(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Return the ratios of command and bare imports: of the two minima, and median and quartiles over the pairs."""
    each = [command / bare for bare, command in pairs]
    lower, median, upper = statistics.quantiles(each, n=4) if len(each) > 1 else (each[0],) * 3
    bare_ms, command_ms = (min(times) for times in zip(*pairs, strict=True))
    return {
        "bare_min_ms": bare_ms,
        "command_min_ms": command_ms,
        "ratio_of_minima": command_ms / bare_ms,
        "ratio_median": median,
        "ratio_lower_quartile": lower,
        "ratio_upper_quartile": upper,
    }


def verification_ms() -> float:
    """Time what verifies the bundled model: two digests of it and a check of its format; the least of five runs."""
    data = read_model(None, DEFAULT_PRECISION)

    def once() -> float:
        started = time.perf_counter()
        for _ in range(2):
            hashlib.sha256(data).hexdigest()
        inspect(data)
        return (time.perf_counter() - started) * 1000

    return min(once() for _ in range(5))


if __name__ == "__main__":
    sys.exit(main())
