"""Kill the program at random moments over earlier results: ``python -m benchmarks.robustness.kills``.

Every time, the earlier document and overlay of a scan are in place, and the program is run on that scan with ``-o`` and
killed: at any moment of its run, or in the milliseconds in which it writes. Then the pair is looked at before and
after the next run in that folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.provenance import place, save
from edge_runtime.report.journal import finish_interrupted
from edge_runtime.report.png import picture_mark

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "kills.json"
SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"
NAMES = ("scan.json", "scan.overlay.png")
END_OF_PNG = b"IEND\xaeB`\x82"
DEADLY = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Pair:
    """The state of a document and its overlays.

    Attributes
    ----------
    lost, torn
        Whether one is missing, or not whole.
    mixed
        Whether they are of different runs.
    older
        Whether the document is the earlier one.
    """

    lost: bool
    torn: bool
    mixed: bool
    older: bool


def pair_in(folder: Path, older: bytes, names: tuple[str, ...] = NAMES) -> Pair:
    """Look at a document and its overlays, as a reader of them can."""
    document, *overlays = (folder / name for name in names)
    if not all(path.exists() for path in (document, *overlays)):
        return Pair(lost=True, torn=False, mixed=False, older=False)
    content = document.read_bytes()
    try:
        json.loads(content)
        torn = not all(overlay.read_bytes().endswith(END_OF_PNG) for overlay in overlays)
    except ValueError:
        torn = True
    marks = [picture_mark(overlay) for overlay in overlays]
    mixed = any(mark is None or mark.document_sha256 != hashlib.sha256(content).hexdigest() for mark in marks)
    return Pair(lost=False, torn=torn, mixed=mixed, older=content == older)


def command(scan: Path, out: Path, *more: str) -> list[str]:
    """The command line that is killed."""
    return [sys.executable, "-m", "edge_runtime", str(scan), "-o", str(out), "-q", *more]


def kill_once(scan: Path, folder: Path, deadly: signal.Signals, delay_s: float, *, when_writing: bool) -> None:
    """Run the program and kill it after a delay, counted from its start or from its first temporary file."""
    running = subprocess.Popen(
        command(scan, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    if when_writing:
        while running.poll() is None and not any(folder.glob(".edge-cataract-*")):
            time.sleep(0.0002)
    time.sleep(delay_s)
    running.send_signal(deadly)
    running.wait()


def kills(count: int, seed: int, deadly: tuple[signal.Signals, ...] = (signal.SIGKILL,)) -> dict[str, int]:
    """Kill `count` runs; returns how often each state was met."""
    rng = np.random.default_rng(seed)
    met: Counter[str] = Counter(dict.fromkeys(("lost", "torn", "mixed before", "mixed", "left", "older", "newer"), 0))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        scan, earlier, folder = root / "scan.png", root / "earlier", root / "out"
        shutil.copy(SAMPLE, scan)
        earlier.mkdir()
        began = time.monotonic()
        subprocess.run(command(scan, earlier, "--threshold", "0.5"), check=True, stdout=subprocess.DEVNULL)
        whole_s = time.monotonic() - began
        older = (earlier / NAMES[0]).read_bytes()
        for number in range(count):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(earlier, folder)
            when_writing = number % 2 == 0
            delay = float(rng.uniform(0, 0.03 if when_writing else 1.1 * whole_s))
            kill_once(scan, folder, deadly[number % len(deadly)], delay, when_writing=when_writing)
            before = pair_in(folder, older)
            finish_interrupted(str(folder))  # what the next run does first
            after = pair_in(folder, older)
            met["lost"] += before.lost or after.lost
            met["torn"] += before.torn or after.torn
            met["mixed before"] += before.mixed
            met["mixed"] += after.mixed
            met["left"] += any(path.name not in NAMES for path in folder.iterdir())
            met["older" if after.older else "newer"] += 1
    return dict(met)


def main() -> int:
    """Kill, print, save; 1 when something was lost, torn, mixed or left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--signals", type=int, default=200, help="runs that get one of SIGKILL, SIGTERM and SIGINT")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    content = {
        "seed": arguments.seed,
        "kills": {"count": arguments.kills, **kills(arguments.kills, arguments.seed)},
        "signals": {"count": arguments.signals, **kills(arguments.signals, arguments.seed + 1, DEADLY)},
    }
    save(arguments.out, {**place(), **content})
    print(content)
    bad = sum(content[part][word] for part in ("kills", "signals") for word in ("lost", "torn", "mixed", "left"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
