"""The graphs of a measurement are held against the runtime, and one number that differs is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parity import graphs
from edge_runtime.golden import SAMPLES


def test_samples_are_measured_alike_by_graphs_and_runtime(tmp_path: Path) -> None:
    out = tmp_path / "graphs.json"
    files = [str(path) for path in sorted(SAMPLES.glob("*.png"))]
    assert graphs.main(["--per-cohort", "0", "--folder", str(tmp_path), "--out", str(out), "--files", *files]) == 0
    content = json.loads(out.read_text())
    assert content["different"] == []
    assert content["seen"]["frames"] == content["seen"]["found"] == len(files)


def test_a_number_that_differs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, measure = tmp_path / "graphs.json", graphs.GraphMeasurement.measure

    def wrong(*arguments: object, **options: object) -> graphs.Measured:
        measured = measure(*arguments, **options)  # type: ignore[arg-type]
        measured.counted["lens_px"] += 1
        return measured

    monkeypatch.setattr(graphs.GraphMeasurement, "measure", wrong)
    file = str(SAMPLES / "simulated-clear.png")
    assert graphs.main(["--per-cohort", "0", "--folder", str(tmp_path), "--out", str(out), "--files", file]) == 1
    assert json.loads(out.read_text())["different"][0]["different"] == ["lens_px"]


def test_every_scan_comes_as_it_is_and_once_in_another_way() -> None:
    pixels = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    for seed in range(8):
        first, second = graphs.variants(pixels, np.random.default_rng(seed))
        assert np.array_equal(first, pixels)
        assert second.dtype == pixels.dtype
        assert not np.array_equal(second, pixels)
