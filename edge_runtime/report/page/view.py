"""What the page says of one eye: every number written as its language writes it, every word translated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.codes import ANSWER_REASONS, REFUSALS
from edge_runtime.measure.grade import STEP_EDGES_DB, STEP_WORDS
from edge_runtime.report.advice import advised, is_to_be_read_again, reasons_to_show
from edge_runtime.report.exam_words import scans_counted
from edge_runtime.report.eye_picture import ANGLES, Angles, angles_of
from edge_runtime.report.notice_order import notices_to_read
from edge_runtime.results import ScanResult

from .names import EYES, KINDS, VERDICTS, ZONES
from .pictures import map_picture, scan_pictures

if TYPE_CHECKING:
    from edge_runtime.report.language import Language
    from edge_runtime.results import EyeResult, UnreadableScan

GRADE_DB = (-1.0, 9.0)  # from and to, on the bar of the nuclear grade


@dataclass(frozen=True, slots=True)
class Word:
    """A stable word of the program, and what it means.

    Attributes
    ----------
    scans
        Which scans it is about; empty for all.
    english
        What the word of an error means, which has no translation; empty for other words.
    """

    word: str
    meaning: str
    scans: str = ""
    english: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured share: its name, its number as text, and its place from 0 to 100 on a bar; None: not measured."""

    name: str
    text: str
    place: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with what lies around it, as text and as places from 0 to 100 on a bar.

    Attributes
    ----------
    text, notes
        The number, and sentences about it.
    place, low, high
        On the bar.
    """

    text: str
    notes: tuple[str, ...]
    place: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ScanView:
    """One scan: its pictures, its fraction or why it has none, and its hash; None where it could not be read."""

    number: str
    angle: str | None
    fraction: str | None
    reasons: tuple[Word, ...]
    original: str | None
    overlay: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class EyeView:
    """One eye, in the order in which a reader asks."""

    code: str
    title: str
    answer: str
    verdict: str
    meaning: str
    reasons: tuple[Word, ...]
    advice: tuple[str, ...]
    fraction: Estimate | None
    grade: Estimate | None
    zones: tuple[Row, ...]
    kinds: tuple[Row, ...]
    map: str | None
    angles: str
    angles_known: bool
    scans: tuple[ScanView, ...]
    quality: tuple[str, ...]
    warnings: tuple[Word, ...]


def eye_view(eye: EyeResult, language: Language, *, pictures: bool = True) -> EyeView:
    """What the page says of an eye; without pictures where they are asked for one by one."""
    conclusion = eye.findings.conclusion
    laterality, about, angles = eye.laterality, _warned_scans(eye, language), angles_of(eye)
    return EyeView(
        code="" if laterality is None else laterality.value,
        title=language.say(EYES[laterality]),
        answer=eye.answer.value,
        verdict=language.say(VERDICTS[eye.answer]),
        meaning=language.meaning("answer", eye.answer.value),
        reasons=tuple(_reason(word, about, language) for word in conclusion.reasons),
        advice=_advice(eye, language),
        fraction=_fraction(eye, language),
        grade=_grade(eye, language),
        zones=_zones(eye, language),
        kinds=_kinds(eye, language),
        map=map_picture(eye) if pictures and eye.findings.measures is not None else None,
        angles=language.say(ANGLES[angles]),
        angles_known=angles is Angles.RECORDED,
        scans=tuple(_scan(entry, number, language, pictures) for number, entry in enumerate(eye.entries, 1)),
        quality=_quality(eye, language),
        warnings=tuple(
            Word(code, language.meaning("warning", code), scans)
            for code, scans in about.items()
            if code not in conclusion.reasons
        ),
    )


def _reason(word: str, about: dict[str, str], language: Language) -> Word:
    table = "answer reason" if word in ANSWER_REASONS else "warning"
    return Word(word, language.meaning(table, word), about.get(word, ""))


def _advice(eye: EyeResult, language: Language) -> tuple[str, ...]:
    """What to do about scans that were not graded, or not read."""
    found = [language.meaning("advice", word) for word in advised(eye)]
    if is_to_be_read_again(eye):
        found.append(
            language.say("Export the scan from the device again, as grey PNG or DICOM, and analyse that file.")
        )
    return tuple(dict.fromkeys(found))


def _fraction(eye: EyeResult, language: Language) -> Estimate | None:
    value = eye.cataract_fraction
    if value is None:
        return None
    found, number, say = eye.findings, language.number, language.say
    low, high = (value, value) if found.measures is None else found.measures.fraction_range
    notes = []
    if eye.before is not None:
        before = eye.before.cataract_fraction
        model = say("not graded") if before is None else number(before, 3)
        notes.append(f"{say('CORRECTED BY A PERSON')} ({say('by the model: {found}', found=model)})")
    if found.measures is not None:
        notes.append(say("Range {low} to {high}: sure pixels alone, and possible ones too.",
                         low=number(low, 3), high=number(high, 3)))  # fmt: skip
    if found.band is not None:
        notes.append(say("19 of 20 further exams would find {low} to {high}.",
                         low=number(found.band[0], 3), high=number(found.band[1], 3)))  # fmt: skip
    threshold = number(eye.point.cf_threshold, 3)
    if (eye.judgement.margin or 0.0) >= 0:
        notes.append(say("At or above the threshold {threshold} of the model.", threshold=threshold))
    else:
        notes.append(say("Below the threshold {threshold} of the model.", threshold=threshold))
    return Estimate(number(value, 3), tuple(notes), 100 * value, 100 * min(low, value), 100 * max(high, value))


def _grade(eye: EyeResult, language: Language) -> Estimate | None:
    grade, say, number = eye.findings.grade, language.say, language.number
    if grade is None:
        return None
    low, high = grade.interval_db
    text = say("{word}, step {step} of {steps}", word=say(grade.word), step=number(grade.step, 0),
               steps=number(len(STEP_WORDS), 0))  # fmt: skip
    note = say("{value} dB above a clear lens; nine in ten lie from {low} to {high} dB.",
               value=number(grade.value_db, 1), low=number(low, 1), high=number(high, 1))  # fmt: skip
    return Estimate(text, (note,), place_of_db(grade.value_db), place_of_db(low), place_of_db(high))


def place_of_db(value_db: float) -> float:
    """Where a grade lies on its bar, from 0 to 100."""
    low, high = GRADE_DB
    return round(100 * (min(max(value_db, low), high) - low) / (high - low), 2)


def step_places() -> tuple[float, ...]:
    """Where the steps of the grade meet on its bar."""
    return tuple(place_of_db(edge) for edge in STEP_EDGES_DB)


def _zones(eye: EyeResult, language: Language) -> tuple[Row, ...]:
    measures = eye.findings.measures
    if measures is None:
        return ()
    return tuple(_row(ZONES[name], zone.fraction, language) for name, zone in measures.zones.items())


def _kinds(eye: EyeResult, language: Language) -> tuple[Row, ...]:
    kinds, evidence = eye.findings.kinds, eye.findings.cataract_evidence
    if kinds is None:
        return ()
    shares = kinds if evidence is None else {**kinds, "any": evidence}
    return tuple(_row(KINDS[name], share, language) for name, share in shares.items())


def _row(name: str, share: float | None, language: Language) -> Row:
    if share is None:
        return Row(language.say(name), language.say("not seen"), None)
    return Row(language.say(name), language.number(share, 2), round(100 * share, 1))


def _scan(entry: ScanResult | UnreadableScan, position: int, language: Language, pictures: bool) -> ScanView:
    number = language.number(position, 0)
    if not isinstance(entry, ScanResult):
        word, unread = entry.error.word, language.say("The file could not be read or labelled.")
        reason = Word(word, unread, english=REFUSALS.get(word, ""))
        return ScanView(number, None, None, (reason,), None, None, None)
    original, overlay = scan_pictures(entry) if pictures else (None, None)
    angle, fraction = entry.scan.meridian_deg, entry.cataract_fraction
    return ScanView(
        number=number,
        angle=None if angle is None else language.number(angle.value, 0),
        fraction=None if fraction is None else language.number(fraction, 3),
        reasons=tuple(Word(word, language.meaning("reason", word)) for word in reasons_to_show(entry.reasons)),
        original=original,
        overlay=overlay if entry.gradable else None,  # colours of a scan without a number would be taken for a finding
        sha256=entry.scan.sha256,
    )


def _quality(eye: EyeResult, language: Language) -> tuple[str, ...]:
    """How many scans stand behind the answer, and how far they are apart."""
    say, number = language.say, language.number
    lines = [scans_counted(eye, language)]
    found = eye.findings.leave_one_out
    if found is not None:
        low, high = (number(value, 3) for value in found)
        lines.append(say("without any one scan, the fraction is {low} to {high}", low=low, high=high))
    return tuple(lines)


def _warned_scans(eye: EyeResult, language: Language) -> dict[str, str]:
    """Each warning with the scans that it is about, empty for the whole eye; doubts about the number first."""
    positions: dict[str, list[int]] = {}
    for position, entry in enumerate(eye.entries, 1):
        source = entry.scan.source if isinstance(entry, ScanResult) else entry.source
        positions.setdefault(source, []).append(position)
    about: dict[str, set[int]] = {}
    for notice in notices_to_read(eye):
        scans = about.setdefault(notice.code, set())
        if notice.source is not None:
            scans.update(positions.get(notice.source, ()))
    return {code: _named(sorted(scans), language) for code, scans in about.items()}


def _named(scans: list[int], language: Language) -> str:
    """Scans by their numbers; empty without any."""
    numbers = ", ".join(language.number(scan, 0) for scan in scans)
    if len(scans) > 1:
        return language.say("Scans {numbers}", numbers=numbers)
    return language.say("Scan {number}", number=numbers) if scans else ""
