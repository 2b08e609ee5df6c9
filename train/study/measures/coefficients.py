"""Fit the coefficients of grade, kinds, evidence and scatter to measured simulated eyes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from edge_runtime.measure.cataract_evidence import CataractScale, cataract_terms
from edge_runtime.measure.coefficients import MeasureCoefficients
from edge_runtime.measure.grade import STEP_EDGES_DB, STEP_WORDS, GradeScale, grade_terms
from edge_runtime.measure.kind_evidence import KindScale, kind_terms
from edge_runtime.measure.repeatability import FRACTION_EDGES, Repeatability
from edge_runtime.measure.scatter import ExcessTable

from .measured_eyes import cohort_sha256
from .truths import KIND_TRUTHS, has_cataract, severity_db

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .measured_eyes import MeasuredEye

FOLDS = 5
TABLE_LOG_ODDS = tuple(float(value) for value in range(-9, 10))
REGULARISATION = 10.0  # sklearn's C: weak, as terms are few
_DIGITS = 6
_LEAST_PER_STEP = 10  # eyes; a step with fewer takes the deviation of all
_LEAST_PER_PART = 5  # eyes; a part of the scale of fractions with fewer takes the deviation of all


def fit_coefficients(eyes: Sequence[MeasuredEye], description: str) -> MeasureCoefficients:
    """Fit everything to the eyes of one cohort, or of several.

    Parameters
    ----------
    eyes
        Of the cohorts, with clear and cataract lenses of every kind.
    description
        The cohorts in one line.

    Raises
    ------
    ValueError
        When a kind has no eye, or every eye, or no eye was examined twice.
    """
    usable = [eye for eye in eyes if eye.measures and severity_db(eye) is not None and grade_terms(eye.measures)]
    grade = _grade_scale(usable, with_age=False)
    return MeasureCoefficients(
        grade=grade,
        grade_with_age=_grade_scale(usable, with_age=True),
        kinds=_kind_scale(usable, grade),
        excess=_excess_table(eyes),
        repeatability=_repeatability(eyes),
        fitted_on=description,
        pictures_sha256=cohort_sha256(eyes),
        cataract=_cataract_scale(usable, grade),
    )


def _terms(eye: MeasuredEye, *, with_age: bool) -> tuple[float, ...]:
    if eye.measures is None:
        raise ValueError("an eye without measures has no terms")
    terms = grade_terms(eye.measures, eye.facts.age_years if with_age else None)
    if terms is None:
        raise ValueError("an eye without a scale of brightness has no terms")
    return terms


def _grade_scale(eyes: Sequence[MeasuredEye], *, with_age: bool) -> GradeScale:
    """Least squares; deviations from eyes of patients that the fit did not see."""
    terms = np.array([_terms(eye, with_age=with_age) for eye in eyes])
    truth = np.array([severity_db(eye) for eye in eyes], dtype=np.float64)
    patients = [eye.facts.patient for eye in eyes]
    unseen = np.zeros_like(truth)
    for seen, left_out in GroupKFold(FOLDS).split(terms, groups=patients):
        unseen[left_out] = terms[left_out] @ _least_squares(terms[seen], truth[seen])
    steps = np.digitize(unseen, STEP_EDGES_DB)
    errors = unseen - truth
    overall = float(np.sqrt((errors**2).mean()))
    deviations = [
        float(np.sqrt((errors[steps == step] ** 2).mean()))
        if np.count_nonzero(steps == step) >= _LEAST_PER_STEP
        else overall
        for step in range(len(STEP_WORDS))
    ]
    return GradeScale(_rounded(_least_squares(terms, truth)), _rounded(np.array(deviations)))


def _least_squares(terms: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.lstsq(terms, truth, rcond=None)[0], np.float64)


def _kind_scale(eyes: Sequence[MeasuredEye], grade: GradeScale) -> KindScale:
    terms = np.array(
        [kind_terms(eye.measures, grade.grade(_terms(eye, with_age=False))) for eye in eyes if eye.measures]
    )
    weights = {}
    for kind, has_kind in KIND_TRUTHS.items():
        present = np.array([has_kind(eye) for eye in eyes])
        if present.all() or not present.any():
            raise ValueError(f"eyes with and without {kind} opacities are needed")
        model = LogisticRegression(C=REGULARISATION, max_iter=5000, fit_intercept=False)
        weights[kind] = _rounded(model.fit(terms, present).coef_[0])
    return KindScale(weights)


def _cataract_scale(eyes: Sequence[MeasuredEye], grade: GradeScale) -> CataractScale | None:
    """Terms are brought to one spread for the fit, and the weights back to the terms; None without a second head."""
    rows, present = [], []
    for eye in eyes:
        if eye.measures is None or not eye.fractions:
            continue
        terms = cataract_terms(eye.measures, grade.grade(_terms(eye, with_age=False)), eye.fractions)
        if terms is not None:
            rows.append(terms[1:])
            present.append(has_cataract(eye))
    if not rows:
        return None
    if all(present) or not any(present):
        raise ValueError("eyes with and without a cataract are needed")
    scaler = StandardScaler()
    model = LogisticRegression(C=1.0, max_iter=5000).fit(scaler.fit_transform(np.array(rows)), present)
    weights = model.coef_[0] / scaler.scale_
    intercept = model.intercept_[0] - weights @ scaler.mean_
    return CataractScale(_rounded(np.array([intercept, *weights])))


def _excess_table(eyes: Sequence[MeasuredEye]) -> ExcessTable:
    odds = np.concatenate([np.asarray(eye.odds) for eye in eyes])
    excess = np.concatenate([np.asarray(eye.excess_db) for eye in eyes])
    rising = IsotonicRegression(out_of_bounds="clip").fit(odds, excess)
    return ExcessTable(TABLE_LOG_ODDS, _rounded(rising.predict(np.array(TABLE_LOG_ODDS))))


def _repeatability(eyes: Sequence[MeasuredEye]) -> Repeatability:
    """Standard deviations within eyes that were examined several times, pooled by the mean fraction of the eye."""
    exams: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for eye in eyes:
        if eye.cataract_fraction is not None:
            exams[eye.facts.patient, eye.facts.eye].append(eye.cataract_fraction)
    repeated = [np.array(fractions) for fractions in exams.values() if len(fractions) > 1]
    if not repeated:
        raise ValueError("eyes that were examined twice are needed")
    variances = np.array([fractions.var(ddof=1) for fractions in repeated])
    parts = np.digitize([fractions.mean() for fractions in repeated], FRACTION_EDGES)
    overall = float(np.sqrt(variances.mean()))
    return Repeatability(
        tuple(
            round(float(np.sqrt(variances[parts == part].mean())), _DIGITS)
            if np.count_nonzero(parts == part) >= _LEAST_PER_PART
            else round(overall, _DIGITS)
            for part in range(len(FRACTION_EDGES) + 1)
        )
    )


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
