"""Weighted sums of measures, and shares that follow from them."""

from __future__ import annotations

import math

_MOST = 30.0  # exp of more says nothing


def weighted_sum(weights: tuple[float, ...], terms: tuple[float, ...]) -> float:
    """The sum of weights times terms; ValueError unless there are as many of both."""
    return sum(weight * term for weight, term in zip(weights, terms, strict=True))


def logistic(log_odds: float) -> float:
    """The share, 0 to 1, that log-odds stand for."""
    return 1 / (1 + math.exp(-min(max(log_odds, -_MOST), _MOST)))
