from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.study.recompute import check_report

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in DOCS.rglob("results.json")), ids=lambda path: path.name
)
def test_numbers_of_a_committed_report_follow_from_its_table(folder: Path) -> None:
    check_report(folder)
