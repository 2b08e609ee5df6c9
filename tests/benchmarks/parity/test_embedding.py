"""A small part of the comparison of samples and runtime, and the comparison itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.parity import c_elsewhere, embedding
from benchmarks.parity import frames as frames_module
from benchmarks.parity.embedding import Engines, Told
from benchmarks.parity.frames import Frame, chosen_frames, frames, raw_frame, spread
from benchmarks.samples.asked import Asked
from benchmarks.samples.programs import Machine, build_c, engine_library
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.png import encode_png
from train.phantom.cohorts.catalogue import COHORTS


@pytest.fixture
def some_frames(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """Every kind of frame, of a bundled sample instead of simulated ones."""
    paths = [("training", SAMPLES / "simulated-cataract.png"), ("shifted", SAMPLES / "simulated-clear.png")]
    monkeypatch.setattr(frames_module, "simulated", lambda *_: iter(paths))
    return list(frames(1, Path()))


def test_frames_are_of_every_device_and_size(some_frames: list[Frame]) -> None:
    shapes = {frame.scan.pixels.shape for frame in some_frames if frame.pitch is None}
    assert {(1824, 2150), (1459, 1713), (1519, 768)} <= shapes
    assert {"as it is", "smaller", "raw"} < {frame.kind for frame in some_frames}
    assert {frame.scan.bits for frame in some_frames} == {8, 16}


def test_a_raw_frame_is_shown_as_the_picture_that_it_was_made_of() -> None:
    grey = read_scan(str(SAMPLES / "simulated-clear.png")).pixels
    raw = raw_frame(grey)
    assert raw.shape == (1519, 768)
    shown = np.clip((raw / 65535 - 0.2) / 0.91, 0, 1) * 255
    small = cv2.resize(grey, (768, 1519), interpolation=cv2.INTER_AREA)
    assert np.abs(shown - small).max() < 32  # what is brighter than white was cut
    assert np.abs(shown - small).mean() < 0.5


def test_frames_are_spread_over_all() -> None:
    assert len(COHORTS) > 10
    assert spread(list(range(100)), 4) == [0, 25, 50, 75]  # type: ignore[arg-type]
    assert spread(list(range(3)), 4) == [0, 1, 2]  # type: ignore[arg-type]


def test_real_scans_are_those_that_can_be_read(tmp_path: Path) -> None:
    for name in ("simulated-clear.png", "simulated-cataract.png"):
        shutil.copy(SAMPLES / name, tmp_path)
    (tmp_path / "scans.csv").write_text("scan\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "of no known device.png").write_bytes(encode_png(np.zeros((700, 900), np.uint8)))
    chosen = chosen_frames(0, 1, tmp_path / "none", tmp_path)
    shapes = [frame.scan.pixels.shape for frame in chosen if frame.kind == "real"]
    assert shapes == [read_scan(str(path)).pixels.shape for path in sorted(tmp_path.glob("simulated-*"))]


@pytest.mark.slow
def test_graphs_and_c_are_found_equal(
    some_frames: list[Frame],
    program: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program("gcc")
    out = tmp_path / "embedding.json"
    words = ["--modules", str(tmp_path), "--engines", "graphs", "c", "--precision", "int8", "--out", str(out)]
    assert embedding.main([*words, "--frames", "4"]) == 0
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["frames"] == 4
    for engine in ("graphs", "c"):
        one = content["found"]["int8"]["engines"][engine]
        assert (one["frames"], one["different_pixels"], one["broken"]) == (4, 0, False)

    def wrong(self: Engines, frame: Frame) -> Told:
        told = graphs(self, frame)
        labels = told.labels.copy()
        labels[0, 0] ^= 1
        return Told(told.answer | {"lens_px": 0}, labels)

    graphs = Engines.graphs
    monkeypatch.setattr(Engines, "graphs", wrong)
    assert embedding.main([*words, "--frames", "1", "--engines", "graphs"]) == 1
    [one] = json.loads(out.read_text(encoding="utf-8"))["found"]["int8"]["engines"]["graphs"]["different"]
    assert set(one["different"]) == {"lens_px", "labels"}


def test_a_decision_that_differs_is_told_even_where_labels_may() -> None:
    asked = Asked.of(read_scan(str(SAMPLES / "simulated-clear.png")), CataractAnalyzer(precision="fp32"))
    labels = asked.found["labels"].copy()
    labels[0, 0] ^= 1
    assert asked.different(asked.found, labels, exact=True) == ["labels"]
    assert asked.different(asked.found, labels, exact=False) == []
    assert asked.different(asked.found | {"decision": "cataract"}, labels, exact=False) == ["decision"]
    fraction = asked.found["cataract_fraction"]
    assert asked.different(asked.found | {"cataract_fraction": fraction + 1e-6}, labels, exact=False) == []
    for exact in (True, False):
        wrong = asked.different(asked.found | {"cataract_fraction": None}, asked.found["labels"], exact=exact)
        assert wrong == ["cataract_fraction"]
        without = {name: value for name, value in asked.found.items() if name != "cataract_fraction"}
        assert asked.different(without, asked.found["labels"], exact=exact) == ["cataract_fraction"]
    assert asked.different_labels(labels) == 1
    assert asked.different_labels(labels[1:]) == labels.size


@pytest.mark.slow
def test_a_machine_is_asked_about_frames_of_every_pitch(
    some_frames: list[Frame], program: Callable[[str], str], tmp_path: Path
) -> None:
    chosen = [*some_frames[:2], *(frame for frame in some_frames if frame.pitch is not None)]
    asked = c_elsewhere.asked_of(chosen, "int8")
    sample = build_c(tmp_path / "here", compiler=program("gcc"))
    found = c_elsewhere.compare(Machine(engine_library()), sample, asked, "int8", tmp_path)
    assert (found["frames"], found["different_pixels"], found["broken"]) == (len(chosen), 0, False)
