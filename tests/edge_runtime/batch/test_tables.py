"""Tables of eyes: numbers stay numbers, and no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.batch.record import EyeRecord
from edge_runtime.batch.tables import COLUMNS, csv_bytes, json_lines, parquet_bytes, row
from edge_runtime.batch.work import measure_exam
from edge_runtime.errors import MissingExtraError
from edge_runtime.golden import SAMPLES
from edge_runtime.report.document import document as documents
from tests.edge_runtime.pictures import empty_frame, encoded

from .exams import jobs_in, write_scan

DEAD = EyeRecord("OS", "failed", None, "worker-died", "It ended.", ["a.png", "b.png"])


@pytest.fixture
def eyes(analyzer: CataractAnalyzer, tmp_path: Path) -> list[EyeRecord]:
    """A graded eye and one that is not."""
    write_scan(tmp_path / "E1_OD_1.png")
    (tmp_path / "E1_OS_1.png").write_bytes(encoded(".png", empty_frame()))
    return measure_exam(analyzer, jobs_in(tmp_path)[0]).eyes


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def test_a_row_has_the_numbers_of_the_document(eyes: list[EyeRecord]) -> None:
    document = eyes[0].document
    assert document is not None
    found = row("E1", eyes[0])
    assert list(found) == list(COLUMNS)
    assert found["cataract_fraction"] == document["eye"]["cataract_fraction"]
    assert found["model_sha256"] == document["model"]["sha256"]
    assert (found["status"], found["scans_given"], found["scans_used"], found["borderline"]) == ("graded", 1, 1, False)
    assert found["warnings"].split() == ["fewer-scans-than-expected"]


def test_every_column_is_a_field_of_the_document_and_one_of_an_earlier_version_may_miss_some(
    eyes: list[EyeRecord], bundled_analyzer: CataractAnalyzer
) -> None:
    document = eyes[0].document
    assert document is not None
    whole = bundled_analyzer.as_eye([bundled_analyzer.analyze(SAMPLES / "simulated-cataract.png")])
    content = documents(whole)["eye"]
    for place in (place for _, place in COLUMNS.values() if place):
        part = content
        for step in place:
            part = part[step]
    earlier = {**document, "eye": {key: one for key, one in document["eye"].items() if key != "cataract_evidence"}}
    assert row("E1", replace(eyes[0], document=earlier))["cataract_evidence"] is None


def test_an_eye_that_was_not_graded_has_its_reasons_and_no_number(eyes: list[EyeRecord]) -> None:
    found = row("E1", eyes[1])
    assert (found["eye"], found["status"], found["word"]) == ("OS", "refused", "lens-not-found")
    assert found["cataract_fraction"] is None
    (read,) = cells(csv_bytes([found]))
    assert (read["cataract_fraction"], read["grade_db"], read["answer"]) == ("", "", "ungradable")


def test_an_eye_without_a_document_has_its_word(eyes: list[EyeRecord]) -> None:
    (read,) = cells(csv_bytes([row("E1", DEAD)]))
    assert {name: read[name] for name in ("exam", "eye", "status", "word", "scans_given", "answer")} == {
        "exam": "E1", "eye": "OS", "status": "failed", "word": "worker-died", "scans_given": "2", "answer": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+41", "'+41"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1+1", "a;'=1+1"),
        ('a",=1', "a\",'=1"),
        ("a|-1", "a|'-1"),
        ("E-1", "E-1"),
        ("E 1 - 2", "E 1 - 2"),
        ("Müller; 2", "Müller; 2"),
        ('say "x", y', 'say "x", y'),
    ],
)
def test_no_label_becomes_a_formula(label: str, cell: str) -> None:
    (read,) = cells(csv_bytes([row(label, DEAD)]))
    assert read["exam"] == cell


def test_numbers_below_zero_stay_numbers(eyes: list[EyeRecord]) -> None:
    found = row("E1", eyes[0]) | {"grade_low_db": -0.25}
    assert b",-0.25," in csv_bytes([found])


def test_every_eye_has_a_line_of_json(eyes: list[EyeRecord]) -> None:
    lines = json_lines([("E1", eyes[0]), ("=E2", DEAD)]).splitlines()
    assert json.loads(lines[0]) == eyes[0].document
    assert json.loads(lines[1]) == {
        "schema": "edge-cataract/failure/1",
        "exam": "=E2",
        "eye": {"laterality": "OS"},
        "status": "failed",
        "word": "worker-died",
        "message": "It ended.",
        "scans": [{"source": "a.png"}, {"source": "b.png"}],
    }


def test_parquet_holds_the_same_table(eyes: list[EyeRecord]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [row("=E1", eyes[0]), row("E1", eyes[1]), row("E2", DEAD)]
    table = parquet.read_table(io.BytesIO(parquet_bytes(rows)))
    assert table.to_pylist() == rows
    assert parquet.read_table(io.BytesIO(parquet_bytes([]))).schema.equals(table.schema)


def test_without_the_extra_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"edge-cataract\[cluster\]") as refused:
        parquet_bytes([])
    assert (refused.value.exit_code, refused.value.word) == (69, "missing-extra")
    assert "pandas" not in sys.modules
