"""`exam --dicom-out`: refused before any work where it cannot be done, and written as all results are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from edge_runtime.commands.dicom_results import DicomOptions, add_dicom_arguments, dicom_contents
from edge_runtime.dicom_out.files import DicomFiles
from edge_runtime.errors import MissingExtraError, OutputError, ScanMissingError, UsageError
from edge_runtime.reading.sources import sources_of
from edge_runtime.report.files import write_all
from edge_runtime.results import EyeResult, UnreadableScan
from tests.conftest import RunProgram
from tests.edge_runtime.dicom_out.conftest import small_lens
from tests.edge_runtime.dicom_out.source_files import multi_frame, single_frames
from tests.edge_runtime.pictures import encoded, lens_frame


def options(*words: str) -> DicomOptions:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_dicom_arguments(parser)
    return DicomOptions.of(parser.parse_args(words))


def prepared(chosen: DicomOptions, exam: str, name: str = "exam-OD", *, overwrite: bool) -> DicomFiles | None:
    sources = sources_of(exam)
    return chosen.prepare([exam] * len(sources), sources, name, overwrite=overwrite)


def write_dicom(files: DicomFiles | None, eye: EyeResult, language: str = "en", label: str | None = None) -> None:
    assert files is not None
    write_all(dicom_contents(files, eye, language, label))


@pytest.fixture(scope="session")
def frames() -> list[Any]:
    return [small_lens(4 * step) for step in range(4, 7)]


@pytest.fixture(scope="session")
def eye(analyzer: Any, frames: list[Any]) -> EyeResult:
    from edge_runtime import Laterality

    scans = [analyzer.analyze_pixels(frame) for frame in frames]
    found: EyeResult = analyzer.as_eye(scans, laterality=Laterality.OD, scans_expected=3)
    return found


@pytest.fixture
def exam(frames: list[Any], tmp_path: Path) -> str:
    path = tmp_path / "exam.dcm"
    multi_frame(frames).save_as(path, enforce_file_format=True)
    return str(path)


def test_nothing_is_read_or_written_unless_asked_for(tmp_path: Path) -> None:
    files = prepared(options(), str(tmp_path / "missing"), overwrite=False)
    assert files is None
    assert list(tmp_path.iterdir()) == []


def test_report_and_segmentation_are_written(eye: EyeResult, exam: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for _ in range(2):  # a second run replaces its own results
        files = prepared(options("--dicom-out", str(tmp_path / "out")), exam, "visit-2-OD", overwrite=False)
        write_dicom(files, eye)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["visit-2-OD.seg.dcm", "visit-2-OD.sr.dcm"]
    assert dcmread(tmp_path / "out" / "visit-2-OD.sr.dcm").PatientID == dcmread(exam).PatientID


def test_frames_are_taken_in_the_order_of_the_exam(exam: str, tmp_path: Path) -> None:
    sources = [sources_of(exam)[place] for place in (2, 0, 1)]
    files = options("--dicom-out", str(tmp_path)).prepare([exam] * 3, sources, "exam-OD", overwrite=False)
    assert files is not None
    assert [frame.number for frame in files.frames] == [3, 1, 2]


def test_an_exam_in_files_has_a_frame_for_each(eye: EyeResult, frames: list[Any], tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.dcm") for number in range(3)]
    for path, dataset in zip(paths, single_frames(frames), strict=True):
        dataset.save_as(path, enforce_file_format=True)
    sources = [source for path in paths for source in sources_of(path)]
    chosen = options("--dicom-out", str(tmp_path), "--dicom-out-kinds", "seg,sr")
    write_dicom(chosen.prepare(paths, sources, "exam-OD", overwrite=False), eye)
    made = sorted(path.name for path in tmp_path.glob("exam-*"))
    assert made == ["exam-OD.1.seg.dcm", "exam-OD.2.seg.dcm", "exam-OD.3.seg.dcm", "exam-OD.sr.dcm"]


def test_the_page_of_a_report_is_filed(eye: EyeResult, exam: str, tmp_path: Path, chromium: str) -> None:
    files = prepared(options("--dicom-out", str(tmp_path), "--dicom-out-kinds", "pdf"), exam, overwrite=False)
    for language in ("en", "fr"):
        write_dicom(files, eye, language, "visit 2")
        (path,) = tmp_path.glob("exam-OD*")
        page = dcmread(path)
        assert path.name == "exam-OD.pdf.dcm"
        assert page.EncapsulatedDocument.startswith(b"%PDF-")
        assert page.PatientID == dcmread(exam).PatientID


def test_a_page_without_chromium_is_refused_before_any_work(
    exam: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError):
        prepared(options("--dicom-out", str(tmp_path), "--dicom-out-kinds", "pdf"), exam, overwrite=False)


def test_kinds_that_do_not_exist_are_refused() -> None:
    with pytest.raises(argparse.ArgumentError, match="not one of sr, pdf, seg"):
        options("--dicom-out", "x", "--dicom-out-kinds", "sr,rtstruct")


def test_an_input_is_never_replaced(exam: str, tmp_path: Path) -> None:
    os.rename(exam, tmp_path / "exam-OD.sr.dcm")
    with pytest.raises(UsageError) as error:
        prepared(options("--dicom-out", str(tmp_path)), str(tmp_path / "exam-OD.sr.dcm"), overwrite=True)
    assert error.value.word == "output-taken"


def test_a_folder_that_is_missing_is_refused(exam: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        prepared(options("--dicom-out", str(tmp_path / "nowhere")), exam, overwrite=False)


def test_a_foreign_file_is_replaced_only_when_told_to(exam: str, tmp_path: Path) -> None:
    (tmp_path / "exam-OD.sr.dcm").write_text("a letter")
    chosen = options("--dicom-out", str(tmp_path))
    with pytest.raises(UsageError) as error:
        prepared(chosen, exam, overwrite=False)
    assert error.value.word == "output-taken"
    assert prepared(chosen, exam, overwrite=True) is not None


def test_a_cap_on_memory_is_refused(run_program: RunProgram, exam: str, tmp_path: Path) -> None:
    done = run_program("exam", exam, "--eye", "OD", "--dicom-out", tmp_path, "--max-memory", "2000")
    assert done.returncode == 71
    assert b"error[memory-cap]" in done.stderr


def test_pictures_are_refused_before_any_work(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", lens_frame()))
    done = run_program("exam", tmp_path / "a.png", "--eye", "OD", "--dicom-out", tmp_path, "--json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"edge-cataract: {tmp_path}/a.png: error[source-not-dicom]: ".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def test_without_the_extra_it_is_named(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "highdicom.py").write_text("raise ImportError")
    blocked = f"{tmp_path}{os.pathsep}{Path(__file__).parents[3]}"
    words = ("exam", tmp_path / "a.png", "--eye", "OD", "--dicom-out", tmp_path)
    done = run_program(*words, env={"PYTHONPATH": blocked})
    assert done.returncode == 69
    assert b"error[missing-extra]" in done.stderr
    assert b"edge-cataract[dicom-out]" in done.stderr


def test_scans_that_could_not_be_read_are_told_in_the_report(
    analyzer: Any, eye: EyeResult, exam: str, tmp_path: Path
) -> None:
    broken = UnreadableScan("", ScanMissingError("unreadable-file", "It cannot be read.", "Copy it."))
    mixed = analyzer.as_eye([*eye.scans[:2], broken], laterality=eye.laterality, scans_expected=3)
    write_dicom(prepared(options("--dicom-out", str(tmp_path)), exam, overwrite=False), mixed)
    assert b"unreadable-file" in (tmp_path / "exam-OD.sr.dcm").read_bytes()
