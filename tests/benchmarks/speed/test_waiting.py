"""What a user waits for is measured in one run, and the gate can fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gate import EXIT_MISSED
from benchmarks.speed import waiting


def test_ratios_are_of_neighbours_in_time() -> None:
    turns = [{"scan": 3.0, "decode": 1.0, "network": 1.0}, {"scan": 30.0, "decode": 5.0, "network": 5.0}]
    assert waiting.ratios(turns, "scan", ("decode", "network")) == [1.5, 3.0]


@pytest.mark.slow
def test_figures_are_saved_and_the_gate_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "waiting.json"
    monkeypatch.setattr(waiting, "AIMS", (("a scan over the decoding", "scan", ("decode",), 1e-6),))
    assert waiting.main(["--turns", "2", "--busy", "--gate", "--out", str(out)]) == EXIT_MISSED
    content = json.loads(out.read_text())
    assert set(content["ms"]) == {"decode", "network", "scan", "elsewhere", "pictures"}
    assert content["ratios"]["a scan over the decoding"]["median"] > 1
