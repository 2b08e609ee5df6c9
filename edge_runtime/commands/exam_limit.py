"""The option of verbs that judge exam after exam in processes: how long one may take before it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.errors import UsageError

if TYPE_CHECKING:
    import argparse

_LONGEST_S = 86_400.0


def add_exam_limit(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--exam-limit",
        type=float,
        metavar="S",
        help="seconds that an exam may take before its process is ended (default: 600)",
    )


def exam_limit(options: argparse.Namespace) -> float:
    """The seconds that were asked for, or those that are usual.

    Raises
    ------
    UsageError
        When they are none.
    """
    from edge_runtime.batch.workers import EXAM_S

    seconds: float = EXAM_S if options.exam_limit is None else options.exam_limit
    if not 0 < seconds <= _LONGEST_S:
        raise UsageError("usage", f"--exam-limit {seconds:g} was given.", "Give seconds, more than 0, up to a day.")
    return seconds
