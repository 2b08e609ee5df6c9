"""The page of the look is that of the committed figures, and those are of the bundled look and models."""

from __future__ import annotations

import json

import pytest

from benchmarks.evidence.kinds_of_picture import Told, table
from benchmarks.evidence.look_page import KINDS, OTHERS, PAGE, page
from edge_runtime.analyzer import CataractAnalyzer


def test_the_page_is_that_of_the_committed_figures() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("path", [KINDS, OTHERS], ids=lambda path: path.name)
def test_the_figures_are_of_the_bundled_look(path: object, bundled_analyzer: CataractAnalyzer) -> None:
    figures = json.loads(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    assert bundled_analyzer.look is not None
    assert figures["look_sha256"] == bundled_analyzer.look.sha256
    assert figures["model"]["sha256"] == bundled_analyzer.network.sha256


def test_the_table_counts_what_was_told() -> None:
    scans = [
        Told("no-lens", "no-lens", graded=False, reasons=("no-lens",)),
        Told("no-lens", None, graded=True, reasons=()),
        Told("lens-outside", "lens-outside", graded=False, reasons=("lens-mostly-outside",)),
    ]
    found = table(scans)
    assert (found["scans"], found["graded"], found["right"]) == (3, 1, 2)
    assert found["states"]["no-lens"]["named"] == {"no-lens": 1, "None": 1}
