"""The benchmark of many scans, in small: no scan leaves anything behind, and every way gives the same document."""

from __future__ import annotations

import pytest

from benchmarks.memory import soak
from edge_runtime import CataractAnalyzer


@pytest.mark.slow
def test_scans_leave_neither_threads_nor_descriptors_behind() -> None:
    measured = soak.soak(CataractAnalyzer(), scans=12, settled=4)
    assert measured["threads"][0] == measured["threads"][1]
    assert measured["descriptors"][0] == measured["descriptors"][1]


@pytest.mark.slow
def test_same_scan_gives_the_same_document_by_every_way() -> None:
    assert soak.repeats(1) == {"count": 1, "threads": [1, 2], "documents": 1, "identical": True}
