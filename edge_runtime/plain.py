"""Numbers as plain Python has them, from whatever a program without types gives: numpy's go into no JSON."""

from __future__ import annotations

import math
import numbers
from operator import index


def whole_number(value: object) -> int | None:
    """An integer of any library as an int; None for anything else, a truth value included."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return None
    try:
        return index(value)  # type: ignore[arg-type]  # that is what is asked
    except TypeError:
        return None


def real_number(value: object) -> float:
    """A number of any library as a float; NaN for anything else, a truth value included."""
    return float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
