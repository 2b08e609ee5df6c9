"""Arguments of the Python interface, checked as a program without types may give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from .errors import UsageError
from .plain import real_number, whole_number
from .scan import Laterality

Item = TypeVar("Item")
Callback = TypeVar("Callback", bound=Callable[..., object])


def checked_threshold(threshold: float | None) -> float | None:
    """A threshold as a plain number in [0, 1], or None.

    Raises
    ------
    UsageError
        For anything else, a truth value and NaN included.
    """
    if threshold is None:
        return None
    value = real_number(threshold)
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
    value = real_number(age_years)
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


def checked_count(count: int, what: str) -> int:
    """A number of things, 1 or more, as a plain int.

    Raises
    ------
    UsageError
        For anything else; `what` names it.
    """
    number = whole_number(count)
    if number is None or number < 1:
        raise UsageError("usage", f"{what} of 1 or more was expected, got {count!r}.", "Give a whole number.")
    return number


def checked_callback(function: Callback | None) -> Callback | None:
    """A function, or None.

    Raises
    ------
    UsageError
        For what cannot be called.
    """
    if function is not None and not callable(function):
        raise UsageError("usage", f"A function was expected, got {type(function).__name__}.", "Leave it out for none.")
    return function


def checked_list(things: Iterable[Item], what: str) -> list[Item]:
    """Things of any iterable, a generator included, as a list.

    Raises
    ------
    UsageError
        For what is no iterable; `what` names what was expected.
    """
    try:
        return list(things)
    except TypeError as error:
        raise UsageError("usage", f"{what} was expected, got {type(things).__name__}.", "Give a list.") from error
