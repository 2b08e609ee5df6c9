"""How far the Cataract Fraction of an eye moves from one exam to the next: by simulated pairs, and by its own scans."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .answer import LEAST_SCANS
from .decision import mean_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL_95 = 1.96  # standard deviations that hold 95 % of a normal distribution
# Standard errors that hold 95 % of Student's distribution, from so many degrees of freedom on.
_STUDENT_95 = {
    2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 12: 2.179, 15: 2.131,
    20: 2.086, 30: 2.042, 60: 2.0,
}  # fmt: skip
FRACTION_EDGES = (0.005, 0.05, 0.2, 0.4)
FITTED_SCANS = 6  # of each of the exams that the deviations are fitted to


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Standard deviation of the fraction between exams of one eye, by the fraction.

    Attributes
    ----------
    deviations
        One for each part of the scale that `FRACTION_EDGES` cut, from clear to dense; of exams of `FITTED_SCANS` scans.
    """

    deviations: tuple[float, ...]

    def band(self, fractions: Sequence[float]) -> tuple[float, float] | None:
        """Between which fractions 19 of 20 further exams of the eye, of as many scans, would lie.

        The exam is off its eye by the fitted deviation, or by the standard error over its own scans where that is
        larger; and so is the other exam: the difference of both has the square root of 2 times that. An exam of fewer
        scans than the fitted ones moves further, by the square root of their ratio, as scans that are independent do;
        one of more scans is not trusted to move less, since its scans share errors.

        Parameters
        ----------
        fractions
            Cataract Fraction of every graded scan of the exam, 0 to 1.

        Returns
        -------
        tuple[float, float] | None
            Lowest and highest fraction, within [0, 1]; it holds every mean without one of the scans. None with fewer
            than `LEAST_SCANS` scans.
        """
        count = len(fractions)
        if count < LEAST_SCANS:
            return None
        mean = mean_fraction(fractions)
        fitted = self.deviations[bisect_right(FRACTION_EDGES, mean)] * math.sqrt(max(1.0, FITTED_SCANS / count))
        squares = math.fsum((fraction - mean) ** 2 for fraction in fractions)
        error = math.sqrt(squares / (count - 1) / count)
        aside = math.sqrt(2) * max(_NORMAL_95 * fitted, _student_95(count - 1) * error)
        return max(0.0, mean - aside), min(1.0, mean + aside)


def _student_95(freedom: int) -> float:
    """For two degrees of freedom and more; between two entries of the table the larger one."""
    return _STUDENT_95[max(known for known in _STUDENT_95 if known <= freedom)]
