"""Every stable word the program uses, with its one documentation line. `docs/codes.md` is generated from here."""

from __future__ import annotations

from .findings import (
    ADVICE,
    ANSWER_REASONS,
    ANSWERS,
    COMPARISON_REASONS,
    COMPARISONS,
    NOT_AGAIN,
    PICTURES,
    REASONS,
    TISSUES,
    WARNINGS,
)
from .refusals import REFUSALS

__all__ = [
    "REFUSALS",
    "REASONS",
    "ADVICE",
    "NOT_AGAIN",
    "WARNINGS",
    "PICTURES",
    "TISSUES",
    "ANSWERS",
    "ANSWER_REASONS",
    "COMPARISONS",
    "COMPARISON_REASONS",
]
