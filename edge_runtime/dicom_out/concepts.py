"""Codes of what a result says: the standard's own where it has one, and a private scheme for the rest.

No standard has a code for the Cataract Fraction. The private scheme takes over the words of result documents, which
are as stable; a viewer shows the meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_runtime.codes import ANSWER_REASONS, ANSWERS, REASONS, REFUSALS, WARNINGS
from edge_runtime.measure.grade import STEP_WORDS

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept

SCHEME = "99EDGECATARACT"
_MOST_LETTERS = 64  # of a meaning


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a document, as a measurement.

    Attributes
    ----------
    code
        Its word in the private scheme.
    meaning
        What a viewer shows.
    unit
        Code of the Unified Code for Units of Measure.
    derivation
        SNOMED CT code and meaning of how it follows from several scans; None for a number of one scan.
    """

    code: str
    meaning: str
    unit: str = "1"
    derivation: tuple[str, str] | None = None


MEAN, DEVIATION = ("373098007", "Mean"), ("386136009", "Standard Deviation")
FRACTION = Measure("cataract-fraction", "Cataract Fraction")
# Of an eye: the way to the number in its document.
EYE_MEASURES: dict[tuple[str, ...], Measure] = {
    ("cataract_fraction",): Measure("cataract-fraction", "Cataract Fraction", derivation=MEAN),
    ("cataract_fraction_sd",): Measure("cataract-fraction", "Cataract Fraction", derivation=DEVIATION),
    ("grade", "value_db"): Measure("nuclear-grade", "Nuclear grade: scatter above a clear lens", "dB"),
    ("areas", "posterior_subcapsular_3mm"): Measure("psc-area-3mm", "Posterior subcapsular share of the central 3 mm"),
    ("areas", "posterior_subcapsular_5mm"): Measure("psc-area-5mm", "Posterior subcapsular share of the central 5 mm"),
    ("areas", "anterior_subcapsular_3mm"): Measure("asc-area-3mm", "Anterior subcapsular share of the central 3 mm"),
    ("areas", "anterior_subcapsular_5mm"): Measure("asc-area-5mm", "Anterior subcapsular share of the central 5 mm"),
    ("lens_thickness_mm",): Measure("lens-thickness", "Lens thickness", "mm"),
}
GRADE_ENDS = (
    Measure("nuclear-grade-lo", "Nuclear grade: lower end of the 90 % interval", "dB"),
    Measure("nuclear-grade-hi", "Nuclear grade: upper end of the 90 % interval", "dB"),
)
SCAN_MEASURES: dict[tuple[str, ...], Measure] = {
    ("cataract_fraction",): FRACTION,
    ("lens_px",): Measure("lens-pixels", "Lens pixels of the network grid", "{pixels}"),
    ("cataract_px",): Measure("cataract-pixels", "Cataract pixels of the network grid", "{pixels}"),
}
QUESTIONS = {
    "answer": "Answer",
    "answer-reason": "Reason of the answer",
    "nuclear-step": "Step of the nuclear grade",
    "grading": "Grading of the scan",
    "not-graded-for": "Reason why it was not graded",
}
GRADING = {"graded": "Graded", "not-graded": "Not graded"}
PROCEDURE = ("lens-opacity-oct", "Lens opacity in anterior-segment tomography")
_STEPS = {word: f"{word.capitalize()} nuclear scatter" for word in STEP_WORDS}


def own_concept(code: str, meaning: str) -> CodedConcept:
    """A code of the private scheme; where a meaning is too long for DICOM, the word itself stands for it."""
    from highdicom.sr import CodedConcept

    short = len(meaning) <= _MOST_LETTERS
    return CodedConcept(code, SCHEME, meaning if short else code.replace("-", " ").capitalize())


def meaning_of(word: str) -> str:
    """The documentation line of a stable word."""
    tables = (ANSWERS, ANSWER_REASONS, REASONS, REFUSALS, WARNINGS, _STEPS, GRADING)
    return next((table[word] for table in tables if word in table), word)


def lens_concept() -> CodedConcept:
    """The lens of an eye."""
    from highdicom.sr import CodedConcept

    return CodedConcept("78076003", "SCT", "Lens")


def side_concept(laterality: str) -> CodedConcept:
    """Right or left, from R or L (CID 244)."""
    from highdicom.sr import CodedConcept

    code, meaning = {"R": ("24028007", "Right"), "L": ("7771000", "Left")}[laterality]
    return CodedConcept(code, "SCT", meaning)
