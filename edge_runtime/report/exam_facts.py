"""Read a result document back, as far as two exams of one eye are compared; what is damaged is refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from edge_runtime.errors import ScanError
from edge_runtime.measure.answer import Answer
from edge_runtime.reading.files import read_file
from edge_runtime.scan import Laterality

from .document import SCHEMA

if TYPE_CHECKING:
    import os

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_DECIBEL = (-100.0, 100.0)


@dataclass(frozen=True, slots=True)
class GradeFacts:
    """A nuclear grade: its word, its value and its interval in dB."""

    word: str
    value_db: float
    interval_db: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ExamFacts:
    """What a document says of one exam.

    Attributes
    ----------
    created
        UTC time of its analysis; the day of the exam is not known.
    laterality
        Which eye; None when it is not known.
    model, model_sha256
        Which model labelled the scans.
    scans
        Hashes of the scans that were read.
    answer, answer_reasons
        What to do, and why.
    fraction
        Cataract Fraction, 0 to 1; None without a graded scan.
    band
        Between which fractions 19 of 20 further exams would lie; None when that is not known.
    grade
        How dense the nucleus is; None where it is not known.
    corrected
        Whether a person corrected the labels.
    """

    created: str
    laterality: Laterality | None
    model: str
    model_sha256: str
    scans: frozenset[str]
    answer: Answer
    answer_reasons: tuple[str, ...]
    fraction: float | None
    band: tuple[float, float] | None
    grade: GradeFacts | None
    corrected: bool = False


def read_exam(path: str | os.PathLike[str]) -> ExamFacts:
    """Read the document of one exam.

    Raises
    ------
    ScanMissingError
        When there is no such file, or it may not be read.
    ScanError
        ``not-a-document`` for anything but a result document; ``damaged-document`` for one with a value that this
        program does not write.
    """
    try:
        content = json.loads(read_file(path).decode("utf-8"), parse_constant=_no_number)
        schema = content["schema"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _no_document("The file is no JSON, or no result of this program.") from error
    if schema != SCHEMA:
        raise _no_document("The document follows another schema.")
    try:
        return _facts(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScanError(
            "damaged-document",
            "A value of the document is missing, or none that this program writes.",
            "Analyse the exam again, and compare that document.",
        ) from error


def _facts(content: dict[str, Any]) -> ExamFacts:
    eye, model = content["eye"], content["model"]
    grade = eye["grade"]
    return ExamFacts(
        created=_matched(_TIME, content["created"]),
        laterality=None if eye["laterality"] is None else Laterality(eye["laterality"]),
        model=" ".join(_text(model[name]) for name in ("name", "version", "precision")),
        model_sha256=_matched(_HASH, model["sha256"]),
        scans=frozenset(_matched(_HASH, scan["sha256"]) for scan in content["scans"] if scan["sha256"] is not None),
        answer=Answer(eye["answer"]),
        answer_reasons=tuple(_text(reason) for reason in eye["answer_reasons"]),
        fraction=None if eye["cataract_fraction"] is None else _number(eye["cataract_fraction"], 0.0, 1.0),
        band=None if eye["cataract_fraction_band"] is None else _range(eye["cataract_fraction_band"], 0.0, 1.0),
        grade=None
        if grade is None
        else GradeFacts(
            _text(grade["word"]), _number(grade["value_db"], *_DECIBEL), _range(grade["interval_db"], *_DECIBEL)
        ),
        corrected=eye.get("corrected") is not None,
    )


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError("no number of this range")
    return float(value)


def _range(value: object, low: float, high: float) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("no range")
    first, last = (_number(end, low, high) for end in value)
    if first > last:
        raise ValueError("no range")
    return first, last


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _matched(pattern: re.Pattern[str], value: object) -> str:
    text = _text(value)
    if pattern.fullmatch(text) is None:
        raise ValueError("not of this form")
    return text


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _no_document(found: str) -> ScanError:
    return ScanError("not-a-document", found, "Name the JSON document that an exam wrote (-o DIR).")
