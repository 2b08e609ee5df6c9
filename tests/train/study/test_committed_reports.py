"""What the documentation holds of each study agrees with itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from train.study.pages import report_page, study_page
from train.study.reproduce import COHORTS
from train.study.results import StudyResults, read_results, to_json

DOCS = Path(__file__).parents[3] / "docs"
PUBLISHED = COHORTS
STUDIES = {"study": PUBLISHED, "study-paper-label": ("development", "validation")}
REPORTS = [(study, cohort) for study, cohorts in STUDIES.items() for cohort in cohorts]


def results_of(study: str, cohort: str) -> StudyResults:
    return read_results(DOCS / study / cohort / "results.json")


@pytest.mark.parametrize(("study", "cohort"), REPORTS)
def test_a_committed_report_is_the_page_of_its_results(study: str, cohort: str) -> None:
    """The page shows the figures that are committed beside it: every plot, and pictures of scans where they are."""
    results, folder = results_of(study, cohort), DOCS / study / cohort
    shown = tuple(name for name in results.figures if (folder / name).is_file())
    assert {name for name in results.figures if name.endswith(".png")} <= set(shown)
    assert (folder / "report.md").read_text(encoding="utf-8") == report_page(replace(results, figures=shown))


@pytest.mark.parametrize(("study", "cohort"), REPORTS)
def test_committed_results_are_written_as_they_are_read(study: str, cohort: str) -> None:
    text = (DOCS / study / cohort / "results.json").read_text(encoding="utf-8")
    assert to_json(results_of(study, cohort)) == text


@pytest.mark.parametrize("study", STUDIES)
def test_a_committed_summary_is_that_of_its_results(study: str) -> None:
    found = {cohort: results_of(study, cohort) for cohort in STUDIES[study]}
    assert (DOCS / study / "study.md").read_text(encoding="utf-8") == study_page(found)


@pytest.mark.parametrize(("study", "cohort"), REPORTS)
def test_rates_follow_from_the_counts_beside_them(study: str, cohort: str) -> None:
    diagnosis = results_of(study, cohort).diagnosis
    for one in (diagnosis.scan, diagnosis.eye, diagnosis.patient):
        assert one.fixed.sensitivity.value == pytest.approx(one.fixed.counts.sensitivity)
        assert one.fixed.specificity.value == pytest.approx(one.fixed.counts.specificity)
