"""Answers, grades and kinds from measures."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from edge_runtime.measure.answer import Answer, conclude
from edge_runtime.measure.cataract_evidence import TERMS as CATARACT_TERMS
from edge_runtime.measure.cataract_evidence import CataractScale
from edge_runtime.measure.coefficients import MeasureCoefficients
from edge_runtime.measure.eye_measures import EyeEvidence, EyeMeasures, SubcapsularAreas, ZoneMean, eye_measures
from edge_runtime.measure.grade import Grade, GradeScale, grade_terms
from edge_runtime.measure.kind_evidence import KINDS, KindScale, kind_terms
from edge_runtime.measure.repeatability import Repeatability
from edge_runtime.measure.scatter import ExcessTable
from edge_runtime.measure.zones import Zone

CLEAR = EyeMeasures(
    scans=6,
    zones={zone.label: ZoneMean(0.0, 40.0) for zone in Zone if zone},
    areas=SubcapsularAreas(0.0, 0.0, 0.0, 0.0),
    fraction_range=(0.0, 0.0),
    thickness_mm=4.2,
    nucleus_probability=0.05,
    log_odds=-5.0,
    density=50.0,
    optical_depth=None,
    forward_scatter=None,
)
TRACE = Grade(0.5, 1, (-0.5, 1.5))
COEFFICIENTS = MeasureCoefficients(
    grade=GradeScale((1.0, 2.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0), (0.5, 0.6, 0.7, 0.8, 0.9)),
    grade_with_age=GradeScale((1.0, 2.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.5, 0.6, 0.7, 0.8, 0.9)),
    kinds=KindScale(dict.fromkeys(KINDS, (-4.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0))),
    excess=ExcessTable((-9.0, 9.0), (0.0, 12.0)),
    repeatability=Repeatability((0.001, 0.01, 0.04, 0.06, 0.01)),
    fitted_on="simulated eyes",
    pictures_sha256="ab" * 32,
)


def areas(**changed: float) -> EyeMeasures:
    return replace(CLEAR, areas=replace(CLEAR.areas, **changed))


@pytest.mark.parametrize(
    ("fraction", "eye", "grade", "scans", "warnings", "answer", "reasons"),
    [
        (None, None, None, 0, (), "ungradable", ()),
        (0.0, CLEAR, TRACE, 6, (), "no-sign", ()),
        (0.0, CLEAR, TRACE, 6, ("window-moved",), "no-sign", ()),
        (0.14, CLEAR, TRACE, 6, (), "refer", ("cataract-fraction",)),
        (0.02, CLEAR, TRACE, 6, (), "repeat", ("cataract-fraction",)),
        (0.0, areas(posterior_3mm=0.10), TRACE, 6, (), "refer", ("posterior-subcapsular-area",)),
        (0.0, areas(posterior_3mm=0.02), TRACE, 6, (), "repeat", ("posterior-subcapsular-area",)),
        (0.0, areas(anterior_3mm=0.2), TRACE, 6, (), "repeat", ("anterior-subcapsular-area",)),
        (0.0, CLEAR, Grade(3.1, 3, (2.0, 4.0)), 6, (), "repeat", ("nuclear-grade",)),
        (0.0, replace(CLEAR, fraction_range=(0.0, 0.2)), TRACE, 6, (), "repeat", ("unstable-range",)),
        (0.0, CLEAR, TRACE, 2, (), "repeat", ("fewer-than-three-scans",)),
        (0.0, replace(CLEAR, thickness_apart_mm=0.5), TRACE, 6, (), "no-sign", ()),
        (0.0, replace(CLEAR, thickness_apart_mm=0.6), TRACE, 6, (), "repeat", ("lens-thickness-differs",)),
        (0.0, CLEAR, TRACE, 6, ("lens-cut-by-frame",), "repeat", ("lens-cut-by-frame",)),
        (0.5, CLEAR, TRACE, 6, ("lens-cut-by-frame",), "refer", ("cataract-fraction", "lens-cut-by-frame")),
        (0.0, None, None, 6, (), "repeat", ("lens-shape-unknown",)),
    ],
)
def test_an_answer_has_its_reasons(
    fraction: float | None,
    eye: EyeMeasures | None,
    grade: Grade | None,
    scans: int,
    warnings: tuple[str, ...],
    answer: str,
    reasons: tuple[str, ...],
) -> None:
    found = conclude(fraction, eye, grade, scans, warnings)
    assert (found.answer, found.reasons) == (Answer(answer), reasons)


@pytest.mark.parametrize(
    ("fraction", "step", "word"),
    [(0.0, 1, "trace"), (0.1, 2, "mild"), (0.9, 3, "moderate"), (1.6, 4, "marked"), (3.0, 5, "dense")],
)
def test_a_grade_is_a_line_through_its_terms(fraction: float, step: int, word: str) -> None:
    eye = replace(CLEAR, zones={**CLEAR.zones, "nucleus": ZoneMean(fraction, 40.0)})
    terms = grade_terms(eye)
    assert terms is not None
    grade = COEFFICIENTS.grade.grade(terms)
    assert grade.value_db == pytest.approx(1.0 + 2.0 * fraction + 0.4)
    assert (grade.step, grade.word) == (step, word)
    half = (grade.interval_db[1] - grade.interval_db[0]) / 2
    assert half == pytest.approx(1.645 * COEFFICIENTS.grade.deviations_db[step - 1])
    aged = grade_terms(eye, 300.0)
    assert aged is not None
    assert aged[-2:] == (100.0, 10_000.0)


def test_all_measures_together_may_ask_for_another_look() -> None:
    found = conclude(0.0, CLEAR, TRACE, 6, (), evidence=0.3)
    assert (found.answer, found.reasons) == (Answer.REPEAT, ("cataract-evidence",))
    assert conclude(0.0, CLEAR, TRACE, 6, (), evidence=0.29).answer is Answer.NO_SIGN
    assert "cataract-evidence" not in conclude(0.2, CLEAR, TRACE, 6, (), evidence=0.9).reasons


def test_evidence_of_a_cataract_needs_every_measure() -> None:
    scale = CataractScale((-3.0, 1.0, *(0.0,) * (len(CATARACT_TERMS) - 3), 2.0))
    coefficients = replace(COEFFICIENTS, cataract=scale)
    seen = replace(
        CLEAR, zones={**CLEAR.zones, "central-3mm": ZoneMean(0.0, 40.0)}, evidence=EyeEvidence(0.1, 0.1, 0.0, 0.2)
    )
    anterior = replace(seen, areas=replace(seen.areas, anterior_3mm=0.25))
    assert coefficients.cataract_evidence(seen, TRACE, (0.0, 0.0)) == pytest.approx(1 / (1 + math.exp(2.5)))
    assert coefficients.cataract_evidence(anterior, TRACE, (0.0,)) == pytest.approx(1 / (1 + math.exp(1.5)))
    assert coefficients.cataract_evidence(replace(seen, nucleus_probability=None), TRACE, (0.0,)) is None
    assert coefficients.cataract_evidence(CLEAR, TRACE, (0.0,)) is None
    assert COEFFICIENTS.cataract_evidence(seen, TRACE, (0.0,)) is None
    assert MeasureCoefficients.from_json(coefficients.to_json()) == coefficients


@pytest.mark.parametrize("value", [{}, {"weights": [1.0]}, {"weights": [float("inf")] * len(CATARACT_TERMS)}, 3])
def test_malformed_weights_of_the_evidence_are_refused(value: object) -> None:
    content = json.loads(COEFFICIENTS.to_json()) | {"cataract": value}
    with pytest.raises(ValueError):  # noqa: PT011  # of json, or of ours
        MeasureCoefficients.from_json(json.dumps(content))


def test_a_lens_without_a_scale_of_brightness_has_no_grade() -> None:
    assert grade_terms(replace(CLEAR, density=None)) is None


def test_evidence_is_a_share() -> None:
    evidence = COEFFICIENTS.kinds.evidence(kind_terms(CLEAR, Grade(2.0, 2, (1.0, 3.0))))
    assert set(evidence) == set(KINDS)
    assert evidence["nuclear"] == pytest.approx(0.5)


def test_an_eye_without_scans_has_no_measures() -> None:
    assert eye_measures([]) is None


def test_coefficients_are_read_as_they_were_written() -> None:
    assert MeasureCoefficients.from_json(COEFFICIENTS.to_json()) == COEFFICIENTS


@pytest.mark.parametrize(
    "change",
    [("0.5", "NaN"), ('"grade"', '"other"'), ("[-9.0,9.0]", "[9.0,-9.0]"), ("[1.0,2.0", "[2.0"), ("{", "[", 1)],
)
def test_malformed_coefficients_are_refused(change: tuple[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of json, or of ours
        MeasureCoefficients.from_json(COEFFICIENTS.to_json().replace(*change))
