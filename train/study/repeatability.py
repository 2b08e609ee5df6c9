"""How well exams of one eye agree: ICC, within-eye SD, coefficient of variation, limits of agreement, range.

All are functions of (eyes, exams) values, one row per eye that has every exam.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .resampling import Statistic

NORMAL_95 = 1.96


def per_resample(values: NDArray[np.float64], function: Callable[[NDArray[np.float64]], float]) -> Statistic:
    """A function of (eyes, exams) values as a statistic of weights: eyes repeated as often as they count."""

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([function(np.repeat(values, row.astype(np.int64), axis=0)) for row in weights])

    return statistic


def intraclass_correlation(values: NDArray[np.float64]) -> float:
    """ICC(2,1): two-way random effects, absolute agreement, one measurement (Shrout & Fleiss 1979).

    (BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n), with the mean squares between n eyes (BMS), between k exams
    (JMS) and of the rest (EMS). nan with fewer than two eyes or exams, or without any spread.
    """
    n, k = values.shape
    if n < 2 or k < 2:
        return float("nan")
    eyes, exams, centre = values.mean(axis=1), values.mean(axis=0), values.mean()
    between_eyes = k * float(((eyes - centre) ** 2).sum()) / (n - 1)
    between_exams = n * float(((exams - centre) ** 2).sum()) / (k - 1)
    rest = values - eyes[:, None] - exams[None] + centre
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    total = between_eyes + (k - 1) * error + k * (between_exams - error) / n
    return (between_eyes - error) / total if total > 0 else float("nan")


def within_eye_sd(values: NDArray[np.float64]) -> float:
    """Within-eye standard deviation: root of the mean variance of an eye's exams (Bland & Altman 1996)."""
    if values.shape[0] < 1 or values.shape[1] < 2:
        return float("nan")
    return float(np.sqrt(values.var(axis=1, ddof=1).mean()))


def coefficient_of_variation(values: NDArray[np.float64]) -> float:
    """Within-eye SD over the mean of all; nan where that is 0."""
    centre = float(values.mean()) if values.size else 0.0
    return within_eye_sd(values) / centre if centre > 0 else float("nan")


def limits_of_agreement(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean difference, lower and upper limit of the first two exams: mean -+ 1.96 SD (Bland & Altman 1986)."""
    if values.shape[0] < 2 or values.shape[1] < 2:
        return (float("nan"),) * 3
    moved = values[:, 0] - values[:, 1]
    centre, width = float(moved.mean()), NORMAL_95 * float(moved.std(ddof=1))
    return centre, centre - width, centre + width


def ranges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per eye, largest minus smallest value over its exams: (eyes,)."""
    result: NDArray[np.float64] = values.max(axis=1) - values.min(axis=1)
    return result
