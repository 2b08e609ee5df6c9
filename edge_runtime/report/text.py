"""Results in a few lines for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.printable import printable

from .bundled_samples import SAMPLE_NOTE, is_bundled_sample
from .document import DISCLAIMER
from .exam_words import scans_counted
from .language import ENGLISH, Language
from .notice_order import notices_to_read, sources_not_graded

if TYPE_CHECKING:
    from edge_runtime.measure.quality import Notice
    from edge_runtime.results import EyeResult

MOST_LINES = 10
STEPS = 5  # of the nuclear grade


def summary(eye: EyeResult, language: Language = ENGLISH) -> str:
    """Say what was found, how sure it is and which model says so, in at most ten lines for a person."""
    return _Summary(eye, language).text()


@dataclass(frozen=True, slots=True)
class _Summary:
    """A summary in the making: the eye, and the language of the summary."""

    eye: EyeResult
    language: Language

    def text(self) -> str:
        eye, say = self.eye, self.language.say
        lines = [f"{self._name()}: {self._finding()}"]
        if eye.cataract_fraction is not None:
            lines += [self._fraction(eye.cataract_fraction), self._answer(), *self._lens()]
        if self._is_exam:
            lines += self._scans()
        if any(is_bundled_sample(scan.scan.sha256) for scan in eye.scans):
            lines.append("  " + say("{note}: a simulated scan that comes with the program", note=say(SAMPLE_NOTE)))
        lines += self._notes(max(MOST_LINES - 1 - len(lines), 1))
        model = eye.model
        if model.doubts:
            doubts = printable(model.doubts)
            lines.append("  " + say("note: the threshold of this model is in doubt: {doubts}", doubts=doubts))
        origin = say(
            "Model {name} {version} ({precision}), trained on {data}.",
            name=printable(model.name),
            version=printable(model.version),
            precision=printable(model.precision),
            data=say(printable(model.trained_on.partition(":")[0].rstrip("."))),
        )
        lines.append(f"  {origin} {say(DISCLAIMER)}")
        return "\n".join(lines)

    @property
    def _is_exam(self) -> bool:
        return self.eye.scans_expected > 1

    def _name(self) -> str:
        say = self.language.say
        if self._is_exam:
            return self.eye.laterality.value if self.eye.laterality else say("eye of unknown side")
        return ", ".join(printable(scan.scan.source) or say("frame") for scan in self.eye.scans)

    def _finding(self) -> str:
        eye, say = self.eye, self.language.say
        if eye.cataract_fraction is not None:
            marks = [say(eye.decision.value)]
            if eye.borderline:
                marks.append(say("BORDERLINE"))
            if eye.before:
                marks.append(say("CORRECTED BY A PERSON"))
            return ", ".join(marks)
        reasons = sorted({reason for scan in eye.scans for reason in scan.reasons})
        reasons = reasons or sorted({scan.error.word for scan in eye.unreadable})
        return f"{say('not graded')} ({', '.join(reasons)})"

    def _fraction(self, fraction: float) -> str:
        say, number, point = self.language.say, self.language.number, self.eye.point
        values = {"fraction": number(fraction, 3), "threshold": number(point.cf_threshold, 3)}
        if (self.eye.judgement.margin or 0.0) >= 0:
            line = say("Cataract Fraction {fraction}, at or above the threshold {threshold}", **values)
        else:
            line = say("Cataract Fraction {fraction}, below the threshold {threshold}", **values)
        return f"  {line}{self._before()}"

    def _before(self) -> str:
        """What the model itself found, where a person corrected its labels."""
        if self.eye.before is None:
            return ""
        say, fraction = self.language.say, self.eye.before.cataract_fraction
        found = say("not graded") if fraction is None else self.language.number(fraction, 3)
        return f" ({say('by the model: {found}', found=found)})"

    def _answer(self) -> str:
        """What to do, and why."""
        say, answer, reasons = self.language.say, self.eye.answer.value, self.eye.findings.conclusion.reasons
        because = f" [{', '.join(reasons)}]" if reasons else ""
        if reasons == ("fewer-than-three-scans",):
            meaning = say("Too few scans to speak for an eye: an exam has six.")
        else:
            meaning = self.language.meaning("answer", answer)
        return f"  {say('Answer: {answer}.', answer=say(answer))} {meaning}{because}"

    def _lens(self) -> list[str]:
        """The nucleus in a word, what lies below the capsule, and all measures together where they matter."""
        say, number = self.language.say, self.language.number
        grade, measures = self.eye.findings.grade, self.eye.findings.measures
        lines = []
        if grade is not None:
            low, high = grade.interval_db
            nucleus = say(
                "Nucleus: {word} (step {step} of {steps}), {value} dB above a clear lens, likely {low} to {high}",
                word=say(grade.word),
                step=number(grade.step, 0),
                steps=number(STEPS, 0),
                value=number(grade.value_db, 1),
                low=number(low, 1),
                high=number(high, 1),
            )
            lines.append("  " + nucleus)
        if measures is not None:
            back, front = (
                say("not seen") if area is None else self.language.share(area)
                for area in (measures.areas.posterior_3mm, measures.areas.anterior_3mm)
            )
            sentence = "Opacity below the capsule, share of the central 3 mm: back {back}, front {front}"
            lines.append("  " + say(sentence, back=back, front=front))
        evidence = self.eye.findings.cataract_evidence
        if evidence is not None and "cataract-evidence" in self.eye.findings.conclusion.reasons:
            together = "All measures together: {share} of simulated eyes like it have a cataract"
            lines.append("  " + say(together, share=self.language.share(evidence)))
        return lines

    def _scans(self) -> list[str]:
        """How many scans stand behind the mean, how far they are apart, and what each of them says."""
        eye, say, number = self.eye, self.language.say, self.language.number
        fractions = [scan.cataract_fraction for scan in eye.scans if scan.cataract_fraction is not None]
        line = "  " + scans_counted(eye, self.language)
        if eye.cataract_fraction_sd is not None:
            line += say(
                "; SD {deviation}, range {low} to {high}",
                deviation=number(eye.cataract_fraction_sd, 3),
                low=number(min(fractions), 3),
                high=number(max(fractions), 3),
            )
        each = [
            f"{printable(scan.scan.source) or say('frame')} "
            + (say("not graded") if scan.cataract_fraction is None else number(scan.cataract_fraction, 3))
            for scan in eye.scans
        ]
        return [line, f"  {', '.join(each)}"] if each else [line]

    def _notes(self, room: int) -> list[str]:
        """Each warning with the scans that it is about, doubts about the number first; the rest by their words.

        `room` is the number of lines, at least 1.
        """
        about: dict[tuple[str, str, bool], list[str]] = {}
        aside = sources_not_graded(self.eye)
        for notice in notices_to_read(self.eye):
            sources = about.setdefault((notice.code, self._message(notice), notice.source in aside), [])
            if self._is_exam and notice.source:
                sources.append(printable(notice.source))
        lines = [
            f"  {self.language.say('note')}: {', '.join(sources)}{': ' if sources else ''}{message} [{code}]"
            for (code, message, _), sources in about.items()
        ]
        if len(lines) <= room:
            return lines
        codes = [code for code, *_ in about]
        rest = dict.fromkeys(code for code in codes[room - 1 :] if code not in codes[: room - 1])
        further = self.language.say("further notes, see --json: {words}", words=", ".join(rest))
        return [*lines[: room - 1], f"  {further}"]

    def _message(self, notice: Notice) -> str:
        """What was found in this scan, in English alone; in another language, what the word means."""
        if self.language is ENGLISH:
            return printable(notice.message)
        return self.language.meaning("warning", notice.code)
