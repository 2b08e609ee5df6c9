"""Two exams of one eye: what differs, and whether by more than exams of an unchanged eye differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import UsageError
from edge_runtime.measure.answer import DOUBTS
from edge_runtime.measure.decision import GUARD_BAND, ROUNDING
from edge_runtime.version import __version__

from .document import DISCLAIMER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .exam_facts import ExamFacts

SCHEMA = "edge-cataract/comparison/1"
# Reasons of an answer by which the number itself may be that of another eye, or of an altered picture.
_IN_DOUBT = DOUBTS | {"lens-thickness-differs"}


class Verdict(StrEnum):
    """Whether the Cataract Fraction of an eye changed; a word of `codes.COMPARISONS`."""

    INCREASED = "increased"
    DECREASED = "decreased"
    UNCHANGED = "unchanged"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two exams side by side.

    Attributes
    ----------
    earlier, later
        The exams.
    difference
        Fraction of the later exam minus that of the earlier one; None when one of them has none.
    limit
        By how much 19 of 20 pairs of exams of an unchanged eye differ at most, and never less than `GUARD_BAND`; None
        when that is not known.
    verdict
        Whether the difference is larger.
    reasons
        Why it was not judged, and what else a reader should know, as words of `codes.COMPARISON_REASONS`.
    """

    earlier: ExamFacts
    later: ExamFacts
    difference: float | None
    limit: float | None
    verdict: Verdict
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "edge-cataract", "version": __version__},
            "laterality": None if self.later.laterality is None else self.later.laterality.value,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "cataract_fraction_difference": _rounded(self.difference),
            "limit_of_change": _rounded(self.limit),
            "earlier": _exam(self.earlier),
            "later": _exam(self.later),
            "disclaimer": DISCLAIMER,
        }


def compare(earlier: ExamFacts, later: ExamFacts) -> Comparison:
    """Compare two exams of one eye.

    The band of a document reaches to either side of its fraction, or to 0 or 1, as far as two exams of an unchanged eye
    differ in 19 of 20 pairs: the coefficient of repeatability (Bland and Altman 1986), or more where its own scans
    differ more. Where the two exams give different ones, the larger counts. No difference within the guard band is a
    change: a decision that lies as close to its threshold is not certain either, and most lenses that the deviation
    near 0 was fitted to have no opaque pixel at all, which says little of those that have a few.

    Raises
    ------
    UsageError
        ``other-eyes`` when the exams are of different eyes, or it is not known of which.
    """
    if earlier.laterality is None or earlier.laterality is not later.laterality:
        sides = " and ".join(exam.laterality.value if exam.laterality else "unknown" for exam in (earlier, later))
        raise UsageError("other-eyes", f"The exams are not of one eye: {sides}.", "Name two exams of the same eye.")
    difference = None
    if earlier.fraction is not None and later.fraction is not None:
        difference = later.fraction - earlier.fraction
    limit = limit_of_change(earlier, later)
    hindrances, doubts = tuple(_hindrances(earlier, later)), tuple(_doubts(earlier, later))
    if hindrances or difference is None or limit is None:
        verdict = Verdict.NOT_JUDGED
    elif abs(difference) <= limit + ROUNDING:
        verdict = Verdict.UNCHANGED
    else:
        verdict = Verdict.INCREASED if difference > 0 else Verdict.DECREASED
    return Comparison(earlier, later, difference, limit, verdict, hindrances + doubts)


def limit_of_change(earlier: ExamFacts, later: ExamFacts) -> float | None:
    """By how much 19 of 20 pairs of exams of an unchanged eye differ at most, and never less than the guard band.

    None when it is not known.
    """
    asides = [
        max(exam.band[1] - exam.fraction, exam.fraction - exam.band[0])
        for exam in (earlier, later)
        if exam.band is not None and exam.fraction is not None
    ]
    return max(*asides, GUARD_BAND) if len(asides) == 2 else None


def _hindrances(earlier: ExamFacts, later: ExamFacts) -> Iterator[str]:
    """Why nothing can be judged."""
    if earlier.fraction is None or later.fraction is None:
        yield "exam-not-graded"
    elif earlier.band is None or later.band is None:
        yield "repeatability-unknown"
    if earlier.model_sha256 != later.model_sha256:
        yield "models-differ"
    if earlier.scans & later.scans:
        yield "same-scans"


def _doubts(earlier: ExamFacts, later: ExamFacts) -> Iterator[str]:
    """What else a reader should know."""
    if _IN_DOUBT.intersection(earlier.answer_reasons + later.answer_reasons):
        yield "exam-in-doubt"
    if earlier.created > later.created:  # ISO 8601 in UTC: texts are in the order of times
        yield "order-in-doubt"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _exam(exam: ExamFacts) -> dict[str, Any]:
    grade = exam.grade
    return {
        "created": exam.created,
        "model": {"name": exam.model, "sha256": exam.model_sha256},
        "answer": exam.answer.value,
        "answer_reasons": list(exam.answer_reasons),
        "cataract_fraction": exam.fraction,
        "cataract_fraction_band": None if exam.band is None else list(exam.band),
        "grade": None
        if grade is None
        else {"word": grade.word, "value_db": grade.value_db, "interval_db": list(grade.interval_db)},
        "scans": sorted(exam.scans),
    }
