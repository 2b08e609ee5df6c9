"""The page of two exams of one eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.report.comparison_text import comparison_lines
from edge_runtime.report.language import Language, language_of
from edge_runtime.report.marks import UNREAD

from .exam import render
from .names import EYES
from .view import Estimate

if TYPE_CHECKING:
    from edge_runtime.report.comparison import Comparison
    from edge_runtime.report.exam_facts import ExamFacts


def comparison_page(found: Comparison, *, language: str = "en") -> str:
    """Write the page of a comparison, as self-contained as that of an exam.

    Raises
    ------
    UsageError
        For an unknown language.
    MissingExtraError
        When the extra `report` is not installed.
    """
    spoken = language_of(language)
    laterality = found.later.laterality
    return render(
        "compare.html",
        spoken,
        title=spoken.say(EYES[laterality]),
        code="" if laterality is None else laterality.value,
        verdict=spoken.meaning("comparison", found.verdict.value),
        lines=comparison_lines(found, spoken),
        exams=[
            (spoken.say("Earlier exam"), _estimate(found.earlier, spoken)),
            (spoken.say("Later exam"), _estimate(found.later, spoken)),
        ],
        mark=" ".join(sorted(found.earlier.scans | found.later.scans) or [UNREAD]),
    )


def _estimate(exam: ExamFacts, language: Language) -> Estimate | None:
    """The fraction of an exam with the band of further exams."""
    if exam.fraction is None:
        return None
    low, high = exam.band or (exam.fraction, exam.fraction)
    return Estimate(language.number(exam.fraction, 3), (), 100 * exam.fraction, 100 * low, 100 * high)
