"""A table of one exam: a line for each eye, for a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .document import document
from .marks import SCANS_COLUMN, UNREAD
from .spreadsheet import csv_table, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_runtime.results import EyeResult

# Column, and where the document has it; None: `_row` fills it in.
COLUMNS: dict[str, tuple[str | int, ...] | None] = {
    "eye": ("eye", "laterality"),
    "answer": ("eye", "answer"),
    "answer_reasons": None,
    "decision": ("eye", "decision"),
    "borderline": ("eye", "borderline"),
    "cataract_fraction": ("eye", "cataract_fraction"),
    "cataract_fraction_sd": ("eye", "cataract_fraction_sd"),
    "cataract_fraction_low": ("eye", "cataract_fraction_range", 0),
    "cataract_fraction_high": ("eye", "cataract_fraction_range", 1),
    "threshold": ("eye", "threshold"),
    "grade_db": ("eye", "grade", "value_db"),
    "grade_low_db": ("eye", "grade", "interval_db", 0),
    "grade_high_db": ("eye", "grade", "interval_db", 1),
    "grade_step": ("eye", "grade", "step"),
    "grade_word": ("eye", "grade", "word"),
    "cataract_evidence": ("eye", "cataract_evidence"),
    "posterior_subcapsular_3mm": ("eye", "areas", "posterior_subcapsular_3mm"),
    "anterior_subcapsular_3mm": ("eye", "areas", "anterior_subcapsular_3mm"),
    "scans_given": None,
    "scans_used": ("eye", "scans_used"),
    "scans_expected": ("eye", "scans_expected"),
    "warnings": None,
    "created": ("created",),
    "model": ("model", "name"),
    "model_version": ("model", "version"),
    "model_sha256": ("model", "sha256"),
    SCANS_COLUMN: None,
}


def eye_table(eyes: Sequence[EyeResult], *, created: str | None = None) -> bytes:
    """The table of the eyes of an exam as CSV in UTF-8: text in quotes, numbers with a point, nothing without a number.

    Parameters
    ----------
    eyes
        The results of its eyes.
    created
        UTC time of the analysis, ISO 8601; None: now.
    """
    return csv_table(COLUMNS, (_row(document(eye, created=created)) for eye in eyes))


def _row(content: dict[str, Any]) -> dict[str, Any]:
    """The content of one line by its column; None where there is none."""
    row = {name: None if place is None else value_at(content, place) for name, place in COLUMNS.items()}
    row["answer_reasons"] = " ".join(content["eye"]["answer_reasons"])
    row["scans_given"] = len(content["scans"])
    row["warnings"] = " ".join(dict.fromkeys(warning["code"] for warning in content["warnings"]))
    row[SCANS_COLUMN] = " ".join(scan["sha256"] or UNREAD for scan in content["scans"])
    return row
