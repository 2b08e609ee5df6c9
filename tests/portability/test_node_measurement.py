"""A whole measurement in Node.js: from a decoded scan to its counts, equal to Python's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.samples.asked import Asked
from benchmarks.samples.programs import EMBEDDING, ask_node, build_c, c_command, release_files, write_pgm
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.prepare import prepare_frame
from edge_runtime.frame.profiles import PixelPitch, profile_of_scan
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.locate import LensView, view_lens
from edge_runtime.model import store
from edge_runtime.model.tiling import TileGeometry
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import Scan, scan_from_pixels
from export.prepare.check import levels_vector
from export.prepare.release import FILES
from export.prepare.vectors import RECIPES

pytestmark = [pytest.mark.network, pytest.mark.slow]

PROGRAM = Path(__file__).with_name("node_measurement.cjs")
GRAPHS = Path(store.BUNDLE).with_name("graphs")


def models(precision: str) -> dict[str, str]:
    """Paths of the files of one precision."""
    bundle = Path(store.BUNDLE)
    look = json.loads((bundle / store.LOOK_REGISTER).read_text(encoding="utf-8"))["file"]
    network = json.loads((bundle / "register.json").read_text(encoding="utf-8"))[precision]["file"]
    return {
        **{name: str(GRAPHS / file) for name, file in FILES.items()},
        "look": str(bundle / look),
        "network": str(bundle / network),
    }


def scans() -> dict[str, Scan]:
    """The samples, one of them as devices do not export it, moved, without its eye, painted, and noise."""
    clear, ill = (read_scan(str(SAMPLES / f"simulated-{name}.png")) for name in ("clear", "cataract"))
    low = np.zeros_like(clear.pixels)
    low[500:] = clear.pixels[:-500]
    lens = CataractAnalyzer().analyze_scan(clear).labels > 0
    rows = np.flatnonzero(lens.any(axis=1))
    deeper = lens & (np.arange(clear.rows)[:, None] > rows.mean())
    noise = np.random.default_rng(5).integers(0, 256, clear.pixels.shape, dtype=np.uint8)
    return {
        "clear": clear,
        "ill": ill,
        "smaller": scan_from_pixels(cv2.resize(ill.pixels, (1301, 1104), interpolation=cv2.INTER_AREA)),
        "larger": scan_from_pixels(cv2.resize(ill.pixels, (2500, 2121), interpolation=cv2.INTER_LINEAR_EXACT)),
        "low": scan_from_pixels(low),
        "white": scan_from_pixels(np.where(lens, 255, clear.pixels).astype(np.uint8)),
        "half": scan_from_pixels(np.where(deeper, 0, clear.pixels).astype(np.uint8)),
        "noise": scan_from_pixels(noise),
    }


def viewed(analyzer: CataractAnalyzer, scan: Scan) -> LensView:
    """What the runtime looks at and counts."""
    frame = prepare_frame(scan, None, analyzer.network.metadata.brightness)
    return view_lens(frame, analyzer.tiled_predictor(), analyzer.look)


def test_a_scan_meets_each_rule_that_is_about_more_than_a_shape() -> None:
    analyzer = CataractAnalyzer()
    met = {name: analyzer.analyze_scan(scan).reasons for name, scan in scans().items()}
    assert met["white"] == ("unlikely-brightness",)
    assert met["half"] == ("lens-in-part", "unlikely-brightness")
    assert met["noise"][0] == "not-a-scan"


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_node_measures_what_the_runtime_measures(precision: str, node_modules: Path, tmp_path: Path) -> None:
    analyzer, asked = CataractAnalyzer(precision=precision), scans()
    views = {name: viewed(analyzer, scan) for name, scan in asked.items()}
    files = [_question(tmp_path / name, asked[name], view, analyzer) for name, view in views.items()]
    answers = _ask(files, node_modules)
    assert {name: view.moved for name, view in views.items()}["low"], "no scan needs another window than the usual one"
    for (name, view), answer in zip(views.items(), answers, strict=True):
        assert answer["window"] == [view.window.top, view.window.left, view.window.rows, view.window.columns], name
        assert view.frame.table is not None
        assert answer["table"] == view.frame.table.tolist(), name
        assert answer["found"] == (view.frame.levels is not None), name
        if view.frame.levels is not None:
            assert answer["levels"] == levels_vector(view.frame.levels).tolist(), name
        counts = (answer["lens_px"], answer["cataract_px"], answer["dropped_px"])
        assert counts == (view.pixels.lens, view.pixels.cataract, view.region.dropped), name
        assert answer["settled"] == view.settled, name


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_node_finds_the_golden_vectors(precision: str, node_modules: Path, tmp_path: Path) -> None:
    vectors = json.loads((GRAPHS / "vectors.json").read_text(encoding="utf-8"))["frames"]
    files = []
    for vector, recipe in zip(vectors, RECIPES, strict=True):
        wanted = vector["models"][precision]
        question = {
            "models": models(precision),
            "native": vector["native"]["shape"],
            "devicePixels": vector["device_pixels"],
            "usual": vector["usual"],
            "grid": wanted["grid"],
            "step": wanted["step"],
        }
        files.append(_written(tmp_path / vector["name"], recipe.scan(), question))
    for vector, answer in zip(vectors, _ask(files, node_modules), strict=True):
        wanted = vector["models"][precision]
        assert bytes(answer["table"]).hex() == vector["table"]
        assert (answer["levels"] if answer["found"] else None) == vector["levels"]
        assert answer["window"] == wanted["window"]
        for name in ("lens_px", "cataract_px", "dropped_px"):
            assert answer[name] == wanted[name], name
        assert [bool(one) for one in answer["cut"]] == wanted["cut"]
        assert [bool(one) for one in answer["reasons"]] == wanted["reasons"]


def _question(stem: Path, scan: Scan, view: LensView, analyzer: CataractAnalyzer) -> Path:
    profile = profile_of_scan(scan, None)
    usual = profile.window(view.frame.shape)
    question = {
        "models": models(analyzer.network.metadata.precision),
        "native": view.frame.shape,
        "devicePixels": profile.has_device_pixels((scan.rows, scan.columns)),
        "usual": [usual.top, usual.left, usual.rows, usual.columns],
        "grid": view.grid,
        "step": TileGeometry.of(analyzer.network.metadata).unit,
    }
    return _written(stem, scan, question)


def _written(stem: Path, scan: Scan, question: dict[str, Any]) -> Path:
    """A question as a file, beside the bytes of its scan."""
    raw = stem.with_suffix(".raw")
    raw.write_bytes(np.ascontiguousarray(scan.pixels).tobytes())
    whole = question | {"scan": str(raw), "shape": scan.pixels.shape}
    stem.with_suffix(".json").write_text(json.dumps(whole), encoding="utf-8")
    return stem.with_suffix(".json")


def _ask(files: list[Path], node_modules: Path) -> list[dict[str, Any]]:
    finished = subprocess.run(
        ["node", PROGRAM, *files],
        env={**os.environ, "NODE_PATH": str(node_modules)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(finished.stdout)
    return answers


def test_the_sample_for_node_finds_what_the_runtime_finds(node_modules: Path, tmp_path: Path) -> None:
    pitch = PixelPitch(7.675, 9.5)
    for asked_pitch, some in ((None, scans()), (pitch, {"smaller": scans()["smaller"]})):
        analyzer = CataractAnalyzer(profile=asked_pitch)
        asked = [Asked.of(scan, analyzer, asked_pitch) for scan in some.values()]
        files = [write_pgm(tmp_path / f"{name}.in.pgm", scan) for name, scan in some.items()]
        given = asked_pitch and (asked_pitch.row_um, asked_pitch.column_um)
        answers = ask_node(files, "int8", tmp_path, node_modules, given)
        assert [one.different(*answer, exact=True) for one, answer in zip(asked, answers, strict=True)] == [[]] * len(
            some
        )


def test_the_samples_for_node_and_c_say_the_same(
    program: Callable[[str], str], node_modules: Path, tmp_path: Path
) -> None:
    sample = build_c(tmp_path / "edge_cataract", compiler=program("gcc"))
    files = [write_pgm(tmp_path / f"{name}.in.pgm", scans()[name]) for name in ("ill", "white")]
    files.append(tmp_path / "other.pgm")
    files[-1].write_bytes(b"\xff\xd8\xff\xe0")
    settings = {name: str(path) for name, path in release_files("int8").items()}
    (tmp_path / "files.json").write_text(json.dumps(settings))
    node = ["node", EMBEDDING / "node/edge_cataract.mjs", tmp_path / "files.json"]
    said = [
        subprocess.run(
            [*command, *files],
            env={**os.environ, "NODE_PATH": str(node_modules)},
            capture_output=True,
            check=False,
            timeout=120,
        )
        for command in (node, c_command(sample, "int8"))
    ]
    by_node, by_c = ([json.loads(line) for line in one.stdout.splitlines()] for one in said)
    assert by_node == by_c
    assert [one.returncode for one in said] == [65, 65]
    assert [one.get("cataract_fraction") is None for one in by_c] == [False, True, True]
    assert by_c[2] == {"scan": 3, "error": "unsupported-format"}


def test_the_sample_for_node_says_a_word_for_a_damaged_scan(node_modules: Path, tmp_path: Path) -> None:
    settings, broken = tmp_path / "files.json", tmp_path / "MUSTERMANN.png"
    whole = (SAMPLES / "simulated-clear.png").read_bytes()
    broken.write_bytes(whole[:-20])
    settings.write_text(json.dumps({name: str(path) for name, path in release_files("int8").items()}))
    done = subprocess.run(
        ["node", EMBEDDING / "node/edge_cataract.mjs", settings, broken, SAMPLES / "simulated-clear.png"],
        env={**os.environ, "NODE_PATH": str(node_modules)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    broken_one, whole_one = (json.loads(line) for line in done.stdout.splitlines())
    assert (done.returncode, broken_one) == (65, {"scan": 1, "error": "truncated-png"})
    assert whole_one["decision"] == "clear"
    assert not {"table", "levels"} & set(whole_one), "they are asked for by details"
    assert b"MUSTERMANN" not in done.stdout + done.stderr
