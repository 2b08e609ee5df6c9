"""What the summary and the page say of the scans of an exam alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.measure.answer import DOUBTS

if TYPE_CHECKING:
    from edge_runtime.measure.quality import Notice
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


def notices_to_read(eye: EyeResult) -> list[Notice]:
    """The warnings, doubts about the number first; of a scan by itself not that it is no whole exam."""
    alone = eye.scans_expected == len(eye.entries) == 1
    return sorted(
        (one for one in eye.notices if not (alone and one.code == "fewer-scans-than-expected")),
        key=lambda one: one.code not in DOUBTS,
    )
