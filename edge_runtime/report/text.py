"""Results in a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_runtime.codes import ANSWERS
from edge_runtime.measure.answer import DOUBTS
from edge_runtime.printable import printable

from .bundled_samples import SAMPLE_NOTE, is_bundled_sample
from .document import DISCLAIMER

if TYPE_CHECKING:
    from edge_runtime.measure.quality import Notice
    from edge_runtime.results import EyeResult

MOST_LINES = 10
STEPS = 5  # of the nuclear grade


def summary(eye: EyeResult) -> str:
    """Say what was found, how sure it is and which model says so, in at most ten lines for a person."""
    is_exam = eye.scans_expected > 1
    lines = [f"{_name(eye, is_exam=is_exam)}: {_finding(eye)}"]
    if eye.cataract_fraction is not None:
        side = "at or above" if (eye.judgement.margin or 0.0) >= 0 else "below"
        lines.append(
            f"  Cataract Fraction {eye.cataract_fraction:.3f}, {side} the threshold {eye.point.cf_threshold:.3f}"
            f"{_before(eye)}"
        )
        lines.append(_answer(eye))
        lines += _lens(eye)
    if is_exam:
        lines += _scans(eye)
    if any(is_bundled_sample(scan.scan.sha256) for scan in eye.scans):
        lines.append(f"  {SAMPLE_NOTE}: a simulated scan that comes with the program")
    lines += _notes(eye.notices, MOST_LINES - 1 - len(lines), is_exam=is_exam)
    model = eye.model
    trained_on = model.trained_on.partition(":")[0].rstrip(".")
    origin = printable(f"Model {model.name} {model.version} ({model.precision}), trained on {trained_on}.")
    if model.doubts:
        lines.append(f"  note: the threshold of this model is in doubt: {printable(model.doubts)}")
    lines.append(f"  {origin} {DISCLAIMER}")
    return "\n".join(lines)


def _name(eye: EyeResult, *, is_exam: bool) -> str:
    if is_exam:
        return eye.laterality.value if eye.laterality else "eye of unknown side"
    return ", ".join(printable(scan.scan.source) or "frame" for scan in eye.scans)


def _finding(eye: EyeResult) -> str:
    if eye.cataract_fraction is not None:
        marks = (", BORDERLINE" if eye.borderline else "") + (", CORRECTED BY A PERSON" if eye.before else "")
        return eye.decision.value + marks
    return f"not graded ({', '.join(sorted({reason for scan in eye.scans for reason in scan.reasons}))})"


def _before(eye: EyeResult) -> str:
    """What the model itself found, where a person corrected its labels."""
    if eye.before is None:
        return ""
    fraction = eye.before.cataract_fraction
    return f" (by the model: {'not graded' if fraction is None else format(fraction, '.3f')})"


def _answer(eye: EyeResult) -> str:
    """What to do, and why."""
    reasons = eye.findings.conclusion.reasons
    if reasons == ("fewer-than-three-scans",):
        return f"  Answer: {eye.answer.value}. Too few scans to speak for an eye: an exam has six. [{reasons[0]}]"
    because = f" [{', '.join(reasons)}]" if reasons else ""
    return f"  Answer: {eye.answer.value}. {ANSWERS[eye.answer.value]}{because}"


def _lens(eye: EyeResult) -> list[str]:
    """The nucleus in a word, and what lies below the capsule."""
    grade, measures = eye.findings.grade, eye.findings.measures
    lines = []
    if grade is not None:
        low, high = grade.interval_db
        lines.append(
            f"  Nucleus: {grade.word} (step {grade.step} of {STEPS}), {grade.value_db:.1f} dB above a clear lens, "
            f"likely {low:.1f} to {high:.1f}"
        )
    if measures is not None:
        parts = (("back", measures.areas.posterior_3mm), ("front", measures.areas.anterior_3mm))
        shares = (f"{side} {'not seen' if area is None else format(area, '.0%')}" for side, area in parts)
        lines.append(f"  Opacity below the capsule, share of the central 3 mm: {', '.join(shares)}")
    return lines


def _scans(eye: EyeResult) -> list[str]:
    """How many scans stand behind the mean, how far they are apart, and what each of them says."""
    fractions = [scan.cataract_fraction for scan in eye.scans if scan.cataract_fraction is not None]
    lines = [f"  {len(eye.entries)} scans given, {eye.scans_expected} expected, {len(fractions)} graded"]
    if len(fractions) > 1:
        lines[0] += f"; SD {eye.cataract_fraction_sd:.3f}, range {min(fractions):.3f} to {max(fractions):.3f}"
    each = [
        f"{printable(scan.scan.source) or 'frame'} "
        + ("not graded" if scan.cataract_fraction is None else f"{scan.cataract_fraction:.3f}")
        for scan in eye.scans
    ]
    return [*lines, f"  {', '.join(each)}"]


def _notes(notices: tuple[Notice, ...], room: int, *, is_exam: bool) -> list[str]:
    """Each warning with the scans that it is about, doubts about the number first; the rest by their words alone."""
    about: dict[tuple[str, str], list[str]] = {}
    for notice in sorted(notices, key=lambda one: one.code not in DOUBTS):
        sources = about.setdefault((notice.code, notice.message), [])
        if is_exam and notice.source:
            sources.append(printable(notice.source))
    lines = [
        f"  note: {', '.join(sources)}{': ' if sources else ''}{printable(message)} [{code}]"
        for (code, message), sources in about.items()
    ]
    if len(lines) <= room:
        return lines
    rest = dict.fromkeys(code for code, _ in list(about)[room - 1 :])
    return [*lines[: room - 1], f"  further notes, see --json: {', '.join(rest)}"]
