"""A small real run of the benchmark behind docs/brightness.md, and the page that is committed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.evidence.brightness import PAGE, RESULTS, page


def test_the_page_is_that_of_the_committed_numbers() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(json.loads(RESULTS.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_a_small_run_measures_what_the_page_tells(tmp_path: Path) -> None:
    out, text = tmp_path / "brightness.json", tmp_path / "brightness.md"
    words = ["--eyes", "2", "--out", str(out), "--page", str(text)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.evidence.brightness", *words], check=True, cwd=Path(__file__).parents[3]
    )
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["real"] is None
    assert content["display"]["eyes"] in (0, 1, 2)
    assert all(one["scans"] == 2 for one in content["cohorts"].values())
    assert text.read_text(encoding="utf-8").startswith("# Brightness")
