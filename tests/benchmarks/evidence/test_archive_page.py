"""The page about archives is that of the committed results, and its default follows from them."""

from __future__ import annotations

import json

from benchmarks.evidence.archive_page import PAGE, RESULTS, page
from edge_runtime.archive.plan import SHARD_SIZE


def test_page_is_that_of_the_committed_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_default_size_of_a_shard_is_near_the_best_in_every_world() -> None:
    worlds = json.loads((RESULTS / "archive_failures.json").read_text(encoding="utf-8"))["simulation"]["worlds"]
    for name in ("usual", "bad"):
        hours = {size["shard_size"]: size["hours"] for size in worlds[name]["sizes"]}
        assert hours[SHARD_SIZE] < 1.05 * min(hours.values())
