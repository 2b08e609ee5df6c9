"""Significance tests of the paper's tables, and why a test could not be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Below 20 values the kurtosis test behind D'Agostino-Pearson is not valid (Anscombe & Glynn 1983).
MIN_FOR_NORMALITY = 20


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """Result of a significance test.

    Attributes
    ----------
    p
        The p value; None where the test cannot be made.
    n
        Number of values per group.
    why_not
        Why the test cannot be made; empty where it can.
    """

    p: float | None
    n: tuple[int, ...]
    why_not: str = ""


def normality(values: Sequence[float]) -> SignificanceTest:
    """D'Agostino-Pearson test of normality, K2 = Z(skewness)^2 + Z(kurtosis)^2 (D'Agostino & Pearson 1973)."""
    from scipy.stats import normaltest

    if len(values) < MIN_FOR_NORMALITY:
        return SignificanceTest(None, (len(values),), f"fewer than {MIN_FOR_NORMALITY} values")
    if min(values) == max(values):
        return SignificanceTest(None, (len(values),), "all values are equal")
    return SignificanceTest(float(normaltest(values).pvalue), (len(values),))


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> SignificanceTest:
    """Two-sided Mann-Whitney U test that two groups come from one distribution (Mann & Whitney 1947)."""
    from scipy.stats import mannwhitneyu

    n = (len(first), len(second))
    if not all(n):
        return SignificanceTest(None, n, "a group is empty")
    if len({*first, *second}) == 1:
        return SignificanceTest(None, n, "all values are equal")
    return SignificanceTest(float(mannwhitneyu(first, second, alternative="two-sided").pvalue), n)
