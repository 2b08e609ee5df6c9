"""Arguments of the Python interface, checked as a program without types may give them."""

from __future__ import annotations

import math
import numbers

from .errors import UsageError
from .scan import Laterality


def checked_threshold(threshold: float | None) -> float | None:
    """A threshold as a plain number in [0, 1], or None.

    Raises
    ------
    UsageError
        For anything else, a truth value and NaN included.
    """
    if threshold is None:
        return None
    value = _plain(threshold)
    if not 0.0 <= value <= 1.0:
        raise UsageError(
            "usage", f"A threshold in [0, 1] was expected, got {threshold!r}.", "Leave it out for the model's own."
        )
    return value


def checked_age(age_years: float | None) -> float | None:
    """An age in years as a plain number from 0 to 120, or None.

    Raises
    ------
    UsageError
        ``bad-age`` for anything else, a truth value and NaN included.
    """
    if age_years is None:
        return None
    value = _plain(age_years)
    if not 0.0 <= value <= 120.0:
        raise UsageError("bad-age", f"{age_years!r} is no age in years.", "Give 0 to 120, or leave it out.")
    return value


def checked_laterality(laterality: Laterality | str | None) -> Laterality | None:
    """An eye as `Laterality`, from itself or from its word.

    Raises
    ------
    UsageError
        For any other word.
    """
    try:
        return None if laterality is None else Laterality(laterality)
    except ValueError as error:
        raise UsageError("usage", f"{laterality!r} is no eye.", "Give OD, OS or None.") from error


def _plain(value: object) -> float:
    """A number as a float; NaN for anything else, a truth value included."""
    return float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
