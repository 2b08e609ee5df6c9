"""What an audit keeps of a result document: hashes, numbers and known words. No text of a person, no name of a file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

from edge_runtime.codes import ANSWER_REASONS, ANSWERS, REASONS, REFUSALS, WARNINGS

from .line import not_recordable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DECISIONS = ("cataract", "clear", "ungradable")
_GRADES = ("trace", "mild", "moderate", "marked", "dense")
_VERSION = re.compile(r"[0-9A-Za-z.+!_-]{1,64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_EYES = ("OD", "OS", None)
_WHY = ANSWER_REASONS.keys() | WARNINGS.keys()
_NOT_GRADED = REASONS.keys() | REFUSALS.keys()


def entry_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a result document, for one scan or one eye.

    Everything is checked to be what its name says before it is kept, so that nothing else can come along.

    Raises
    ------
    InternalError
        ``not-recordable`` when a value that is kept is missing, or is none that this program writes.
    """
    try:
        model, eye = document["model"], document["eye"]
        return {
            "created": _text(_TIME, document["created"]),
            "document_sha256": document_sha256(document),
            "program": _text(_VERSION, document["tool"]["version"]),
            "model_sha256": _text(_SHA256, model["sha256"]),
            "look_sha256": _text(_SHA256, model["look_sha256"]) if "look_sha256" in model else None,
            "eye": _one_of(_EYES, eye["laterality"]),
            "answer": _one_of(ANSWERS, eye["answer"]),
            "answer_reasons": [_one_of(_WHY, word) for word in eye["answer_reasons"]],
            "decision": _one_of(_DECISIONS, eye["decision"]),
            "cataract_fraction": _number(eye["cataract_fraction"]),
            "threshold": _number(eye["threshold"]),
            "grade": _grade(eye["grade"]),
            "codes": sorted({_one_of(WARNINGS, warning["code"]) for warning in document["warnings"]}),
            "scans": [_scan(scan) for scan in document["scans"]],
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_recordable("it is no result document of this program") from error


def document_sha256(document: Mapping[str, Any]) -> str:
    """Hash of a document as ``-o`` writes it into a file: what ``sha256sum exam-OD.json`` prints."""
    return hashlib.sha256(json.dumps(document, allow_nan=False, indent=2).encode() + b"\n").hexdigest()


def _scan(scan: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        "sha256": _sha256(scan["sha256"]),
        "gradable": _one_of((True, False), scan["gradable"]),
        "reasons": [_one_of(_NOT_GRADED, word) for word in scan["reasons"]],
        "cataract_fraction": _number(scan["cataract_fraction"]),
    }
    if "corrected" in scan:
        kept["corrected_sha256"] = _sha256(scan["corrected"]["sha256"])
    return kept


def _grade(grade: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if grade is None:
        return None
    return {
        "value_db": _number(grade["value_db"]),
        "step": _number(grade["step"]),
        "word": _one_of(_GRADES, grade["word"]),
    }


def _sha256(value: Any) -> str | None:
    return None if value is None else _text(_SHA256, value)


def _text(form: re.Pattern[str], value: Any) -> str:
    if form.fullmatch(value) is None:
        raise ValueError("a text of another form")
    return str(value)


def _number(value: Any) -> float | int | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("no number")
    return value  # type: ignore[no-any-return]


def _one_of(choices: Collection[Any], value: Any) -> Any:
    if value not in choices:
        raise ValueError("an unknown value")
    return value
