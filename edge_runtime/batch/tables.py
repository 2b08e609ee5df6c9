"""Records of exams to tables: one line per eye, with numbers alone, and with the whole documents."""

from __future__ import annotations

import io
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import MissingExtraError
from edge_runtime.report.spreadsheet import csv_table, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .record import EyeRecord

FAILURE_SCHEMA = "edge-cataract/failure/1"
# Column, its type, and where the document has it, under `eye`; what is no part of that is filled in by `row`.
COLUMNS: dict[str, tuple[type, tuple[str | int, ...] | None]] = {
    "exam": (str, None),
    "eye": (str, None),
    "status": (str, None),
    "word": (str, None),
    "answer": (str, ("answer",)),
    "answer_reasons": (str, None),
    "decision": (str, ("decision",)),
    "borderline": (bool, ("borderline",)),
    "cataract_fraction": (float, ("cataract_fraction",)),
    "cataract_fraction_sd": (float, ("cataract_fraction_sd",)),
    "cataract_fraction_low": (float, ("cataract_fraction_range", 0)),
    "cataract_fraction_high": (float, ("cataract_fraction_range", 1)),
    "threshold": (float, ("threshold",)),
    "grade_db": (float, ("grade", "value_db")),
    "grade_low_db": (float, ("grade", "interval_db", 0)),
    "grade_high_db": (float, ("grade", "interval_db", 1)),
    "grade_step": (int, ("grade", "step")),
    "grade_word": (str, ("grade", "word")),
    "cataract_evidence": (float, ("cataract_evidence",)),
    "posterior_subcapsular_3mm": (float, ("areas", "posterior_subcapsular_3mm")),
    "posterior_subcapsular_5mm": (float, ("areas", "posterior_subcapsular_5mm")),
    "anterior_subcapsular_3mm": (float, ("areas", "anterior_subcapsular_3mm")),
    "anterior_subcapsular_5mm": (float, ("areas", "anterior_subcapsular_5mm")),
    "optical_depth": (float, ("optical_depth",)),
    "forward_scatter": (float, ("forward_scatter",)),
    "lens_thickness_mm": (float, ("lens_thickness_mm",)),
    "scans_given": (int, None),
    "scans_used": (int, ("scans_used",)),
    "scans_expected": (int, ("scans_expected",)),
    "warnings": (str, None),
    "model_sha256": (str, None),
}


def row(label: str, eye: EyeRecord) -> dict[str, Any]:
    """The numbers of one eye by column; None where there is none."""
    document = eye.document or {}
    found: dict[str, Any] = {
        name: None if place is None else value_at(document.get("eye"), place) for name, (_, place) in COLUMNS.items()
    }
    found |= {"exam": label, "eye": eye.eye, "status": eye.status, "word": eye.word, "scans_given": len(eye.sources)}
    if document:
        found["answer_reasons"] = " ".join(document["eye"]["answer_reasons"])
        found["warnings"] = " ".join(dict.fromkeys(warning["code"] for warning in document["warnings"]))
        found["model_sha256"] = document["model"]["sha256"]
        if not document["eye"]["scans_used"]:
            reasons = dict.fromkeys(reason for scan in document["scans"] for reason in scan["reasons"])
            found["word"] = " ".join(reasons)
    return found


def csv_bytes(rows: Iterable[dict[str, Any]]) -> bytes:
    """The table as CSV (`csv_table`)."""
    return csv_table(COLUMNS, rows)


def json_lines(records: Iterable[tuple[str, EyeRecord]]) -> bytes:
    """The documents of eyes, a line each; an eye without one has a line that says why."""
    return "".join(
        json.dumps(eye.document or _failure(label, eye), allow_nan=False) + "\n" for label, eye in records
    ).encode("ascii")


def parquet_bytes(rows: Sequence[dict[str, Any]]) -> bytes:
    """The table as Parquet.

    Raises
    ------
    MissingExtraError
        Without the extra `cluster`.
    """
    if not has_parquet():
        raise MissingExtraError(
            "missing-extra", "Parquet needs pyarrow.", "Install it: pip install 'edge-cataract[cluster]'."
        )
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    types = {str: arrow.string(), bool: arrow.bool_(), float: arrow.float64(), int: arrow.int64()}
    schema = arrow.schema([(name, types[kind]) for name, (kind, _) in COLUMNS.items()])
    sink = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(list(rows), schema=schema), sink)
    return sink.getvalue()


def has_parquet() -> bool:
    """Whether the extra `cluster` is installed."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def _failure(label: str, eye: EyeRecord) -> dict[str, Any]:
    return {
        "schema": FAILURE_SCHEMA,
        "exam": label,
        "eye": {"laterality": eye.eye},
        "status": eye.status,
        "word": eye.word,
        "message": eye.message,
        "scans": [{"source": name} for name in eye.sources],
    }
