"""The page on the paper's label is that of the committed studies, and only compares what can be compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evidence.paper_label import COHORTS, PAGE, PAIRED, PAPER, TRUTH, page, paired
from tests.train.study.made_eyes import write_made_eyes


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PAIRED.read_text(encoding="utf-8"))
    return found


def test_the_page_is_that_of_the_committed_studies(measured: dict[str, Any]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(TRUTH, PAPER, measured)


def test_both_learnt_from_the_same_scans_by_the_same_network() -> None:
    models = [
        json.loads((folder / COHORTS[0] / "results.json").read_text(encoding="utf-8"))["model"]
        for folder in (TRUTH, PAPER)
    ]
    assert models[0]["trained_on"] == models[1]["trained_on"]
    assert models[0]["sha256"] != models[1]["sha256"]


def test_eyes_are_compared_one_by_one(tmp_path: Path) -> None:
    """The first model orders three of four pairs, the second all of them."""
    for study, numbers, clear in (("one", TRUTH, (0.1, 0.35)), ("other", PAPER, (0.1, 0.2))):
        report = tmp_path / study / COHORTS[0]
        report.mkdir(parents=True)
        results = json.loads((numbers / COHORTS[0] / "results.json").read_text(encoding="utf-8"))
        (report / "results.json").write_text(json.dumps(results | {"resamples": 20}), encoding="utf-8")
        write_made_eyes(report, clear=clear, cataract=(0.3, 0.4))
    found = paired(tmp_path / "one", tmp_path / "other")[COHORTS[0]]
    assert found["auc_difference"]["value"] == pytest.approx(1 - 3 / 4)
    assert found["auc_difference"]["n"] == {"cataract": 2, "clear": 2}


def test_other_scans_are_not_compared(measured: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(PAPER, tmp_path / "other")
    results = tmp_path / "other" / COHORTS[0] / "results.json"
    tree = json.loads(results.read_text(encoding="utf-8"))
    tree["data"]["sha256"] = "0" * 64
    results.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(ValueError, match="different scans"):
        page(TRUTH, tmp_path / "other", measured)


def test_a_comparison_of_other_models_is_refused(measured: dict[str, Any]) -> None:
    other = {COHORTS[0]: measured[COHORTS[0]] | {"model_sha256": ["0" * 64, "1" * 64]}}
    with pytest.raises(ValueError, match="about other models"):
        page(TRUTH, PAPER, other)
