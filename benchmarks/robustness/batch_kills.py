"""Kill a batch at random moments and continue it: ``python -m benchmarks.robustness.batch_kills``.

The same exams are measured once undisturbed, and once by runs that are killed again and again: the process that
watches alone, or its workers with it. Then the outputs of both are compared byte by byte; of the documents, all but
`created` and `timings_ms`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.provenance import place, save
from benchmarks.robustness.batch_scans import ENDINGS, NOTE, SCANS_PER_EXAM, make_scans

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "batch_kills.json"
EXIT_SOME_FAILED = 4
BYTE_EQUAL = ("results.csv", "results.parquet", "summary.json")
LEDGER = "batch.ledger"
_TIMES = {"created", "timings_ms"}
_SHARE_BEFORE_TABLES = 0.9  # of the kills
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Comparison:
    """An undisturbed run beside one that was killed.

    Attributes
    ----------
    differing
        Names of outputs that are not equal.
    twice
        Exams that were recorded more than once.
    left
        Files that do not belong there.
    summary
        Counts of the run that was killed.
    """

    differing: list[str]
    twice: int
    left: list[str]
    summary: dict[str, Any]

    @property
    def good(self) -> bool:
        """Whether nothing differs, was done twice, or was left, and all counts add up."""
        counted = sum(self.summary[word] for word in ("graded", "refused", "failed"))
        return not (self.differing or self.twice or self.left) and counted == self.summary["inputs"]


def command(scans: Path, out: Path, workers: int) -> list[str]:
    """The command line that is killed."""
    return [
        sys.executable, "-m", "edge_runtime", "batch", str(scans), "-o", str(out), "-q", "--workers", str(workers),
    ]  # fmt: skip


def start(scans: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start a run in a group of its own."""
    return subprocess.Popen(
        command(scans, out, workers),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(scans: Path, out: Path, workers: int) -> float:
    """Run to the end; returns the seconds it took."""
    began = time.monotonic()
    running = start(scans, out, workers)
    _, errors = running.communicate()
    if running.returncode not in (0, EXIT_SOME_FAILED):
        raise RuntimeError(f"the batch ended with {running.returncode}: {errors.decode()[-500:]}")
    return time.monotonic() - began


def kill_once(running: subprocess.Popen[bytes], out: Path, records: int, delay_s: float, *, group: bool) -> bool:
    """Kill a run a while after so many exams are recorded, alone or with its workers; whether it was still running."""
    while recorded(out) < records and running.poll() is None:
        time.sleep(_LOOK_EVERY_S)
    try:
        running.wait(delay_s)
        alive = False
    except subprocess.TimeoutExpired:
        alive = True
        if group:
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
    running.communicate()
    return alive


def recorded(out: Path) -> int:
    """Number of exams on the ledger."""
    ledger = out / LEDGER
    return max(ledger.read_bytes().count(b"\n") - 1, 0) if ledger.exists() else 0


def compare(undisturbed: Path, killed: Path) -> Comparison:
    """Compare the outputs of two runs."""
    names = {path.name for path in undisturbed.iterdir()}
    differing = [
        name
        for name in BYTE_EQUAL
        if name in names and (undisturbed / name).read_bytes() != (killed / name).read_bytes()
    ]
    if _documents(undisturbed) != _documents(killed):
        differing.append("results.jsonl")
    keys = [json.loads(line)["key"] for line in (killed / LEDGER).read_bytes().splitlines()[1:]]
    left = sorted(path.name for path in killed.iterdir() if path.name not in names)
    summary = json.loads((killed / "summary.json").read_bytes())
    return Comparison(differing, len(keys) - len({key.split("\n")[0] for key in keys}), left, summary)


def _documents(folder: Path) -> list[Any]:
    lines = (folder / "results.jsonl").read_bytes().splitlines()
    return [_without_times(json.loads(line)) for line in lines]


def _without_times(content: Any) -> Any:
    """The content without times, in the order in which it is written."""
    if isinstance(content, dict):
        return [(name, _without_times(value)) for name, value in content.items() if name not in _TIMES]
    return [_without_times(value) for value in content] if isinstance(content, list) else content


def batch_kills(root: Path, exams: int, kills: int, seed: int, workers: int) -> dict[str, Any]:
    """Measure undisturbed, then under kills; returns what was met."""
    scans, undisturbed, killed = root / "scans", root / "undisturbed", root / "killed"
    made = make_scans(scans, exams, 0.05, seed)
    whole_s = finish(scans, undisturbed, workers)
    print(f"undisturbed: {whole_s:.0f} s for {made.files} files", flush=True)
    rng = np.random.default_rng(seed)
    running = unfinished = 0
    for number in range(kills):
        # Every other run may come forward a little, so that the last ones write the tables; the rest die early.
        records = 0 if number % 2 else min(exams, round(exams * number / (_SHARE_BEFORE_TABLES * kills)))
        alive = kill_once(
            start(scans, killed, workers), killed, records, float(rng.uniform(0, 2.0)), group=number % 3 == 0
        )
        running += alive
        unfinished += recorded(killed) < exams
        print(f"kill {number + 1}: {recorded(killed)} of {exams} exams are recorded", flush=True)
    finish(scans, killed, workers)
    found = compare(undisturbed, killed)
    return {
        "files": made.files,
        "bad_files": made.bad,
        "formats": list(ENDINGS),
        "scans": f"{SCANS_PER_EXAM} {NOTE}",
        "exams": exams,
        "workers": workers,
        "kills": kills,
        "kills_while_running": running,
        "kills_before_the_last_exam": unfinished,
        "undisturbed_s": round(whole_s, 1),
        "differing": found.differing,
        "recorded_twice": found.twice,
        "left_behind": found.left,
        "summary": found.summary,
        "good": found.good,
    }


def main() -> int:
    """Kill, print, save; 1 when an output differs, an exam was measured twice or something was left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exams", type=int, default=100, help=f"of {SCANS_PER_EXAM} files each")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        content = batch_kills(Path(root), arguments.exams, arguments.kills, arguments.seed, arguments.workers)
    save(arguments.out, {**place(), "seed": arguments.seed, **content})
    print(json.dumps(content, indent=1))
    return 0 if content["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
