"""A comparison in a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.printable import printable

from .document import DISCLAIMER
from .language import ENGLISH, Language

if TYPE_CHECKING:
    from .comparison import Comparison
    from .exam_facts import ExamFacts, GradeFacts


def comparison_lines(found: Comparison, language: Language = ENGLISH) -> list[str]:
    """What the verdict about two exams of one eye rests on, and what else a reader should know."""
    lines = [_fractions(found, language)]
    if found.limit is not None:
        limit = language.number(found.limit, 3)
        lines.append(
            language.say("19 of 20 pairs of exams of an unchanged eye differ by {limit} or less.", limit=limit)
        )
    lines.append(
        language.say(
            "Answer: {earlier}, then {later}.",
            earlier=language.say(found.earlier.answer.value),
            later=language.say(found.later.answer.value),
        )
    )
    if found.earlier.grade is not None and found.later.grade is not None:
        lines.append(_grades(found.earlier.grade, found.later.grade, language))
    lines += [f"{language.meaning('comparison reason', word)} [{word}]" for word in found.reasons]
    return [*lines, *_models(found.earlier, found.later, language)]


def comparison_summary(found: Comparison, language: Language = ENGLISH) -> str:
    """A comparison for a terminal: the first line says whether the eye changed."""
    side = "" if found.later.laterality is None else f"{found.later.laterality.value}: "
    verdict = side + language.meaning("comparison", found.verdict.value)
    return "\n  ".join([verdict, *comparison_lines(found, language), language.say(DISCLAIMER)])


def _fractions(found: Comparison, language: Language) -> str:
    earlier, later = (
        language.say("not graded") if exam.fraction is None else language.number(exam.fraction, 3)
        for exam in (found.earlier, found.later)
    )
    if found.difference is None:
        return language.say("Cataract Fraction {earlier}, then {later}.", earlier=earlier, later=later)
    return language.say(
        "Cataract Fraction {earlier}, then {later}: a difference of {difference}.",
        earlier=earlier,
        later=later,
        difference=language.number(found.difference, 3),
    )


def _grades(earlier: GradeFacts, later: GradeFacts, language: Language) -> str:
    """Both grades with their intervals; how grades of an unchanged eye differ was never measured."""
    number = language.number
    return language.say(
        "Nucleus {earlier} dB ({earlier_low} to {earlier_high}), then {later} dB ({later_low} to {later_high}); "
        "not judged.",
        earlier=number(earlier.value_db, 1),
        earlier_low=number(earlier.interval_db[0], 1),
        earlier_high=number(earlier.interval_db[1], 1),
        later=number(later.value_db, 1),
        later_low=number(later.interval_db[0], 1),
        later_high=number(later.interval_db[1], 1),
    )


def _models(earlier: ExamFacts, later: ExamFacts, language: Language) -> list[str]:
    """When and by which model each exam was analysed, and whether a person corrected its labels."""
    return [
        language.say(
            "{exam}: analysed {day} at {time} UTC by model {model}.",
            exam=name,
            day=language.date(exam.created),
            time=language.time(exam.created),
            model=printable(exam.model),
        )
        + (f" ({language.say('CORRECTED BY A PERSON')})" if exam.corrected else "")
        for name, exam in ((language.say("Earlier exam"), earlier), (language.say("Later exam"), later))
    ]
