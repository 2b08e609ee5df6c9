"""A document is read back as it was written, and one that was damaged is refused with a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ScanError, ScanMissingError
from edge_runtime.report.exam_facts import read_exam
from edge_runtime.results import EyeResult

from .exam_documents import exam_document, written


def test_what_a_document_says_is_read_back(tmp_path: Path, eye_of: Callable[[str], EyeResult]) -> None:
    eye = eye_of("exam")
    found = read_exam(written(tmp_path / "exam.json", eye.to_dict()))
    assert found.laterality is eye.laterality
    assert found.fraction == eye.cataract_fraction
    assert found.answer is eye.answer
    assert found.scans == {scan.scan.sha256 for scan in eye.scans}
    assert found.model_sha256 == eye.model.sha256


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty-file"),
        (b"no JSON", "not-a-document"),
        (b"\xff\xfe", "not-a-document"),
        (b"[1, 2]", "not-a-document"),
        (b"{}", "not-a-document"),
        (b"[" * 100_000, "not-a-document"),
        (b'{"schema": "edge-cataract/comparison/1"}', "not-a-document"),
        (b'{"schema": NaN}', "not-a-document"),
        (b'{"schema": "edge-cataract/result/1"}', "damaged-document"),
    ],
)
def test_what_is_no_document_is_refused_with_a_word(content: bytes, word: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(content)
    with pytest.raises(ScanError) as refused:
        read_exam(tmp_path / "file.json")
    assert refused.value.word == word


@pytest.mark.parametrize(
    "spoilt",
    [
        {"cataract_fraction": 1.5},
        {"cataract_fraction": True},
        {"cataract_fraction": "0.3"},
        {"cataract_fraction_band": [0.4, 0.2]},
        {"cataract_fraction_band": [0.4]},
        {"laterality": "both"},
        {"answer": "perhaps"},
        {"answer_reasons": [1]},
        {"grade": {"word": "mild", "value_db": None, "interval_db": [0, 1]}},
    ],
)
def test_a_value_that_this_program_does_not_write_is_refused(spoilt: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="damaged-document"):
        read_exam(written(tmp_path / "file.json", exam_document(**spoilt)))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(ScanMissingError):
            read_exam(path)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_document_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(json.dumps(exam_document()).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "file.json"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        read_exam(path)
    except ScanError as refused:
        word = refused.word
    else:
        word = "read"
    assert word in {"read", "not-a-document", "damaged-document"}
