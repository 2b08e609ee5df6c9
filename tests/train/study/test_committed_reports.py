from __future__ import annotations

from pathlib import Path

import pytest

from train.study.pages import report_page, study_page
from train.study.reproduce import COHORTS
from train.study.results import read_results, to_json

from .recompute import check_report

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in DOCS.rglob("results.json")), ids=lambda path: path.name
)
def test_numbers_of_a_committed_report_follow_from_its_table(folder: Path) -> None:
    check_report(folder)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("study.md")), ids=lambda path: path.parent.name)
def test_a_committed_summary_is_that_of_its_reports(page: Path) -> None:
    reports = {name: page.parent / name / "results.json" for name in COHORTS}
    found = {name: read_results(path) for name, path in reports.items() if path.exists()}
    assert page.read_text(encoding="utf-8") == study_page(found)


@pytest.mark.parametrize("path", sorted(DOCS.rglob("results.json")), ids=lambda path: path.parent.name)
def test_a_committed_report_is_the_page_of_its_results(path: Path) -> None:
    results = read_results(path)
    assert to_json(results) == path.read_text(encoding="utf-8")
    assert report_page(results) == path.with_name("report.md").read_text(encoding="utf-8")
