"""One eye of every kind that a document has to describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.results import EyeResult
from tests.edge_runtime.pictures import empty_frame, lens_frame

Frames = Callable[[], list[np.ndarray[Any, Any]]]
EYES: dict[str, Frames] = {
    "graded": lambda: [lens_frame()],
    "borderline": lambda: [lens_frame(cataract_rows=100)],
    "not graded": lambda: [empty_frame()],
    "too small": lambda: [lens_frame(1000, 1100, 1000, 1100, cataract_rows=0)],
    "mostly outside": lambda: [lens_frame(1500, 1824, cataract_rows=100)],
    "moved window": lambda: [lens_frame(300, 1000, 724, 1424)],
    "sixteen bits": lambda: [lens_frame().astype(np.uint16) * 257],
    "exam": lambda: [lens_frame(cataract_rows=4 * step) for step in range(20, 26)],
    "exam with an ungraded scan": lambda: [lens_frame(), empty_frame()],
    "more than an exam": lambda: [lens_frame(cataract_rows=4 * step) for step in range(20, 27)],
}


@pytest.fixture(scope="module")
def eye_of(analyzer: CataractAnalyzer) -> Callable[[str], EyeResult]:
    def make(name: str) -> EyeResult:
        scans = [analyzer.analyze_pixels(frame) for frame in EYES[name]()]
        expected = 6 if "exam" in name else 1
        return analyzer.as_eye(scans, laterality=Laterality.OD if expected == 6 else None, scans_expected=expected)

    return make
