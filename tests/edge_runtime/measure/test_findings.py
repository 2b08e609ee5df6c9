"""What an eye shows is the same in both precisions, and age changes the grade alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime import CataractAnalyzer, Decision
from edge_runtime.golden import SAMPLES
from edge_runtime.measure.coefficients import coefficients_of
from edge_runtime.measure.findings import find, leave_one_out
from edge_runtime.results import EyeResult

CATARACT = SAMPLES / "simulated-cataract.png"


def eye_of(analyzer: CataractAnalyzer, age_years: float | None = None) -> EyeResult:
    return analyzer.as_eye([analyzer.analyze(CATARACT)] * 3, scans_expected=6, age_years=age_years)


@pytest.fixture(scope="module")
def eye(bundled_analyzer: CataractAnalyzer) -> EyeResult:
    return eye_of(bundled_analyzer)


def test_both_precisions_give_one_answer_and_one_grade(eye: EyeResult) -> None:
    exact = eye_of(CataractAnalyzer(precision="fp32"))
    assert exact.answer is eye.answer
    assert exact.findings.grade
    assert eye.findings.grade
    assert exact.findings.grade.value_db == pytest.approx(eye.findings.grade.value_db, abs=0.1)
    assert exact.cataract_fraction == pytest.approx(eye.cataract_fraction, abs=0.01)


def test_age_changes_the_grade_and_nothing_else(bundled_analyzer: CataractAnalyzer, eye: EyeResult) -> None:
    aged = eye_of(bundled_analyzer, 71.0).findings
    assert aged.grade != eye.findings.grade
    assert replace(aged, grade=eye.findings.grade) == eye.findings


def test_what_is_left_out_is_one_scan() -> None:
    assert leave_one_out([0.1, 0.2, 0.6]) == (pytest.approx(0.15), pytest.approx(0.4))
    assert leave_one_out([0.1]) is None


def test_a_model_before_edge_0_5_1_gives_no_evidence_of_a_cataract(
    bundled_analyzer: CataractAnalyzer, eye: EyeResult
) -> None:
    coefficients = coefficients_of(bundled_analyzer.network.metadata.measures)
    assert coefficients is not None
    lenses = [scan.lens for scan in eye.scans if scan.lens]
    assert find(lenses, [0.6] * 3, (), coefficients).cataract_evidence == pytest.approx(1.0, abs=0.01)
    earlier = find(lenses, [0.6] * 3, (), replace(coefficients, cataract=None))
    assert earlier.cataract_evidence is None
    assert earlier.kinds == eye.findings.kinds


def test_a_model_without_coefficients_gives_zones_and_an_answer(eye: EyeResult) -> None:
    lenses = [scan.lens for scan in eye.scans if scan.lens]
    found = find(lenses, [0.6] * 3, (), None)
    assert (found.grade, found.kinds, found.band) == (None, None, None)
    assert found.measures
    assert found.measures.optical_depth is None
    assert found.measures.nucleus.fraction == 1.0
    assert found.conclusion.answer == "refer"


@pytest.mark.parametrize("fraction", [0.0, 0.6, 1.0])
def test_the_range_holds_the_fraction_though_the_second_head_sees_another_share(
    fraction: float, eye: EyeResult
) -> None:
    found = find([scan.lens for scan in eye.scans if scan.lens], [fraction] * 3, (), None)
    assert found.measures
    low, high = found.measures.fraction_range
    assert low <= fraction <= high
    assert low == fraction or fraction != 0.0
    assert high == fraction or fraction != 1.0


def test_the_band_is_that_of_the_fraction(eye: EyeResult) -> None:
    assert eye.findings.band
    low, high = eye.findings.band
    assert low < (eye.cataract_fraction or 0.0) < high
    assert eye.findings.leave_one_out == (eye.cataract_fraction, eye.cataract_fraction)


@pytest.mark.parametrize("sample", ["simulated-cataract.png", "simulated-clear.png"])
@pytest.mark.parametrize("grey", [0, 2, 255])
def test_a_lens_without_light_or_full_of_it_is_never_called_cataract(
    bundled_analyzer: CataractAnalyzer, sample: str, grey: int
) -> None:
    scan = bundled_analyzer.analyze(SAMPLES / sample)
    painted = scan.scan.pixels.copy()
    noise = np.random.default_rng(0).normal(grey, 2, painted.shape)
    painted[scan.labels > 0] = np.clip(noise, 0, 255).astype(np.uint8)[scan.labels > 0]
    assert bundled_analyzer.analyze_pixels(painted).decision is not Decision.CATARACT


def test_a_frame_without_any_lens_is_not_graded_and_no_fault(bundled_analyzer: CataractAnalyzer) -> None:
    dark = np.random.default_rng(1).integers(0, 4, (1824, 2150)).astype(np.uint8)
    result = bundled_analyzer.analyze_pixels(dark)
    assert "lens-not-found" in result.reasons
    assert result.lens is None
    assert bundled_analyzer.as_eye([result]).answer == "ungradable"
