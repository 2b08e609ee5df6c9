"""The time of the graphs is a ratio to that of the runtime, and a gate can miss it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gate import EXIT_MISSED
from benchmarks.speed import graphs


@pytest.mark.slow
def test_both_ways_find_the_same_and_the_gate_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "graphs.json"
    monkeypatch.setattr(graphs, "MOST", 1e-6)
    monkeypatch.setattr(graphs, "RUNS", 1)
    assert graphs.main(["--rounds", "1", "--busy", "--gate", "--out", str(out)]) == EXIT_MISSED
    content = json.loads(out.read_text())
    for step in graphs.STEPS:
        runtime, graph = (content["contenders"][f"{way}-{step}"]["found"] for way in graphs.WAYS)
        assert runtime == graph
    assert content["graph_over_runtime"]["median"] > 0
