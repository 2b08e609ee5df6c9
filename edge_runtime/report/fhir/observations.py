"""What one eye shows, as FHIR Observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.codes import REASONS
from edge_runtime.measure.grade import STEP_WORDS
from edge_runtime.report.document import GRADE_DIGITS
from edge_runtime.results import ScanResult, UnreadableScan

from .terms import ABSENT, IMAGING, SIDES, concept, lens_of, own, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_runtime.results import EyeResult

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One Observation before it is put into a bundle.

    Attributes
    ----------
    code
        What was observed, a code of the project's own code system.
    content
        The Observation without identifier, references and time.
    scans
        Places of the scans that it is about, in the order in which they were given.
    """

    code: str
    content: dict[str, Any]
    scans: tuple[int, ...]


def findings_of(eye: EyeResult) -> Iterator[Finding]:
    """The Observations of an eye: one for each scan, then those of the eye. Nothing names a file or a person."""
    for place, entry in enumerate(eye.entries):
        yield _scan(eye, place, entry)
    used = tuple(place for place, entry in enumerate(eye.entries) if isinstance(entry, ScanResult))
    for code, value, unit, components in _values(eye):
        yield Finding(code, _observation(eye, code, components, _number(eye, value, unit)), used)


def _values(eye: EyeResult) -> Iterator[tuple[str, float | None, str, list[dict[str, Any]]]]:
    """(code, value, unit, components) of every number of an eye."""
    found, measures, before = eye.findings, eye.findings.measures, eye.before
    yield (
        "cataract-fraction",
        eye.cataract_fraction,
        "1",
        [
            *_range("fraction-range", None if measures is None else measures.fraction_range, "1", DIGITS),
            *_range("fraction-band", found.band, "1", DIGITS),
            _component("threshold", {"valueQuantity": quantity(eye.point.cf_threshold, "1")}),
            _component("scans-graded", {"valueInteger": eye.scans_used}),
            *([] if before is None else [_by_model(before.cataract_fraction, "1")]),
        ],
    )
    grade = found.grade
    steps = [] if grade is None else [{"valueCodeableConcept": concept(f"grade-{STEP_WORDS[grade.step - 1]}")}]
    yield (
        "nuclear-grade",
        None if grade is None else grade.value_db,
        "dB",
        [
            *_range("grade-interval", None if grade is None else grade.interval_db, "dB", GRADE_DIGITS),
            *(_component("grade-step", step) for step in steps),
        ],
    )
    areas = None if measures is None else measures.areas
    for side in ("posterior", "anterior"):
        for disc in ("3mm", "5mm"):
            share = None if areas is None else getattr(areas, f"{side}_{disc}")
            yield f"{side}-subcapsular-area-{disc}", share, "1", []


def _scan(eye: EyeResult, place: int, entry: ScanResult | UnreadableScan) -> Finding:
    code = "scan-cataract-fraction"
    components: list[dict[str, Any]] = []
    if isinstance(entry, UnreadableScan):
        value = _absent("error", [], f"The scan could not be read or labelled: {entry.error.word}.")
    elif entry.cataract_fraction is None:
        value = _not_graded(entry.reasons)
    else:
        value = {"valueQuantity": quantity(round(entry.cataract_fraction, DIGITS), "1")}
    corrected = isinstance(entry, ScanResult) and entry.correction is not None
    if isinstance(entry, ScanResult) and entry.correction is not None:
        components.append(_by_model(entry.correction.before.cataract_fraction, "1"))
    return Finding(code, _observation(eye, code, components, value, corrected=corrected), (place,))


def _number(eye: EyeResult, value: float | None, unit: str) -> dict[str, Any]:
    if value is not None:
        return {"valueQuantity": quantity(round(value, DIGITS if unit == "1" else GRADE_DIGITS), unit)}
    if eye.scans_used:
        return _absent("unknown", [], "It could not be measured in the scans that were graded.")
    return _not_graded(tuple(dict.fromkeys(reason for scan in eye.scans for reason in scan.reasons)))


def _observation(
    eye: EyeResult,
    code: str,
    components: list[dict[str, Any]],
    value: dict[str, Any],
    *,
    corrected: bool | None = None,
) -> dict[str, Any]:
    if corrected is None:
        corrected = eye.before is not None
    if eye.laterality is not None:
        side = {"valueCodeableConcept": {"coding": [SIDES[eye.laterality]]}}
        components = [*components, _component("laterality", side)]
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [IMAGING],
        "code": concept(code),
        **value,
        "bodySite": lens_of(eye.laterality),
        "method": concept("labels-of-person" if corrected else "labels-of-model"),
        **({"component": components} if components else {}),
    }


def _component(code: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"code": concept(code), **value}


def numbered(content: dict[str, Any], number: int) -> dict[str, Any]:
    """The Observation of a scan with its number among the scans; it is no part of what the Observation is named by."""
    components = [_component("scan-number", {"valueInteger": number}), *content.get("component", ())]
    return {**content, "component": components}


def _range(code: str, ends: tuple[float, float] | None, unit: str, digits: int) -> list[dict[str, Any]]:
    """An interval as a component; none where it is not known."""
    if ends is None:
        return []
    low, high = (quantity(round(end, digits), unit) for end in ends)
    return [_component(code, {"valueRange": {"low": low, "high": high}})]


def _by_model(value: float | None, unit: str) -> dict[str, Any]:
    """What the labels of the model gave, where a person corrected them."""
    if value is None:
        return _component("fraction-by-model", _absent("not-performed", [], "The labels of the model were not graded."))
    return _component("fraction-by-model", {"valueQuantity": quantity(round(value, DIGITS), unit)})


def _not_graded(reasons: tuple[str, ...]) -> dict[str, Any]:
    text = " ".join(REASONS[reason] for reason in reasons) or "No scan could be graded."
    return _absent("not-performed", [own(f"not-graded-{reason}") for reason in reasons], text)


def _absent(code: str, codings: list[dict[str, str]], text: str) -> dict[str, Any]:
    """Why there is no value, in the place of one; never 0."""
    return {"dataAbsentReason": {"coding": [{"system": ABSENT, "code": code}, *codings], "text": text}}
