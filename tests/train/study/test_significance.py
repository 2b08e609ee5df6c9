from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, normaltest

from train.study.significance import SignificanceTest, mann_whitney, normality


def test_normality_and_mann_whitney_are_scipys() -> None:
    generator = np.random.default_rng(9)
    first, second = generator.gamma(2, 1, 50), generator.gamma(3, 1, 40)
    assert normality(first.tolist()).p == normaltest(first).pvalue
    assert mann_whitney(first.tolist(), second.tolist()).p == mannwhitneyu(first, second).pvalue


def test_mann_whitney_is_the_published_exact_one() -> None:
    # No overlap of 4 and 4 values: two of the 70 orders are as extreme, p = 2 / 70.
    assert mann_whitney([1, 2, 3, 4], [5, 6, 7, 8]).p == pytest.approx(2 / 70)


@pytest.mark.parametrize(
    ("test", "why_not"),
    [
        (normality([1.0] * 30), "all values are equal"),
        (normality([1.0, 2.0]), "fewer than 20 values"),
        (mann_whitney([], [1.0]), "a group is empty"),
        (mann_whitney([0.0, 0.0], [0.0]), "all values are equal"),
    ],
)
def test_a_test_that_cannot_be_made_says_why(test: SignificanceTest, why_not: str) -> None:
    assert (test.p, test.why_not) == (None, why_not)
