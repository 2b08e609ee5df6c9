"""The operating point: Cataract Fraction -> decision, margin, guard band."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GUARD_BAND = 0.02  # decisions this close to the threshold are borderline; a model's metadata may ask for more
ROUNDING = 1e-9  # 0.14 - 0.12 is a little more than 0.02 in binary


class Decision(StrEnum):
    """What the Cataract Fraction says; never a diagnosis."""

    CATARACT = "cataract"
    CLEAR = "clear"
    UNGRADABLE = "ungradable"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where clear ends and cataract begins.

    Attributes
    ----------
    cf_threshold
        Cataract Fractions of at least this are cataract; in [0, 1].
    guard_band
        Distance from it, in Cataract Fraction, within which a decision is borderline.
    """

    cf_threshold: float
    guard_band: float = GUARD_BAND

    @property
    def band(self) -> tuple[float, float]:
        """Cataract Fractions from and to which a decision is borderline, within [0, 1]."""
        half = max(self.guard_band, GUARD_BAND)
        return max(0.0, self.cf_threshold - half), min(1.0, self.cf_threshold + half)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The eye-level numbers (Zeboulon et al. 2022: the mean over an eye's radial scans).

    Attributes
    ----------
    cataract_fraction, cataract_fraction_sd
        Mean over the gradable scans, and their sample standard deviation; None without any, or with fewer than two.
    margin
        Cataract Fraction minus threshold; None when ungradable.
    point
        The operating point by which it was judged.
    """

    cataract_fraction: float | None
    cataract_fraction_sd: float | None
    margin: float | None
    decision: Decision
    borderline: bool
    point: OperatingPoint


def mean_fraction(fractions: Sequence[float]) -> float:
    """Mean of one or more fractions, taken about the first: that of equal ones is that fraction to the last bit."""
    first = fractions[0]
    return first + math.fsum(fraction - first for fraction in fractions) / len(fractions)


def judge(cataract_fractions: list[float], point: OperatingPoint) -> Judgement:
    """Judge an eye by the Cataract Fractions of its gradable scans."""
    if not cataract_fractions:
        return Judgement(None, None, None, Decision.UNGRADABLE, borderline=False, point=point)
    count, mean = len(cataract_fractions), mean_fraction(cataract_fractions)
    squares = math.fsum((fraction - mean) ** 2 for fraction in cataract_fractions)
    spread = math.sqrt(squares / (count - 1)) if count > 1 else None
    margin = mean - point.cf_threshold
    decision = Decision.CATARACT if margin >= 0 else Decision.CLEAR
    borderline = abs(margin) <= max(point.guard_band, GUARD_BAND) + ROUNDING
    return Judgement(mean, spread, margin, decision, borderline=borderline, point=point)
