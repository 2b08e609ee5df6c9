"""Whole numbers of the command line: none is larger than what a computer may be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MOST = 1_000_000_000  # more is a typing error, and may be more than a float or the system can hold


def whole_number(least: int = -MOST, most: int = MOST) -> Callable[[str], int]:
    """Takes a whole number within bounds, as ``type`` of an option.

    Parameters
    ----------
    least, most
        The bounds, which may be given.
    """

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:  # of thousands of digits, too
            raise argparse.ArgumentTypeError("a whole number was expected") from None
        if found < least:
            raise argparse.ArgumentTypeError(f"less than {least} was given")
        if found > most:
            raise argparse.ArgumentTypeError(f"more than {most} was given")
        return found

    return number
