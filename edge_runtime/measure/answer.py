"""The answer that a clinic can act on: refer, repeat or look at the slit lamp, no sign of cataract, or ungradable.

The limits were chosen on simulated eyes, and fixed before the eyes were drawn that they are judged on
(docs/measures.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .quality import OF_DOUBT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .eye_measures import EyeMeasures
    from .grade import Grade

REFER_FRACTION, REFER_POSTERIOR_AREA = 0.14, 0.10
REPEAT_FRACTION, REPEAT_POSTERIOR_AREA, REPEAT_ANTERIOR_AREA, REPEAT_GRADE_DB = 0.01, 0.015, 0.04, 2.5
REPEAT_EVIDENCE = 0.3
LEAST_SCANS = 3
# A lens that accommodates thickens by about 0.05 mm for each dioptre (Dubbelman et al. 2005), so by less than this. The
# scans of one simulated eye are within 0.1 mm of each other.
MOST_THICKNESS_APART_MM = 0.5
# Words of warnings that put the number itself in doubt: "no sign" becomes "repeat".
DOUBTS = frozenset(OF_DOUBT) - {"framed-picture"} | {
    "lens-cut-by-frame", "no-brightness-reference", "other-eye", "other-frame", "other-lens",
    "scales-disagree", "scans-disagree", "several-exams", "unlikely-brightness",
}  # fmt: skip


class Answer(StrEnum):
    """What to do with an eye; never a diagnosis."""

    REFER = "refer"
    REPEAT = "repeat"
    NO_SIGN = "no-sign"
    UNGRADABLE = "ungradable"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """An answer and what it rests on.

    Attributes
    ----------
    answer
        What to do.
    reasons
        Why it is no other, as words of `codes.ANSWER_REASONS`; empty for no sign, and for an eye without a scan that
        can be graded.
    """

    answer: Answer
    reasons: tuple[str, ...]


def conclude(
    fraction: float | None,
    eye: EyeMeasures | None,
    grade: Grade | None,
    scans: int,
    warnings: Iterable[str],
    band: tuple[float, float] | None = None,
    evidence: float | None = None,
) -> Conclusion:
    """Answer for one eye.

    Parameters
    ----------
    fraction
        Its Cataract Fraction; None when no scan can be graded.
    eye, grade
        What was measured besides; None where it could not be.
    scans
        Scans that were graded.
    warnings
        Words of the warnings about these scans, and about the eye as a whole.
    band
        Between which fractions further exams of the eye would lie; None when it is not known.
    evidence
        Evidence of a cataract of any kind, 0 to 1; None when it is not known.
    """
    if fraction is None:
        return Conclusion(Answer.UNGRADABLE, ())
    posterior = (eye and eye.areas.posterior_3mm) or 0.0
    refer = tuple(
        word
        for word, holds in (
            ("cataract-fraction", fraction >= REFER_FRACTION),
            ("posterior-subcapsular-area", posterior >= REFER_POSTERIOR_AREA),
        )
        if holds
    )
    doubts = tuple(_doubts(eye, scans, warnings))
    if refer:
        return Conclusion(Answer.REFER, refer + doubts)
    repeat = (*_signs(fraction, eye, grade, band), *_by_all(evidence), *doubts)
    return Conclusion(Answer.REPEAT if repeat else Answer.NO_SIGN, repeat)


def _signs(
    fraction: float, eye: EyeMeasures | None, grade: Grade | None, band: tuple[float, float] | None
) -> Iterator[str]:
    """What may be a cataract."""
    if fraction >= REPEAT_FRACTION:
        yield "cataract-fraction"
    elif band is not None and band[1] >= REPEAT_FRACTION:
        yield "unstable-fraction"
    if eye is not None:
        if (eye.areas.posterior_3mm or 0.0) >= REPEAT_POSTERIOR_AREA:
            yield "posterior-subcapsular-area"
        if (eye.areas.anterior_3mm or 0.0) >= REPEAT_ANTERIOR_AREA:
            yield "anterior-subcapsular-area"
        if eye.fraction_range[1] >= REFER_FRACTION:
            yield "unstable-range"
    if grade is not None and grade.value_db >= REPEAT_GRADE_DB:
        yield "nuclear-grade"


def _by_all(evidence: float | None) -> Iterator[str]:
    """All measures together, each of which may be below its own limit."""
    if evidence is not None and evidence >= REPEAT_EVIDENCE:
        yield "cataract-evidence"


def _doubts(eye: EyeMeasures | None, scans: int, warnings: Iterable[str]) -> Iterator[str]:
    """What puts the number in doubt."""
    if eye is None:
        yield "lens-shape-unknown"
    elif (eye.thickness_apart_mm or 0.0) > MOST_THICKNESS_APART_MM:
        yield "lens-thickness-differs"
    if scans < LEAST_SCANS:
        yield "fewer-than-three-scans"
    yield from sorted(DOUBTS.intersection(warnings))
