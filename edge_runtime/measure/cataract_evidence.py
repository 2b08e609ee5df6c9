"""Evidence of a cataract of any kind, from everything that was measured of an eye."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .decision import mean_fraction
from .eye_measures import CENTRAL
from .kind_evidence import kind_terms
from .regression import logistic, weighted_sum
from .zones import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .eye_measures import EyeMeasures
    from .grade import Grade

TERMS = (
    "one", "grade", "nucleus fraction", "anterior cortex fraction", "posterior cortex fraction",
    "posterior subcapsular area", "anterior subcapsular area", "spokes", "root of spokes",
    "nucleus density", "anterior cortex density", "posterior cortex density", "anterior subcapsular density",
    "posterior subcapsular density", "central density", "log-odds", "nucleus probability", "lens excess",
    "nucleus excess", "paper's fraction", "Cataract Fraction", "root of the Cataract Fraction",
    "largest fraction of a scan", "upper end of the fraction's range", "root of the posterior subcapsular area",
    "root of the anterior subcapsular area",
)  # fmt: skip
_DENSITIES = (
    Zone.NUCLEUS.label,
    Zone.ANTERIOR_CORTEX.label,
    Zone.POSTERIOR_CORTEX.label,
    Zone.ANTERIOR_SUBCAPSULAR.label,
    Zone.POSTERIOR_SUBCAPSULAR.label,
    CENTRAL,
)


@dataclass(frozen=True, slots=True)
class CataractScale:
    """A logistic regression, fitted to simulated eyes.

    Attributes
    ----------
    weights
        Of `TERMS`.
    """

    weights: tuple[float, ...]

    def evidence(self, terms: tuple[float, ...]) -> float:
        """Share of simulated eyes with these terms that have a cataract, 0 to 1."""
        return logistic(weighted_sum(self.weights, terms))


def cataract_terms(eye: EyeMeasures, grade: Grade, fractions: Sequence[float]) -> tuple[float, ...] | None:
    """What speaks for a cataract, in the order of `TERMS`; None when one cannot be measured.

    Parameters
    ----------
    eye
        What was measured, by a network with a second head.
    grade
        Without the patient's age.
    fractions
        Cataract Fraction of every graded scan, 0 to 1; at least one.
    """
    if eye.evidence is None or not fractions:
        return None
    densities = tuple(eye.zones[name].density for name in _DENSITIES)
    fraction = mean_fraction(fractions)
    terms = (
        *kind_terms(eye, grade),
        *densities,
        eye.log_odds,
        eye.nucleus_probability,
        eye.evidence.lens_db,
        eye.evidence.nucleus_db,
        eye.evidence.paper_fraction,
        fraction,
        math.sqrt(fraction),
        max(fractions),
        eye.fraction_range[1],
        math.sqrt(eye.areas.posterior_3mm or 0.0),
        math.sqrt(eye.areas.anterior_3mm or 0.0),
    )
    known = tuple(term for term in terms if term is not None)
    return known if len(known) == len(terms) else None
