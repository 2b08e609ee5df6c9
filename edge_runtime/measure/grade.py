"""The nuclear grade: how much more the nucleus scatters than a clear lens, in decibel and in five steps."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .regression import weighted_sum
from .zones import Zone

if TYPE_CHECKING:
    from .eye_measures import EyeMeasures

STEP_EDGES_DB = (1.5, 3.0, 4.5, 6.0)
STEP_WORDS = ("trace", "mild", "moderate", "marked", "dense")
TERMS = (
    "one",
    "nucleus fraction",
    "nucleus probability",
    "log-odds",
    "nucleus density",
    "lens density",
    "anterior cortex density",
    "posterior cortex density",
    "anterior subcapsular density",
    "posterior subcapsular density",
)
EVIDENCE_TERMS = ("nucleus excess", "lens excess")  # of networks with a second head
_OUTER_ZONES = (
    Zone.ANTERIOR_CORTEX,
    Zone.POSTERIOR_CORTEX,
    Zone.ANTERIOR_SUBCAPSULAR,
    Zone.POSTERIOR_SUBCAPSULAR,
)
AGE_TERMS = ("age", "age squared")
_NORMAL_90 = 1.645  # standard deviations that hold 90 % of a normal distribution
_AGES = (15.0, 100.0)


@dataclass(frozen=True, slots=True)
class Grade:
    """How dense a nucleus is.

    Attributes
    ----------
    value_db
        Mean excess of scatter of the nucleus over the clear lens, in dB.
    step
        1 to 5, by `STEP_EDGES_DB`.
    interval_db
        Within which the true value lies in nine of ten simulated eyes.
    """

    value_db: float
    step: int
    interval_db: tuple[float, float]

    @property
    def word(self) -> str:
        """The step in a word, from trace to dense."""
        return STEP_WORDS[self.step - 1]


@dataclass(frozen=True, slots=True)
class GradeScale:
    """A weighted sum of measures, fitted to simulated eyes.

    Attributes
    ----------
    weights
        Of `TERMS`, then of `EVIDENCE_TERMS` where the network has a second head, then of `AGE_TERMS` with age.
    deviations_db
        Standard deviation of the error in each of the five steps of the estimate.
    """

    weights: tuple[float, ...]
    deviations_db: tuple[float, ...]

    def grade(self, terms: tuple[float, ...]) -> Grade:
        """The grade of an eye with these terms, in the order of the weights."""
        value = weighted_sum(self.weights, terms)
        step = 1 + bisect_right(STEP_EDGES_DB, value)
        aside = _NORMAL_90 * self.deviations_db[step - 1]
        return Grade(value, step, (value - aside, value + aside))


def grade_terms(eye: EyeMeasures, age_years: float | None = None) -> tuple[float, ...] | None:
    """The terms that a grade is made of, with those of age when it is given; None when one cannot be measured.

    Grey enters on the eye's own scale, 0 to 255 for -12 to 14 dB over the corneal stroma. What lies around the nucleus
    tells a dense nucleus from an eye whose scale is off as a whole.
    """
    nucleus, outer = eye.nucleus, tuple(eye.zones[zone.label].density for zone in _OUTER_ZONES)
    terms = (1.0, nucleus.fraction, eye.nucleus_probability, eye.log_odds, nucleus.density, eye.density, *outer)
    known = tuple(term for term in terms if term is not None)
    if len(known) < len(terms):
        return None
    if eye.evidence is not None:
        known = (*known, eye.evidence.nucleus_db, eye.evidence.lens_db)
    if age_years is None:
        return known
    age = min(max(age_years, _AGES[0]), _AGES[1])
    return (*known, age, age * age)
