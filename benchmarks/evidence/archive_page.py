"""Write docs/archive.md, how to measure an archive and what it takes: `python -m benchmarks.evidence.archive_page`.

The figures are those of `benchmarks.speed.archive`, `benchmarks.robustness.archive_failures` and
`benchmarks.robustness.archive_kills`, committed in benchmarks/results.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.evidence.templates import fill
from edge_runtime.archive.fetching import AHEAD
from edge_runtime.archive.plan import SHARD_SIZE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "archive.md"
RESULTS = ROOT / "benchmarks" / "results"
CORES = 16  # of a machine
MACHINES = (1, 16, 64, 256)
LISTED_AT_ONCE = 1000  # names in an answer of S3


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page as Markdown."""
    costs, failures, measured = (_result(name) for name in ("archive_costs", "archive_failures", "archive_kills"))
    simulated = failures["simulation"]
    scans, worlds = simulated["scans"], simulated["worlds"]
    shards = -(-scans // SHARD_SIZE)
    core_s = scans * costs["processor_s_per_scan"]
    read = scans * costs["bytes_read_per_scan"]
    hours = {machines: core_s / 3600 / CORES / machines for machines in MACHINES}
    sizes = list(zip(worlds["usual"]["sizes"], worlds["bad"]["sizes"], strict=True))
    return fill(
        "archive.md.j2",
        costs=costs,
        ahead=AHEAD,
        shard_size=SHARD_SIZE,
        scans=scans,
        shards=shards,
        core_hours=core_s / 3600,
        sizing=[
            {"machines": machines, "hours": took, "read_gb_s": read / 1e9 / (took * 3600)}
            for machines, took in hours.items()
        ],
        read_tb=read / 1e12,
        written_gb=(scans * costs["bytes_written_per_scan"] + shards * costs["bytes_written_per_shard"]) / 1e9,
        list_requests=-(-shards // LISTED_AT_ONCE),
        usual=worlds["usual"]["world"],
        bad=worlds["bad"]["world"],
        seeds=len(simulated["seeds"]),
        rows=[{**usual, "usual": usual, "bad": bad} for usual, bad in sizes],
        excess=100 * max(_excess([pair[world] for pair in sizes]) for world in (0, 1)),
        check=failures.get("check"),
        pace=measured.get("pace"),
        kills=measured.get("kills"),
    )


def _excess(sizes: list[dict[str, Any]]) -> float:
    """How much longer the default takes than the best size, as a share."""
    hours = {one["shard_size"]: one["hours"] for one in sizes}
    return float(hours[SHARD_SIZE] / min(hours.values()) - 1)


def _result(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
