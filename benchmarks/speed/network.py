"""Speed of the network and of a whole scan against PyTorch and OpenVINO: `python -m benchmarks.speed.network`.

One run, one machine, one input; every contender in a process of its own, taking turns. Ratios are of neighbours in
time, with their spread over the rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.gate import EXIT_BUSY, Asked, add_options, load_per_core, outcome, too_busy
from benchmarks.memory.installed import installed_bytes
from benchmarks.provenance import place, save, versions
from edge_runtime.model.precision import PRECISIONS
from edge_runtime.model.store import read_model

from .contenders import CHECKPOINTS, KINDS, SCANS, Setting, sample_window
from .turns import about, ratio, serve, take_turns, throughput

RESULTS = Path(__file__).parents[1] / "results" / "network.json"
# (slower, faster, least ratio, largest ratio): what is asked for.
AIMS = (
    ("torch-eager", "ours-int8", 4.0, None),
    ("ours-int8", "openvino-int8", None, 1.25),
    ("torch-eager", "ours-fp32", 1.3, None),
    ("paper", "ours-int8", 300.0, None),
)


def main(words: Sequence[str] | None = None) -> int:
    """Time, print, save; or be one of the contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contenders", nargs="+", choices=KINDS, default=list(KINDS), help="default: all")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2, help="of each contender (default 2)")
    for precision in PRECISIONS:
        parser.add_argument(f"--{precision}", type=Path, metavar="MODEL", help="default: the bundled one")
    parser.add_argument("--checkpoint", type=Path, default=next(CHECKPOINTS.iterdir(), None), help="the same weights")
    parser.add_argument("--serve", choices=KINDS, help="be this contender (used by the script itself)")
    add_options(parser, RESULTS, timed=True)
    arguments = parser.parse_args(words)
    models = {precision: getattr(arguments, precision) for precision in PRECISIONS}
    if arguments.serve:
        kind = KINDS[arguments.serve]
        serve(lambda: kind.start(Setting(arguments.threads, models, arguments.checkpoint), kind.way))
        return 0
    if too_busy(arguments):
        return EXIT_BUSY
    common = ["--checkpoint", str(arguments.checkpoint.resolve())]
    for precision, path in models.items():
        common += [f"--{precision}", str(path.resolve())] if path else []

    def command(name: str, threads: int) -> list[str]:
        return [sys.executable, "-m", "benchmarks.speed.network", "--serve", name, "--threads", str(threads), *common]

    chosen = {name: command(name, arguments.threads) for name in arguments.contenders}
    timed = take_turns(chosen, {name: KINDS[name].runs for name in chosen}, arguments.rounds)
    content: dict[str, Any] = {
        **place(),
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "load_per_core": load_per_core(),
        "input": list(sample_window().shape),
        "model_sha256": {precision: hashlib.sha256(read_model(path, precision)).hexdigest()
                         for precision, path in models.items() if precision in {KINDS[name].way for name in chosen}},
        "checkpoint_sha256": hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest(),
        "versions": versions("numpy", *sorted({name for one in chosen for name in KINDS[one].packages})),
        "contenders": {name: {"title": KINDS[name].title, "runs": KINDS[name].runs} | asdict(one)
                       | {"ms": about(one.rounds_ms)} for name, one in timed.items()},
        "ratios": [
            {"slower": slower, "faster": faster, "at_least": least, "at_most": most,
             **ratio(timed[slower], timed[faster])}
            for slower, faster, least, most in AIMS
            if slower in timed and faster in timed
        ],
        "scans_per_second": {
            name: {processes: throughput(command(name, 1), processes, 10) for processes in (1, 2)}
            for name in chosen if name in SCANS
        },
        "installed_bytes": {name: installed_bytes(KINDS[name].packages) for name in chosen if name in SCANS},
    }  # fmt: skip
    for name, one in timed.items():
        print(f"{name}: {about(one.rounds_ms)} ms, {one.found}")
    save(arguments.out, content)
    return outcome(asked(content), gate=arguments.gate)


def asked(content: dict[str, Any]) -> list[Asked]:
    """Return the median ratios of a run, with what is asked of them."""
    return [
        Asked(
            name=f"{KINDS[one['slower']].title} over {KINDS[one['faster']].title}",
            found=one["median"],
            at_least=one["at_least"],
            at_most=one["at_most"],
        )
        for one in content["ratios"]
    ]


if __name__ == "__main__":
    sys.exit(main())
