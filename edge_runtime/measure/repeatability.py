"""How far the Cataract Fraction of an eye moves from one exam to the next, measured on simulated exams in pairs."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

_NORMAL_95 = 1.96  # standard deviations that hold 95 % of a normal distribution
FRACTION_EDGES = (0.005, 0.05, 0.2, 0.4)


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Standard deviation of the fraction between exams of one eye, by the fraction.

    Attributes
    ----------
    deviations
        One for each part of the scale that `FRACTION_EDGES` cut, from clear to dense.
    """

    deviations: tuple[float, ...]

    def band(self, fraction: float) -> tuple[float, float]:
        """Between which fractions 19 of 20 further exams of the eye would lie, within [0, 1]."""
        aside = _NORMAL_95 * self.deviations[bisect_right(FRACTION_EDGES, fraction)]
        return max(0.0, fraction - aside), min(1.0, fraction + aside)
