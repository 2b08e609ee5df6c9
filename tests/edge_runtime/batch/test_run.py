"""What is recorded before it counts: an answer that no record can hold ends no run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.batch.run import _told
from edge_runtime.errors import InternalError

from .exams import jobs_in, write_exams


def unrecordable(_: dict[str, Any]) -> None:
    raise InternalError("not-recordable", "The answer cannot be recorded: its line would be too long.", "Report this.")


def test_an_exam_whose_answer_no_record_can_hold_has_failed(tmp_path: Path) -> None:
    write_exams(tmp_path, 1)
    (job,) = jobs_in(tmp_path)
    record = ExamRecord([EyeRecord("OD", "graded", {"eye": {}}, sources=["a.png"])], {"graded": 2})
    assert _told(None, job, record) is record
    failed = _told(unrecordable, job, record)
    assert {(eye.status, eye.word, eye.document is None) for eye in failed.eyes} == {("failed", "not-recordable", True)}
    assert failed.files == {"graded": 0, "refused": 0, "failed": 2}
