from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from train.study.earlier_report import ReportError, read_report
from train.study.results import StudyResults, read_results, to_json

REPORT = ROOT / "docs/study/validation"


@pytest.fixture(scope="module")
def results() -> StudyResults:
    return read_results(REPORT / "results.json")


def test_results_come_back_from_json_unchanged(results: StudyResults, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(to_json(results))
    assert read_results(tmp_path / "results.json") == results
    assert to_json(results) == (REPORT / "results.json").read_text()


def test_every_scan_is_counted_with_or_without_a_lens(results: StudyResults) -> None:
    assert results.scans == results.refusals.with_lens + results.refusals.without_lens > 0


def test_results_of_another_schema_are_refused(results: StudyResults, tmp_path: Path) -> None:
    tree = json.loads(to_json(results)) | {"schema": "edge-cataract/study/0"}
    (tmp_path / "results.json").write_text(json.dumps(tree))
    with pytest.raises(ValueError, match="schema edge-cataract/study/1 was expected, got edge-cataract/study/0"):
        read_results(tmp_path / "results.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "edge-cataract/study/1"}'])
def test_a_report_without_its_results_is_no_finished_report(text: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ReportError, match="is no finished report"):
        read_report(tmp_path, None)
