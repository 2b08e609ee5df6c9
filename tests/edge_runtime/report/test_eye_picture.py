"""The picture of an eye: its scans, what is seen from the front, and no colour where nothing was measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.golden import SAMPLES
from edge_runtime.report.eye_picture import GREY, MAP_SIDE, WIDTH, draw_eye, from_the_front
from edge_runtime.report.lettering import Lettering
from edge_runtime.report.overlay import BACKGROUND
from edge_runtime.results import EyeResult


@pytest.fixture(scope="module")
def eye(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    scan = bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")
    return bundled_analyzer.as_eye([scan] * 6, laterality=Laterality.OD, scans_expected=6)


def test_the_same_eye_and_day_give_the_same_picture(eye: EyeResult) -> None:
    picture = draw_eye(eye, date="2026-01-31")
    assert picture.shape[1] == WIDTH
    assert np.array_equal(picture, draw_eye(eye, date="2026-01-31"))
    assert not np.array_equal(picture, draw_eye(eye, date="2026-02-01"))


def test_between_the_meridians_nothing_is_filled_in(eye: EyeResult) -> None:
    letters = Lettering(WIDTH, 1)
    wedges = from_the_front(eye, letters)[letters.height(1) : letters.height(1) + MAP_SIDE]
    middle = (MAP_SIDE - 1) / 2
    for angle in np.radians(np.arange(15, 360, 30)):
        for radius in (60, 100, 180):
            place = wedges[round(middle - radius * np.sin(angle)), round(middle + radius * np.cos(angle))]
            assert tuple(place) in {(BACKGROUND,) * 3, GREY}
    on_meridians = wedges[round(middle), round(middle) + 60]
    assert tuple(on_meridians) not in {(BACKGROUND,) * 3, GREY}


@pytest.mark.parametrize("name", ["exam", "exam with an ungraded scan", "more than an exam", "not graded"])
def test_any_eye_can_be_drawn(name: str, eye_of: Callable[[str], EyeResult]) -> None:
    assert draw_eye(eye_of(name), date="2026-01-31").ndim == 3
