"""One exam measured: every file is graded, refused or failed, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord
from edge_runtime.batch.work import measure_exam
from edge_runtime.errors import InferenceError
from edge_runtime.exams.planned import PlannedExam, PlannedScan
from edge_runtime.model.network import Network
from tests.dicom_files import file_bytes, tomography
from tests.edge_runtime.pictures import empty_frame, encoded, lens_frame

from .exams import jobs_in, write_exams, write_scan


def measure(analyzer: CataractAnalyzer, folder: Path) -> ExamRecord:
    (job,) = jobs_in(folder)
    record = measure_exam(analyzer, job)
    assert ExamRecord.from_dict(record.to_dict()) == record
    return record


def test_each_eye_has_a_line_with_its_document(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    write_exams(tmp_path, 1, scans=2)
    record = measure(analyzer, tmp_path)
    assert record.files == {"graded": 4, "refused": 0, "failed": 0}
    assert [(eye.eye, eye.status, eye.sources) for eye in record.eyes] == [
        ("OD", "graded", ["E1_OD_1.png", "E1_OD_2.png"]),
        ("OS", "graded", ["E1_OS_1.png", "E1_OS_2.png"]),
    ]
    document = record.eyes[0].document
    assert document is not None
    assert (document["exam"], document["eye"]["laterality"], document["scans"][0]["laterality_origin"]) == (
        "E1", "OD", "name",
    )  # fmt: skip


def test_bad_scans_of_an_eye_are_counted_beside_good_ones(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    write_scan(tmp_path / "E1_OD_1.png")
    (tmp_path / "E1_OD_2.png").write_bytes(b"")
    (tmp_path / "E1_OD_3.png").write_bytes(encoded(".png", empty_frame()))
    record = measure(analyzer, tmp_path)
    assert record.files == {"graded": 1, "refused": 2, "failed": 0}
    assert [eye.status for eye in record.eyes] == ["graded"]


def test_an_eye_without_a_readable_scan_leaves_the_other(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    write_scan(tmp_path / "E1_OD_1.png")
    (tmp_path / "E1_OS_1.png").write_bytes(b"text")
    record = measure(analyzer, tmp_path)
    assert [(eye.eye, eye.status, eye.word) for eye in record.eyes] == [
        ("OD", "graded", None),
        ("OS", "refused", "unsupported-format"),
    ]
    assert record.files == {"graded": 1, "refused": 1, "failed": 0}


@pytest.mark.parametrize(("names", "word"), [(("E1.png",), "unknown-eye"), (("OS/E1_OD_1.png",), "contradicting-eye")])
def test_an_exam_whose_eyes_are_not_known_is_refused(
    names: tuple[str, ...], word: str, analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    for name in names:
        write_scan(tmp_path / name)
    record = measure(analyzer, tmp_path)
    assert [(eye.eye, eye.status, eye.word) for eye in record.eyes] == [(None, "refused", word)]
    assert record.files == {"graded": 0, "refused": 1, "failed": 0}


def test_files_that_are_missing_are_refused(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    scans = tuple(PlannedScan.at(str(tmp_path / f"E1_{eye}_1.png")) for eye in ("OD", "OS"))
    record = measure_exam(analyzer, Job(PlannedExam("E1", scans), ""))
    assert record.files == {"graded": 0, "refused": 2, "failed": 0}
    assert [eye.word for eye in record.eyes] == ["missing-file", "missing-file"]


def test_files_of_several_patients_are_never_one_answer(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    (tmp_path / "day1").mkdir()
    for number in (0, 1):
        dataset = tomography([lens_frame(cataract_rows=200 + 8 * number)], name="one study")
        dataset.PatientID = f"patient {number}"
        (tmp_path / "day1" / f"IM000{number}.dcm").write_bytes(file_bytes(dataset))
    record = measure(analyzer, tmp_path)
    assert [(eye.status, eye.word, eye.document) for eye in record.eyes] == [("refused", "mixed-studies", None)]
    assert record.files == {"graded": 0, "refused": 2, "failed": 0}


def test_a_fault_of_the_engine_is_a_failure(
    analyzer: CataractAnalyzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_exams(tmp_path, 1)

    def fail(*_: object) -> None:
        raise InferenceError("inference-failed", "It failed.", "Run the self-test.")

    monkeypatch.setattr(Network, "predict", fail)
    record = measure(analyzer, tmp_path)
    assert record.files == {"graded": 0, "refused": 0, "failed": 2}
    assert record.failed
