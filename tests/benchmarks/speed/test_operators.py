"""A short run of the profiler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.speed.operators import main


def test_a_profile_names_every_operator_once_and_adds_up(tmp_path: Path) -> None:
    out = tmp_path / "operators.json"
    assert main(["--precision", "fp32", "--runs", "2", "--out", str(out)]) == 0
    (model,) = json.loads(out.read_text(encoding="utf-8"))["models"]
    names = [row["operator"] for row in model["operators"]]
    assert len(names) == len(set(names))
    assert "Conv" in names
    assert sum(row["share"] for row in model["operators"]) == pytest.approx(1)
    assert sum(row["ms"] for row in model["operators"]) == pytest.approx(model["ms"])
