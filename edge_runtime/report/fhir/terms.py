"""The codes of a bundle: SNOMED CT, UCUM and HL7 where there are any, else the code system of this project."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

from edge_runtime.codes import ANSWERS, REASONS
from edge_runtime.measure.grade import STEP_EDGES_DB, STEP_WORDS
from edge_runtime.scan import Laterality

# Nobody assigns numbers below 2.25: a random UUID is enough, and it needs no address on the web to stay the same.
NAMESPACE = uuid.UUID("8d5fa25e-6364-45fa-9fbe-2715e279e9bf")
SYSTEM = f"urn:oid:2.25.{NAMESPACE.int}"
SYSTEM_VERSION = "1"
SNOMED_CT, UCUM = "http://snomed.info/sct", "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
ABSENT = _HL7 + "data-absent-reason"

LENS = {"system": SNOMED_CT, "code": "78076003"}
SIDES = {
    Laterality.OD: {"system": SNOMED_CT, "code": "24028007", "display": "Right"},
    Laterality.OS: {"system": SNOMED_CT, "code": "7771000", "display": "Left"},
}
IMAGING = {"coding": [{"system": _HL7 + "observation-category", "code": "imaging", "display": "Imaging"}]}
DIAGNOSTIC_IMAGING = {"coding": [{"system": _HL7 + "v2-0074", "code": "IMG", "display": "Diagnostic Imaging"}]}

LENS_OF = {None: "lens", Laterality.OD: "lens-of-right-eye", Laterality.OS: "lens-of-left-eye"}
_AREA = "Share of the central disc of {} mm under which the layer below the {} capsule is opaque, 0 to 1."
# What no code of LOINC or SNOMED CT was found for: code -> (display, definition).
_OWN = {
    "cataract-fraction": (
        "Cataract Fraction",
        "Pixels labelled cataract over pixels of the lens in anterior-segment OCT, 0 to 1; of an eye the mean over its "
        "radial scans (Zeboulon et al. 2022).",
    ),
    "scan-cataract-fraction": (
        "Cataract Fraction of one scan",
        "Pixels labelled cataract over pixels of the lens in one B-scan, 0 to 1.",
    ),
    "nuclear-grade": (
        "Nuclear grade",
        "Mean scatter of the nucleus of the lens above that of a clear lens, in dB.",
    ),
    "posterior-subcapsular-area-3mm": ("Posterior subcapsular area, 3 mm", _AREA.format(3, "back")),
    "posterior-subcapsular-area-5mm": ("Posterior subcapsular area, 5 mm", _AREA.format(5, "back")),
    "anterior-subcapsular-area-3mm": ("Anterior subcapsular area, 3 mm", _AREA.format(3, "front")),
    "anterior-subcapsular-area-5mm": ("Anterior subcapsular area, 5 mm", _AREA.format(5, "front")),
    "fraction-range": (
        "Range of the Cataract Fraction",
        "The fraction when only pixels that are surely cataract count, and when possible ones do.",
    ),
    "fraction-band": (
        "Repeatability band of the Cataract Fraction",
        "Between which fractions 19 of 20 further exams of simulated eyes would lie.",
    ),
    "fraction-by-model": (
        "Value by the labels of the model",
        "The same value before a person corrected the labels.",
    ),
    "threshold": (
        "Threshold of the Cataract Fraction",
        "Fractions of at least this are called cataract by the model.",
    ),
    "scans-graded": ("Graded scans", "Scans that the value is the mean of."),
    "scan-number": ("Number of the scan", "Its place among the scans of the eye, from 1."),
    "grade-interval": ("Interval of the nuclear grade", "Holds the true grade of nine in ten simulated eyes."),
    "grade-step": ("Step of the nuclear grade", "The grade in one of five steps."),
    "laterality": ("Laterality", "Which eye of the patient."),
    "lens": ("Lens of an eye", "The natural lens of an eye of unknown side."),
    "lens-of-right-eye": ("Lens of the right eye", "The natural lens of the patient's right eye."),
    "lens-of-left-eye": ("Lens of the left eye", "The natural lens of the patient's left eye."),
    "labels-of-model": ("Labels of the model", "Counted in the labels that a model gave to the scan."),
    "labels-of-person": ("Labels of a person", "Counted in labels that a person corrected."),
    "cataract-report": ("Cataract report of one eye", "What the scans of one eye show of its lens."),
}


@lru_cache(maxsize=1)
def own_codes() -> dict[str, tuple[str, str]]:
    """Every code of the project's own code system, with its display and definition."""
    edges = [f"{edge:g} dB" for edge in STEP_EDGES_DB]
    spans = [f"below {edges[0]}", *map("{} to {}".format, edges, edges[1:]), f"{edges[-1]} and more"]
    steps = {
        f"grade-{word}": (word.capitalize(), f"Nuclear grade of step {step}: {span}.")
        for step, (word, span) in enumerate(zip(STEP_WORDS, spans, strict=True), start=1)
    }
    answers = {f"answer-{word}": (word.replace("-", " ").capitalize(), text) for word, text in ANSWERS.items()}
    reasons = {f"not-graded-{word}": (word.replace("-", " ").capitalize(), text) for word, text in REASONS.items()}
    return {**_OWN, **steps, **answers, **reasons}


def own(code: str) -> dict[str, str]:
    """A coding of the project's own code system."""
    return {"system": SYSTEM, "version": SYSTEM_VERSION, "code": code, "display": own_codes()[code][0]}


def concept(code: str) -> dict[str, Any]:
    """A concept of the project's own code system."""
    return {"coding": [own(code)], "text": own_codes()[code][0]}


def lens_of(side: Laterality | None) -> dict[str, Any]:
    """The lens as body site; the first coding says the side, which the code of SNOMED CT does not."""
    return {"coding": [own(LENS_OF[side]), LENS], "text": own_codes()[LENS_OF[side]][0]}


def quantity(value: float, unit: str) -> dict[str, Any]:
    """A number with its unit of UCUM, ``1`` or ``dB``."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def code_system() -> dict[str, Any]:
    """The project's own code system as a FHIR resource."""
    concepts = [
        {"code": code, "display": display, "definition": definition}
        for code, (display, definition) in own_codes().items()
    ]
    return {
        "resourceType": "CodeSystem",
        "url": SYSTEM,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": SYSTEM}],
        "version": SYSTEM_VERSION,
        "name": "EdgeCataractResults",
        "title": "Results of edge-cataract",
        "status": "active",
        "experimental": True,
        "description": "What edge-cataract measures in anterior-segment OCT, where no code of LOINC or SNOMED CT was "
        "found. Research use only. Not a medical device.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }
