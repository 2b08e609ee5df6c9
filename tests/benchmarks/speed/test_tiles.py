"""A short run: a frame at once and in tiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.speed.tiles import main


@pytest.mark.slow
def test_a_short_run_of_tiles_keeps_every_pixel(tmp_path: Path) -> None:
    out = tmp_path / "tiles.json"
    words = ["--precision", "fp32", "--ways", "whole", "tiled", "--rounds", "1", "--out", str(out)]
    assert main(words) == 0
    whole, tiled = json.loads(out.read_text(encoding="utf-8"))["ways"]
    assert (whole["tiles"], whole["pixels_ratio"], whole["time_ratio"]["median"]) == (1, 1.0, 1.0)
    assert tiled["tiles"] > 1
    assert tiled["pixels_ratio"] > 1
    assert tiled["probability"] <= 1e-5
    assert tiled["labels_different"] == 0
