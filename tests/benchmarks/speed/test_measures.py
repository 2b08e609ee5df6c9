"""The cost of the measures is a share of the time of their scans, and a gate can miss it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gate import EXIT_MISSED
from benchmarks.speed import measures


def test_shares_are_saved_and_the_gate_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "cost.json"
    words = ["--turns", "2", "--busy", "--gate", "--out", str(out)]
    monkeypatch.setattr(measures, "MOST", 1e-6)
    assert measures.main(words) == EXIT_MISSED
    content = json.loads(out.read_text())
    assert set(content["scans"]) == {"simulated-cataract.png", "simulated-clear.png"}
    assert all(0 < share < 5 for share in (*content["scans"].values(), content["exam"]))
