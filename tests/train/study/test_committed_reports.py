"""What the documentation holds of each study agrees with itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from train.study.report import write_report
from train.study.reproduce import COHORTS, summary

DOCS = Path(__file__).parents[3] / "docs"
STUDIES = {"study": COHORTS, "study-paper-label": ("development", "validation")}
REPORTS = [(study, cohort) for study, cohorts in STUDIES.items() for cohort in cohorts]


def results_of(study: str, cohort: str) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((DOCS / study / cohort / "results.json").read_text(encoding="utf-8"))
    return results


@pytest.mark.parametrize(("study", "cohort"), REPORTS)
def test_a_committed_report_is_that_of_its_results(study: str, cohort: str) -> None:
    """Pictures of scans (JPEG) stay out of the documentation; plots (PNG) are there."""
    results = results_of(study, cohort)
    plots = [name for name in results["figures"] if name.endswith(".png")]
    assert (DOCS / study / cohort / "report.md").read_text(encoding="utf-8") == write_report(results, plots)
    assert all((DOCS / study / cohort / name).is_file() for name in plots)


@pytest.mark.parametrize("study", STUDIES)
def test_a_committed_summary_is_that_of_its_results(study: str) -> None:
    found = {cohort: results_of(study, cohort) for cohort in STUDIES[study]}
    assert (DOCS / study / "study.md").read_text(encoding="utf-8") == summary(found)


@pytest.mark.parametrize(("study", "cohort"), REPORTS)
def test_rates_follow_from_the_counts_beside_them(study: str, cohort: str) -> None:
    for unit, one in results_of(study, cohort)["diagnosis"].items():
        counts = one["fixed"]["counts"]
        for name, right, total in (
            ("sensitivity", "true_positives", "positives"),
            ("specificity", "true_negatives", "negatives"),
        ):
            expected = counts[right] / counts[total] if counts[total] else None
            assert one["fixed"][name]["value"] == (expected and pytest.approx(expected)), unit
