from __future__ import annotations

from dataclasses import replace

import pytest
from jinja2 import UndefinedError

from tests.conftest import ROOT
from train.study import pages
from train.study.pages import report_page
from train.study.results import StudyResults, read_results

HEADINGS = {
    "localisation": "## Where: against the true opacity",
    "calibration": "## Calibration of P(cataract)",
    "against_truth": "## Cataract Fraction against the true opaque share",
    "paired_comparison": "## The same eyes in another report",
}


@pytest.fixture(scope="module")
def results() -> StudyResults:
    return read_results(ROOT / "docs/study/shifted/results.json")


@pytest.mark.parametrize("part", HEADINGS)
def test_a_part_without_numbers_leaves_no_heading(results: StudyResults, part: str) -> None:
    assert HEADINGS[part] in report_page(results)
    assert HEADINGS[part] not in report_page(replace(results, **{part: None}))


def test_shared_patients_are_warned_of(results: StudyResults) -> None:
    assert "Warning" not in report_page(results)
    warned = report_page(replace(results, patients_shared_with_development=3))
    assert "**Warning: 3 patients are also in the dataset that fixed the threshold.**" in warned


def test_only_figures_that_are_there_are_shown(results: StudyResults) -> None:
    page = report_page(replace(results, figures=("roc.png", "false_positives.jpg")))
    assert page.endswith("## Figures\n\n![roc](roc.png)\n\n![false positives](false_positives.jpg)\n\n")


def test_a_template_that_names_nothing_fails() -> None:
    with pytest.raises(UndefinedError):
        pages._environment().from_string("{{ no_such_name }}").render()
