"""What the summary and the page say of the scans of an exam alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_runtime.results import EyeResult

    from .language import Language


def scans_counted(eye: EyeResult, language: Language) -> str:
    """How many scans were given, expected and graded."""
    say, given = language.say, len(eye.entries)
    counts = {
        name: language.number(count, 0)
        for name, count in (("given", given), ("expected", eye.scans_expected), ("graded", eye.scans_used))
    }
    if given == 1:
        return say("{given} scan given, {expected} expected, {graded} graded", **counts)
    return say("{given} scans given, {expected} expected, {graded} graded", **counts)
