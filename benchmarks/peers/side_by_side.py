"""edge-cataract beside what a user could take instead: ``python -m benchmarks.peers.side_by_side``.

The same scan for all, from the PNG to the PNG of its labels: cold, each in a process that starts and ends, by turns;
and warm, in processes that stay. Every peer has an environment of its own in build/peers (made once from
the package index) and, where none can be had, random weights: what is found is nonsense, and most work is done all the
same. Ultralytics' network finds nothing so, and is spared the masks of what it would find.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.gate import EXIT_BUSY, Asked, add_options, load_per_core, outcome, too_busy
from benchmarks.peers.environments import FOLDER, OURS, PEERS, ROOT, installed_bytes, python_of, versions_of
from benchmarks.provenance import provenance, save
from benchmarks.speed.cold_start import Process, run
from benchmarks.speed.turns import about, take_turns
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan

RESULTS = Path(__file__).parents[1] / "results" / "peers.json"
SAMPLE = SAMPLES / "simulated-clear.png"
LEAST_LEAD, LED = 3.0, ("cold", "warm", "memory")  # over the best of the peers, of these figures
FIGURES = {
    "cold": "cold process, ms",
    "warm": "warm, ms",
    "processor": "processor time of a warm scan, ms",
    "memory": "peak memory of a cold process, MB",
    "installed": "installed, MB",
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of each (default 2)")
    parser.add_argument("--prepare", action="store_true", help="make environments and weights, and end")
    add_options(parser, RESULTS, timed=True)
    arguments = parser.parse_args(words)
    chosen = [OURS, *(name for name in arguments.peers if name != OURS)]
    weights = FOLDER / "weights"
    # In a process of its own: those that are measured would inherit the memory of PyTorch.
    subprocess.run([sys.executable, "-m", "benchmarks.peers.weights", str(weights)], cwd=ROOT, check=True)
    commands = {name: command(name, weights, arguments.threads) for name in chosen}
    # What a first start writes (byte code, caches, an exported network) is there afterwards.
    check({name: run(one) for name, one in commands.items()}, commands)
    if arguments.prepare:
        return 0
    if too_busy(arguments):
        return EXIT_BUSY
    facts, load = provenance(CataractAnalyzer()), load_per_core()
    cold = [{name: run(one) for name, one in commands.items()} for _ in range(arguments.rounds)]
    for turn in cold:
        check(turn, commands)
    warm = take_turns(
        {name: [*one, "--serve"] for name, one in commands.items()},
        {name: PEERS[name].runs for name in chosen},
        arguments.rounds,
    )
    rows: dict[str, dict[str, Any]] = {}
    for name in chosen:
        rows[name] = {
            "title": PEERS[name].title,
            "versions": versions_of(name),
            "found_px": warm[name].found,
            "cold": about([turn[name].wall_ms for turn in cold]),
            "warm": about(warm[name].rounds_ms),
            "processor": about(warm[name].processor_ms),
            "memory": about([turn[name].peak_mb for turn in cold]),
            "installed": about([installed_bytes(name) / 1e6]),
            "warm_memory_mb": warm[name].peak_memory_mb,
            "turns": [asdict(turn[name]) for turn in cold],
        }
        print(name, {figure: round(rows[name][figure]["median"], 1) for figure in FIGURES})
    content = {
        **facts, "input": list(read_scan(str(SAMPLE)).pixels.shape), "load_per_core": load, "rounds": arguments.rounds,
        "threads": arguments.threads, "peers": rows, "leads": leads(rows),
    }  # fmt: skip
    save(arguments.out, content)
    return outcome(asked(content), gate=arguments.gate)


def command(name: str, weights: Path, threads: int) -> list[str]:
    """Return what segments the sample in the environment of a peer."""
    program = [str(python_of(name)), "-m", f"benchmarks.peers.programs.{name}"]
    files = ["--scan", str(SAMPLE), "--out", str(FOLDER / f"{name}.png"), "--weights", str(weights)]
    return [*program, *files, "--threads", str(threads)]


def check(turn: Mapping[str, Process], commands: Mapping[str, Sequence[str]]) -> None:
    """Raise RuntimeError, with the commands, when a program failed."""
    failed = [" ".join(commands[name]) for name, one in turn.items() if one.exit_code]
    if failed:
        raise RuntimeError("no answer from\n" + "\n".join(failed))


def leads(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return for each figure the best of the peers, and how many times as much it takes as this project."""
    found = {}
    for figure in FIGURES:
        others = {name: row[figure]["median"] for name, row in rows.items() if name != OURS}
        if others:
            best = min(others, key=others.__getitem__)
            found[figure] = {"best": best, "lead": others[best] / rows[OURS][figure]["median"]}
    return found


def asked(content: Mapping[str, Any]) -> list[Asked]:
    """Return the least leads over all peers, with what is asked of them."""
    return [
        Asked(name=f"lead over the best peer, {FIGURES[figure]}", found=one["lead"], at_least=LEAST_LEAD)
        for figure, one in content["leads"].items()
        if figure in LED
    ]


if __name__ == "__main__":
    sys.exit(main())
