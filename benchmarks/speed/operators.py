"""Where the time of one crop goes, operator by operator: `python -m benchmarks.speed.operators`."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.gate import FRESH
from benchmarks.provenance import place, save, versions
from edge_runtime.machine.libraries import load_onnxruntime
from edge_runtime.model.precision import PRECISIONS
from edge_runtime.model.session import PROVIDERS, session_options
from edge_runtime.model.store import read_model

from .contenders import sample_window

RESULTS = Path(__file__).parents[1] / "results" / "operators.json"
THREADS = 2


def main(words: Sequence[str] | None = None) -> int:
    """Profile, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=list(PRECISIONS), help="default: both")
    for precision in PRECISIONS:
        parser.add_argument(f"--{precision}", type=Path, metavar="MODEL", help="default: the bundled one")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=FRESH / RESULTS.name, help="default: build/benchmarks")
    arguments = parser.parse_args(words)
    models = []
    for precision in arguments.precision:
        model = read_model(getattr(arguments, precision), precision)
        found = profile(model, arguments.runs)
        models.append({"precision": precision, "sha256": hashlib.sha256(model).hexdigest(), **found})
        print(f"{precision}: {found['ms']:.2f} ms")
        for row in found["operators"]:
            print(f"  {row['operator']:28} {row['nodes']:4} nodes {row['ms']:8.3f} ms {100 * row['share']:5.1f} %")
    save(
        arguments.out,
        {**place(), "versions": versions("onnxruntime"), "threads": THREADS, "runs": arguments.runs, "models": models},
    )
    return 0


def profile(model: bytes, runs: int) -> dict[str, Any]:
    """Measure the time of each operator as the engine runs the graph, under the session options of deployment."""
    window = sample_window()
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(THREADS)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "run")
        session = load_onnxruntime().InferenceSession(model, options, providers=PROVIDERS)
        for _ in range(runs):
            session.run(None, {"scan": window})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    timed: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            timed[event["args"]["op_name"], event["name"]].append(event["dur"] / 1000)
    nodes: dict[str, list[float]] = defaultdict(list)
    for (operator, _), durations in timed.items():
        nodes[operator].append(median(durations))  # the first run, which prepares, does not count
    total = sum(map(sum, nodes.values()))
    return {
        "ms": total,
        "operators": [
            {"operator": name, "nodes": len(ms), "ms": sum(ms), "share": sum(ms) / total}
            for name, ms in sorted(nodes.items(), key=lambda item: -sum(item[1]))
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
