"""A small, fixed part of the mutations, and the judge itself."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.robustness.mutations import Original, mutants, originals, outcome_of
from tests.edge_runtime.pictures import speckled_frame, tiff

FILES = originals()


@pytest.mark.parametrize("name", FILES)
def test_mutants_are_refused_or_explained(name: str) -> None:
    found = Counter(mutants(name, FILES[name], seed=1, first=0, count=60))
    assert not [outcome for outcome in found if outcome.startswith("FAULT")]
    assert sum(found.values()) == 60
    assert any(outcome.startswith("refused") for outcome in found)


def test_a_hole_in_the_middle_would_be_a_fault() -> None:
    frame = speckled_frame()
    holed = frame.copy()
    holed[200, :] = 0
    judged = outcome_of("tiff none", Original(tiff(frame), frame), "holed", tiff(holed))
    assert judged == "refused: truncated-tiff"
    specks = frame.copy()
    specks[200, 10:50] = 0
    judged = outcome_of("tiff none", Original(tiff(frame), frame), "holed", tiff(specks))
    assert judged == "read: other pixels, raw pixels carry no checksum (holed)"
