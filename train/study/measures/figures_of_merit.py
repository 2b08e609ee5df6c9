"""How well the measures agree with the truth of a cohort, as the numbers that a study states."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score, roc_curve

from edge_runtime.measure.answer import Answer, conclude
from edge_runtime.measure.grade import STEP_EDGES_DB, grade_terms
from edge_runtime.measure.kind_evidence import KINDS, kind_terms

from .truths import KIND_TRUTHS, opaque_fraction, posterior_area, severity_db, truly_opaque

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.measure.coefficients import MeasureCoefficients
    from edge_runtime.measure.grade import Grade

    from .measured_eyes import MeasuredEye


def grade_of(eye: MeasuredEye, coefficients: MeasureCoefficients, *, with_age: bool = False) -> Grade | None:
    """The grade that a device gives; None where it gives none."""
    if eye.measures is None:
        return None
    terms = grade_terms(eye.measures, eye.facts.age_years if with_age else None)
    scale = coefficients.grade_with_age if with_age else coefficients.grade
    return None if terms is None else scale.grade(terms)


def answer_of(eye: MeasuredEye, coefficients: MeasureCoefficients) -> Answer:
    """The answer that a device gives to an exam."""
    grade = grade_of(eye, coefficients)
    band = coefficients.repeatability.band(eye.fractions)
    evidence = evidence_of(eye, coefficients)
    return conclude(eye.cataract_fraction, eye.measures, grade, eye.graded, eye.notices, band, evidence).answer


def evidence_of(eye: MeasuredEye, coefficients: MeasureCoefficients) -> float | None:
    """Evidence of a cataract, as a device gives it; None where it gives none."""
    grade = grade_of(eye, coefficients)
    if eye.measures is None or grade is None:
        return None
    return coefficients.cataract_evidence(eye.measures, grade, eye.fractions)


def figures_of(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients) -> dict[str, Any]:
    """All figures of one cohort, or of several together."""
    return {
        "eyes": len(eyes),
        "scans": sum(eye.scans for eye in eyes),
        "measured_eyes": sum(eye.measures is not None for eye in eyes),
        "zone_dice": _zone_dice(eyes),
        "thickness_error_mm": _thickness_error(eyes),
        "grade": _grade_figures(eyes, coefficients, with_age=False),
        "grade_with_age": _grade_figures(eyes, coefficients, with_age=True),
        "kinds": _kind_figures(eyes, coefficients),
        "cataract_evidence": _evidence_figures(eyes, coefficients),
        "posterior_area": _area_figures(eyes),
        "fraction": _fraction_figures(eyes),
        "strong_cortical_recall": _strong_cortical_recall(eyes),
        "answers": _answer_figures(eyes, coefficients),
    }


def _zone_dice(eyes: Sequence[MeasuredEye]) -> dict[str, float | None]:
    names = sorted({name for eye in eyes for truth in eye.truths for name in truth.zone_dice})
    return {name: rounded(np.mean([truth.zone_dice[name] for eye in eyes for truth in eye.truths])) for name in names}


def _thickness_error(eyes: Sequence[MeasuredEye]) -> dict[str, float | None]:
    found = [(eye.measures.thickness_mm, eye.facts.thickness_mm) for eye in eyes if eye.measures and eye.truths]
    errors = np.array([measured - true for measured, true in found if measured is not None])
    return {
        "median": rounded(np.median(errors)),
        "sd": rounded(errors.std()),
        "worst": rounded(np.abs(errors).max()),
    }


def _grade_figures(
    eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients, *, with_age: bool
) -> dict[str, float | int | None]:
    """Rank, error, agreement in steps, and how often the interval holds the truth."""
    graded = [
        (grade, truth, eye.facts.group == "cataract")
        for eye in eyes
        if (grade := grade_of(eye, coefficients, with_age=with_age)) and (truth := severity_db(eye)) is not None
    ]
    found = np.array([grade.value_db for grade, _, _ in graded])
    true = np.array([truth for _, truth, _ in graded])
    cataract = np.array([group for _, _, group in graded])
    steps = [np.digitize(values, STEP_EDGES_DB) for values in (found, true)]
    held = [grade.interval_db[0] <= truth <= grade.interval_db[1] for grade, truth, _ in graded]
    return {
        "eyes": len(graded),
        "cataract_eyes": int(cataract.sum()),
        "rank": rounded(spearmanr(found, true).statistic),
        "rank_within_cataract": rounded(spearmanr(found[cataract], true[cataract]).statistic)
        if cataract.sum() > 2
        else None,
        "rmse_db": rounded(np.sqrt(((found - true) ** 2).mean())),
        "weighted_kappa": rounded(cohen_kappa_score(*steps, weights="quadratic", labels=range(5))),
        "interval_coverage": rounded(np.mean(held)),
    }


def _kind_figures(
    eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients
) -> dict[str, dict[str, float | int | None]]:
    rows = [
        (coefficients.kinds.evidence(kind_terms(eye.measures, grade)), eye)
        for eye in eyes
        if eye.measures and eye.truths and (grade := grade_of(eye, coefficients))
    ]
    figures: dict[str, dict[str, float | int | None]] = {}
    for kind in KINDS:
        present = np.array([KIND_TRUTHS[kind](eye) for _, eye in rows])
        auc = None
        if present.any() and not present.all():
            auc = rounded(roc_auc_score(present, [evidence[kind] for evidence, _ in rows]))
        figures[kind] = {"eyes_with": int(present.sum()), "eyes": len(rows), "auc": auc}
    return figures


def _evidence_figures(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients) -> dict[str, Any] | None:
    """How well the evidence of a cataract finds opaque lenses, and cataract eyes, beside the fraction alone."""
    rows = [
        (share, eye.cataract_fraction, truly_opaque(eye), eye.facts.group == "cataract")
        for eye in eyes
        if eye.truths and eye.facts.group and (share := evidence_of(eye, coefficients)) is not None
    ]
    if not rows:
        return None
    evidence, fraction, *groups = (np.array(column) for column in zip(*rows, strict=True))
    found: dict[str, Any] = {"eyes": len(rows)}
    for name, present in zip(("truly_opaque", "cataract"), groups, strict=True):
        found[name] = {"eyes": int(present.sum())}
        if present.any() and not present.all():
            for score, values in (("evidence", evidence), ("fraction", fraction)):
                false_alarms, hits, _ = roc_curve(present, values)
                found[name][score] = {
                    "auc": rounded(roc_auc_score(present, values)),
                    "sensitivity_at_95": rounded(hits[false_alarms <= 0.05].max()),
                }
    return found


def _area_figures(eyes: Sequence[MeasuredEye]) -> dict[str, float | int | None]:
    """The area rule alone, without anything fitted: AUC, and error in eyes that have the opacity."""
    rows = [
        (eye.measures.areas.posterior_3mm, posterior_area(eye))
        for eye in eyes
        if eye.measures and eye.truths and eye.measures.areas.posterior_3mm is not None
    ]
    found, true = (np.array(column) for column in zip(*rows, strict=True))
    present = true >= 0.05
    some = present.any() and not present.all()
    return {
        "eyes": len(rows),
        "eyes_with": int(present.sum()),
        "auc": rounded(roc_auc_score(present, found)) if some else None,
        "mean_absolute_error_points": rounded(100 * np.abs(found - true)[present].mean()) if present.any() else None,
        "bias_points": rounded(100 * (found - true)[present].mean()) if present.any() else None,
    }


def _fraction_figures(eyes: Sequence[MeasuredEye]) -> dict[str, float | int | None]:
    """The Cataract Fraction against the truly opaque share of the lens."""
    rows = [
        (eye.cataract_fraction, opaque_fraction(eye), eye.facts.group == "cataract")
        for eye in eyes
        if eye.cataract_fraction is not None and eye.truths
    ]
    found, true, cataract = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "eyes": len(rows),
        "mean_absolute_error": rounded(np.abs(found - true).mean()),
        "rank_within_cataract": rounded(spearmanr(found[cataract], true[cataract]).statistic)
        if cataract.sum() > 2
        else None,
    }


def _strong_cortical_recall(eyes: Sequence[MeasuredEye]) -> dict[str, float | int | None]:
    """Share of the cortical pixels of 5 dB and more that are labelled cataract, pooled over all scans."""
    there = sum(truth.strong_cortical_px for eye in eyes for truth in eye.truths)
    seen = sum(truth.strong_cortical_found_px for eye in eyes for truth in eye.truths)
    return {"pixels": there, "recall": rounded(seen / there) if there else None}


def _answer_figures(eyes: Sequence[MeasuredEye], coefficients: MeasureCoefficients) -> dict[str, Any]:
    answered = [(eye, answer_of(eye, coefficients)) for eye in eyes if eye.facts.group]
    groups = {
        group: dict(Counter(str(answer) for eye, answer in answered if eye.facts.group == group))
        for group in ("clear", "cataract")
    }
    opaque = [answer for eye, answer in answered if eye.truths and truly_opaque(eye)]
    missed = sum(answer is Answer.NO_SIGN for answer in opaque)
    return {
        **groups,
        "truly_opaque_eyes": len(opaque),
        "truly_opaque_no_sign": missed,
        "truly_opaque_no_sign_share": rounded(missed / len(opaque)) if opaque else None,
    }


def rounded(value: Any) -> float | None:
    """Four places, as every figure of a study has; None where it is undefined."""
    number = float(value)
    return round(number, 4) if math.isfinite(number) else None
