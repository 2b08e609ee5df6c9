"""What the scans of an eye show of its lens, beyond the Cataract Fraction, and the answer that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .answer import conclude
from .decision import mean_fraction
from .eye_measures import eye_measures
from .grade import grade_terms
from .kind_evidence import kind_terms
from .lens_measures import measure_zones

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .answer import Conclusion
    from .coefficients import MeasureCoefficients
    from .eye_measures import EyeMeasures
    from .grade import Grade
    from .lens_measures import LensMaps


@dataclass(frozen=True, slots=True)
class Findings:
    """What an eye shows.

    Attributes
    ----------
    conclusion
        The answer that a clinic can act on, and its reasons.
    measures
        Means over the graded scans; None when the outline of none of them is that of a lens.
    grade
        How dense the nucleus is; None where it cannot be measured, or the model has no coefficients.
    kinds
        Evidence for each kind of cataract, 0 to 1; None as for `grade`.
    cataract_evidence
        Evidence of a cataract of any kind, 0 to 1; None as for `grade`, where a person changed a label, and with models
        before edge 0.5.1.
    leave_one_out
        Lowest and highest mean fraction when one scan is left out; None with fewer than two.
    band
        Between which fractions 19 of 20 further exams of the eye would lie; None with fewer than three scans.
    """

    conclusion: Conclusion
    measures: EyeMeasures | None
    grade: Grade | None
    kinds: dict[str, float] | None
    cataract_evidence: float | None
    leave_one_out: tuple[float, float] | None
    band: tuple[float, float] | None


def find(
    lenses: Sequence[LensMaps],
    fractions: Sequence[float],
    warnings: Iterable[str],
    coefficients: MeasureCoefficients | None,
    age_years: float | None = None,
) -> Findings:
    """Measure the lenses of an eye's graded scans together, and answer.

    Parameters
    ----------
    lenses
        The labelled lens of every graded scan.
    fractions
        Their Cataract Fractions.
    warnings
        Words of the warnings about these scans, and about the eye as a whole.
    coefficients
        Of the model that labelled them; None leaves out grade, kinds, evidence, scatter and band.
    age_years
        Age of the patient; it changes only the grade and its interval.
    """
    table = None if coefficients is None else coefficients.excess
    measured = [found.measures for lens in lenses if (found := measure_zones(lens, None, table)) is not None]
    eye = eye_measures(measured)
    mean = mean_fraction(fractions) if fractions else None
    if eye is not None and mean is not None:
        eye = eye.with_range_about(mean)
    grade = kinds = evidence = band = None
    if coefficients is not None:
        band = coefficients.repeatability.band(fractions)
    if coefficients is not None and eye is not None:
        graded = _by_the_model(lenses, coefficients) or eye
        grade = _grade(coefficients, graded, age_years)
        without_age = grade if age_years is None else _grade(coefficients, graded, None)
        if without_age is not None:
            kinds = coefficients.kinds.evidence(kind_terms(eye, without_age))
            # Fitted to what a model labels, it says nothing where a person changed a label.
            if not any(lens.changed is not None and lens.changed.any() for lens in lenses):
                evidence = coefficients.cataract_evidence(eye, without_age, fractions)
    conclusion = conclude(mean, eye, grade, len(fractions), warnings, band, evidence)
    return Findings(conclusion, eye, grade, kinds, evidence, leave_one_out(fractions), band)


def _by_the_model(lenses: Sequence[LensMaps], coefficients: MeasureCoefficients) -> EyeMeasures | None:
    """The measures by the labels of the model alone, for the grade; None where nobody corrected one, or without any."""
    if all(lens.changed is None for lens in lenses):
        return None
    from .correction import as_the_model_sees

    found = (measure_zones(as_the_model_sees(lens), None, coefficients.excess) for lens in lenses)
    return eye_measures([lens.measures for lens in found if lens is not None])


def leave_one_out(fractions: Sequence[float]) -> tuple[float, float] | None:
    """Lowest and highest mean when one of the values is left out; None with fewer than two."""
    if len(fractions) < 2:
        return None
    ordered = sorted(fractions)
    return mean_fraction(ordered[:-1]), mean_fraction(ordered[1:])


def _grade(coefficients: MeasureCoefficients, eye: EyeMeasures, age_years: float | None) -> Grade | None:
    terms = grade_terms(eye, age_years)
    scale = coefficients.grade if age_years is None else coefficients.grade_with_age
    return None if terms is None else scale.grade(terms)
