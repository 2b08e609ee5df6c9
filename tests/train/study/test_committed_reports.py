from __future__ import annotations

import json
from pathlib import Path

import pytest

from train.study.reproduce import COHORTS, summary

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
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in reports.items() if path.exists()}
    assert page.read_text(encoding="utf-8") == summary(found)
