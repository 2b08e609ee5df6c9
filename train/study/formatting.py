"""Numbers of a study as the words of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .resampling import Estimate
    from .significance import SignificanceTest

UNDEFINED = "-"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number, or a dash where it is undefined."""
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def estimate(one: Estimate, digits: int = 3) -> str:
    """Return an estimate with its interval: 0.981 (0.964 to 0.993), with `*` where the bound is exact."""
    if one.value is None:
        return UNDEFINED
    if one.low is None:
        return f"{number(one.value, digits)} (no interval)"
    exact = "*" if one.method.startswith("exact") else ""
    return f"{number(one.value, digits)} ({number(one.low, digits)} to {number(one.high, digits)}{exact})"


def counts(one: Estimate) -> str:
    """Return the units per group: 132 clear, 89 cataract."""
    return ", ".join(f"{count} {name or 'all'}" for name, count in one.n.items())


def p_value(one: SignificanceTest | None) -> str:
    """Return a p value, or why there is none."""
    if one is None:
        return UNDEFINED
    if one.p is None:
        return one.why_not or UNDEFINED
    return "p < 0.001" if one.p < 0.001 else f"p = {one.p:.3f}"
