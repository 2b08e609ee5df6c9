"""The measure of false changes counts each pair once, by its verdict and by its fraction."""

from __future__ import annotations

from pathlib import Path

from benchmarks.evidence.comparisons import by_fraction, counts
from edge_runtime.report.comparison import compare
from edge_runtime.report.exam_facts import read_exam
from tests.edge_runtime.report.exam_documents import exam_document, written


def test_pairs_are_counted_by_verdict_and_by_fraction(tmp_path: Path) -> None:
    found = []
    for number, (first, second) in enumerate(((0.1, 0.101), (0.1, 0.15), (0.5, 0.6), (0.3, None))):
        pair = [exam_document(first), exam_document(second)]
        paths = [written(tmp_path / f"{number}{place}.json", one) for place, one in enumerate(pair)]
        found.append(compare(*map(read_exam, paths)))
    assert counts(found) == {"pairs": 4, "judged": 3, "told_as_changed": 2, "share_told_as_changed": 2 / 3}
    parts = by_fraction(found)
    assert {name: part["told_as_changed"] for name, part in parts.items() if part["pairs"]} == {
        "0.05 to 0.2": 1,
        "0.4 to 1": 1,
    }
    assert parts["0 to 0.005"]["share_told_as_changed"] is None
