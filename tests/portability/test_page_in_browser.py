"""The page of an exam in Chromium: on a phone, on a tablet and on paper, in every language."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.codes import WARNINGS
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.quality import Notice
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.comparison import compare
from edge_runtime.report.exam_facts import read_exam
from edge_runtime.report.language import LANGUAGES
from edge_runtime.report.page import exam_page
from edge_runtime.report.page.compared import comparison_page
from edge_runtime.results import EyeResult

pytestmark = [pytest.mark.network, pytest.mark.slow]

PROGRAM = Path(__file__).with_name("page_in_browser.cjs")
KINDS = ("both-eyes", "refused", "many-warnings", "comparison")
CREATED = "2026-01-31T10:11:12Z"
WARNED = 12  # more warnings than an eye has had


def six_scans(analyzer: CataractAnalyzer, sample: str, side: Laterality) -> EyeResult:
    """An exam: the sample, moved sideways by a few pixels for each further scan."""
    pixels = read_scan(SAMPLES / sample).pixels
    return analyzer.analyze_exam(frames=[np.roll(pixels, 3 * step, axis=1) for step in range(6)], laterality=side)


def refused(analyzer: CataractAnalyzer) -> EyeResult:
    noise = np.random.default_rng(0)
    frames = [noise.integers(0, 256, (1824, 2150), dtype=np.uint8) for _ in range(6)]
    return analyzer.analyze_exam(frames=frames, laterality=Laterality.OS)


def warned(eye: EyeResult) -> EyeResult:
    """The same eye with more warnings than any has, and every reason of doubt."""
    words = sorted(WARNINGS)[:WARNED]
    notices = tuple(Notice(word, "", None) for word in words)
    conclusion = replace(eye.findings.conclusion, reasons=("cataract-fraction", "unstable-range", *words[:4]))
    return replace(eye, notices=notices, findings=replace(eye.findings, conclusion=conclusion))


@pytest.fixture(scope="module")
def pages(bundled_analyzer: CataractAnalyzer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Every page by its kind and language."""
    folder = tmp_path_factory.mktemp("pages")
    right = six_scans(bundled_analyzer, "simulated-cataract.png", Laterality.OD)
    left = six_scans(bundled_analyzer, "simulated-clear.png", Laterality.OS)
    documents = [folder / "right.json", folder / "later.json"]
    for document, offset in zip(documents, "ab", strict=True):
        content = right.to_dict()
        for number, scan in enumerate(content["scans"]):
            scan["sha256"] = f"{offset}{number}" * 32
        document.write_text(json.dumps(content))
    compared = compare(*map(read_exam, documents))
    exams = {"both-eyes": [right, left], "refused": [refused(bundled_analyzer)]}
    exams["many-warnings"] = [warned(right), warned(left)]
    for language in LANGUAGES:
        for kind, eyes in exams.items():
            page = exam_page(eyes, language=language, label="A-17 <b>&", created=CREATED)
            (folder / f"{kind}.{language}.html").write_text(page, encoding="utf-8")
        text = comparison_page(compared, language=language)
        (folder / f"comparison.{language}.html").write_text(text, encoding="utf-8")
    return lambda kind, language: folder / f"{kind}.{language}.html"


@pytest.fixture(scope="module")
def seen(pages: Callable[[str, str], Path], chromium: str, browser_modules: Path) -> dict[str, dict[str, Any]]:
    """What Chromium found in every page."""
    files = [pages(kind, language) for kind in KINDS for language in LANGUAGES]
    finished = subprocess.run(
        ["node", PROGRAM, chromium, *files],
        env={**os.environ, "NODE_PATH": str(browser_modules)},
        capture_output=True,
        check=False,
        timeout=540,
    )
    assert finished.returncode == 0, finished.stderr
    return {Path(file).name: found for file, found in json.loads(finished.stdout).items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_accessible_self_contained_and_fits_one_sheet(
    kind: str, language: str, seen: dict[str, dict[str, Any]]
) -> None:
    found = seen[f"{kind}.{language}.html"]
    assert found["violations"] == []
    assert found["console"] == []
    assert [url for url in found["requests"] if not url.startswith(("data:", "file:"))] == []
    assert found["sideways"] == []
    assert found["sheets"] == 1
    assert found["cut"] == []
    assert found["language"] == language
    assert found["direction"] == ("rtl" if language == "ar" else "ltr")


def test_paper_is_light_where_the_screen_is_dark(seen: dict[str, dict[str, Any]]) -> None:
    found = seen["both-eyes.en.html"]
    assert found["background"] == "rgb(18, 21, 24)"
    assert found["ink"] == "rgb(27, 31, 36)"


def test_scans_stay_large_enough_to_be_seen_on_paper(seen: dict[str, dict[str, Any]]) -> None:
    heights = {language: seen[f"both-eyes.{language}.html"]["smallest"] for language in LANGUAGES}
    assert {language: height for language, height in heights.items() if height <= 60} == {}


def test_the_check_can_fail(tmp_path: Path, chromium: str, browser_modules: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<html><body><p style="color:#bbb;background:#fff">pale</p>'
        '<img src="http://127.0.0.1:9/x.png"><div style="width:3000px">wide</div>'
    )
    finished = subprocess.run(
        ["node", PROGRAM, chromium, page],
        env={**os.environ, "NODE_PATH": str(browser_modules)},
        capture_output=True,
        check=True,
        timeout=120,
    )
    found = json.loads(finished.stdout)[str(page)]
    assert {"html-has-lang", "image-alt", "color-contrast"} <= {line.split(":")[0] for line in found["violations"]}
    assert found["console"] != []
    assert "http://127.0.0.1:9/x.png" in found["requests"]
    assert found["sideways"] == ["phone", "tablet"]
