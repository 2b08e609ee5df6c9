"""The sample page in Chromium on a phone's screen: answers of the runtime, without a network, accessible, small."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.samples.asked import COMPARED, Asked, digest
from benchmarks.samples.page import build_page, walk
from benchmarks.samples.programs import write_pgm
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import Scan, scan_from_pixels

from .conftest import Install
from .test_node_measurement import scans

pytestmark = [pytest.mark.network, pytest.mark.slow]

MAX_MEMORY_MB = 400
Page = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def engine(install: Install) -> Path:
    npm = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "{folder}")
    return install("onnxruntime-web", *npm, "onnxruntime-web@^1.24") / "node_modules" / "onnxruntime-web"


@pytest.fixture(scope="session")
def page(engine: Path, chromium: str, browser_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    site = build_page(engine, tmp_path_factory.mktemp("site"))

    def through(files: list[Path], **wishes: Any) -> dict[str, Any]:
        return walk(site, files, chromium, browser_modules, shots=os.environ.get("PAGE_SHOTS"), **wishes)

    return through


def written(path: Path, pixels: NDArray[Any]) -> Path:
    """A PNG."""
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def given(folder: Path) -> dict[Path, Scan]:
    """Files of every kind that the page reads, with what they hold."""
    ill, clear = (read_scan(str(SAMPLES / f"simulated-{name}.png")) for name in ("cataract", "clear"))
    deep = scan_from_pixels(cv2.resize(ill.pixels, (768, 1519), interpolation=cv2.INTER_AREA).astype(np.uint16) * 180)
    moved = scan_from_pixels(np.roll(clear.pixels, 500, axis=0))
    return {
        SAMPLES / "simulated-cataract.png": ill,
        write_pgm(folder / "clear.pgm", clear): clear,
        written(folder / "deep.png", deep.pixels): deep,
        write_pgm(folder / "deep.pgm", deep): deep,
        written(folder / "MUSTERMANN.png", np.dstack([moved.pixels] * 3)): moved,
    }


@pytest.mark.parametrize("threads", [1, 2])
def test_the_page_finds_what_the_runtime_finds_without_a_network(threads: int, page: Page, tmp_path: Path) -> None:
    analyzer, files = CataractAnalyzer(), given(tmp_path)
    scheme = {1: "light", 2: "dark"}[threads]
    if threads == 2:  # the numbers do not depend on them, so two files do
        files = dict(list(files.items())[:2])
    found = page(list(files), threads=threads, scheme=scheme, look=True)
    for kind in ("violations", "console", "sideways", "foreign", "small"):
        assert found[kind] == [], kind
    assert found["isolated"]
    for scan, answer in zip(files.values(), found["answers"], strict=True):
        asked = Asked.of(scan, analyzer)
        assert {name: answer[name] for name in COMPARED} == {name: asked.found[name] for name in COMPARED}
        assert answer["labels_sha256"] == digest(asked.found["labels"])
        assert answer["threads"] == min(threads, os.cpu_count() or 1)
    assert found["again"] == found["answers"][0]
    assert max(one["most"] for one in found["memory"]) < MAX_MEMORY_MB
    assert "MUSTERMANN" not in found["text"]


def test_a_file_that_cannot_be_analysed_has_its_word(page: Page, tmp_path: Path) -> None:
    whole = (SAMPLES / "simulated-clear.png").read_bytes()
    grey = read_scan(str(SAMPLES / "simulated-clear.png")).pixels
    colours = np.dstack([grey, grey, np.roll(grey, 1)])
    files = {
        "truncated-png": whole[: len(whole) // 2],
        "damaged-png": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "unsupported-format": cv2.imencode(".jpg", grey)[1].tobytes(),
        "empty-file": b"",
        "colour-image": cv2.imencode(".png", colours)[1].tobytes(),
        "alpha-channel": cv2.imencode(".png", np.dstack([colours, grey]))[1].tobytes(),
        "unknown-frame": cv2.imencode(".png", grey[:500])[1].tobytes(),
        "constant-image": cv2.imencode(".png", np.zeros_like(grey))[1].tobytes(),
        "truncated": b"P5\n2150 1824\n255\n1234",
        "malformed-pgm": b"P5\nwide",
    }
    palette = bytearray(whole)
    palette[25] = 3
    palette[29:33] = zlib.crc32(palette[12:29]).to_bytes(4)
    files["palette-image"] = bytes(palette)
    paths = []
    for word, content in files.items():
        paths.append(tmp_path / word)
        paths[-1].write_bytes(content)
    found = page([SAMPLES / "simulated-clear.png", *paths, SAMPLES / "simulated-clear.png"])
    assert [answer.get("error") for answer in found["answers"]] == [None, *files, None]
    assert found["console"] == []


def test_a_scan_that_is_not_graded_is_shown_without_numbers_and_colours(page: Page, tmp_path: Path) -> None:
    white = write_pgm(tmp_path / "white.pgm", scans()["white"])
    found = page([SAMPLES / "simulated-cataract.png", white], look=True)
    assert (found["violations"], found["console"]) == ([], [])
    graded, other = found["answers"]
    assert (graded["gradable"], graded["painted"], graded["legend"]) == (True, True, True)
    assert (other["gradable"], other["painted"], other["legend"]) == (False, False, False)
    assert other["lens_px"] > 0
    assert other["cataract_fraction"] is None
    assert "Cataract" not in found["text"].split("Not graded")[1]
    assert "Lens pixels" not in found["text"]


def test_a_file_of_another_release_is_refused(
    engine: Path, chromium: str, browser_modules: Path, tmp_path: Path
) -> None:
    site = build_page(engine, tmp_path)
    entry = json.loads((site / "release.json").read_text(encoding="utf-8"))["network"]
    model = site / "models" / entry["file"]
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    found = walk(site, [], chromium, browser_modules, refused=True)
    assert found["said"] == "The analysis cannot be started (damaged-model). Load the page again."
    assert found["open"] is False
