"""Results are frozen, complete, and say undefined as None."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Decision, Laterality
from edge_runtime.results import ScanResult

from .pictures import BACKGROUND, CATARACT, CATARACT_FRACTION, empty_frame, lens_frame


@pytest.fixture(scope="module")
def result(analyzer: CataractAnalyzer) -> ScanResult:
    return analyzer.analyze_pixels(lens_frame())


def test_result_cannot_be_changed(result: ScanResult) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.profile = "other"  # type: ignore[misc]


def test_labels_are_those_of_the_painted_scan_pixel_by_pixel(result: ScanResult) -> None:
    frame = lens_frame()
    expected = np.where(frame == CATARACT, 2, np.where(frame == BACKGROUND, 0, 1))
    assert result.labels.dtype == np.uint8
    assert np.array_equal(result.labels, expected)


def test_probabilities_are_absolute_and_agree_with_the_labels(result: ScanResult) -> None:
    cataract, lens = result.cataract_probability, result.lens_probability
    assert (cataract.dtype, cataract.shape) == (np.float32, (1824, 2150))
    assert cataract.min() == 0
    assert cataract.max() == pytest.approx(1, abs=1e-6)
    assert cataract[940, 1000] == pytest.approx(1, abs=1e-6)
    assert cataract[1400, 1000] == pytest.approx(0, abs=1e-6)
    assert lens[1400, 1000] == pytest.approx(1, abs=1e-6)
    assert (lens - cataract).min() > -1e-6


def test_graded_scan_has_a_fraction_and_a_decision(result: ScanResult) -> None:
    assert result.gradable
    assert result.cataract_fraction == CATARACT_FRACTION
    assert result.decision is Decision.CATARACT


def test_ungraded_scan_has_none(analyzer: CataractAnalyzer) -> None:
    result = analyzer.analyze_pixels(empty_frame())
    assert (result.gradable, result.reasons) == (False, ("lens-not-found",))
    assert (result.cataract_fraction, result.lens_density) == (None, None)
    assert result.decision is Decision.UNGRADABLE
    assert not result.labels.any()


def test_eye_result_tells_what_its_judgement_tells(analyzer: CataractAnalyzer) -> None:
    scans = [analyzer.analyze_pixels(lens_frame(cataract_rows=rows)) for rows in (100, 200)]
    eye = analyzer.as_eye(scans, laterality=Laterality.OS)
    assert eye.cataract_fraction == pytest.approx((25 / 175 + 50 / 175) / 2)
    assert eye.cataract_fraction_sd == pytest.approx(np.std([25 / 175, 50 / 175], ddof=1))
    assert (eye.decision, eye.borderline, eye.scans_used, eye.laterality) == ("cataract", False, 2, "OS")


def test_timings_are_measured(result: ScanResult) -> None:
    timings = result.timings_ms
    assert min(timings.read, timings.prepare, timings.infer, timings.measure) >= 0
    assert timings.infer > 0
