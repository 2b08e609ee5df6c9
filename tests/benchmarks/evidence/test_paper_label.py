"""The page on the paper's label is that of the committed studies, and only compares what can be compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.evidence.paper_label import COHORTS, PAGE, PAPER, TRUTH, page


def test_the_page_is_that_of_the_committed_studies() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(TRUTH, PAPER)


def test_both_learnt_from_the_same_scans_by_the_same_network() -> None:
    models = [
        json.loads((folder / COHORTS[0] / "results.json").read_text(encoding="utf-8"))["model"]
        for folder in (TRUTH, PAPER)
    ]
    assert models[0]["trained_on"] == models[1]["trained_on"]
    assert models[0]["sha256"] != models[1]["sha256"]


def test_other_scans_are_not_compared(tmp_path: Path) -> None:
    shutil.copytree(PAPER, tmp_path / "other")
    results = tmp_path / "other" / COHORTS[0] / "results.json"
    tree = json.loads(results.read_text(encoding="utf-8"))
    tree["data"]["sha256"] = "0" * 64
    results.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(ValueError, match="different scans"):
        page(TRUTH, tmp_path / "other")
