"""Names say the exam and the kind, nothing of a patient; what is not this exam's own result is not replaced."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from edge_runtime.dicom_out.encapsulated_pdf import encapsulated_pdf
from edge_runtime.dicom_out.files import DicomFiles, Kind
from edge_runtime.dicom_out.filing import FiledEye
from edge_runtime.dicom_out.source import frames_of
from edge_runtime.errors import ScanError, UsageError
from edge_runtime.report.files import write_all
from edge_runtime.results import EyeResult

from .conftest import CREATED
from .source_files import multi_frame, only_frame, single_frames

PAGE = b"%PDF-1.4\nfive\n%%EOF\n"  # an odd number of bytes


def names(contents: dict[str, bytes]) -> list[str]:
    return sorted(Path(path).name for path in contents)


def files_of(dataset: Dataset, folder: Path, *kinds: Kind) -> DicomFiles:
    return DicomFiles(frames_of(dataset), str(folder), "visit-2-OD", kinds or (Kind.REPORT, Kind.SEGMENTATION))


def test_an_exam_in_one_object_has_a_report_and_a_segmentation(eye: EyeResult, source: Dataset, tmp_path: Path) -> None:
    files = files_of(source, tmp_path)
    assert names(files.contents(eye)) == ["visit-2-OD.seg.dcm", "visit-2-OD.sr.dcm"]
    assert sorted(files.contents(eye)) == sorted(files.paths)


def test_a_frame_is_asked_for_by_its_number(source: Dataset, tmp_path: Path) -> None:
    path = str(tmp_path / "exam.dcm")
    source.save_as(path, enforce_file_format=True)
    assert [frame.number for frame in DicomFiles.of([(path, 3), (path, 1)], "", "exam-OD").frames] == [3, 1]
    with pytest.raises(ScanError) as error:
        DicomFiles.of([(path, 7)], "", "exam-OD")
    assert error.value.word == "incomplete-dicom"


def test_segmentations_of_frames_apart_are_numbered_as_the_scans(
    eye: EyeResult, frames: list[Any], tmp_path: Path
) -> None:
    sources = tuple(map(only_frame, single_frames(frames[::-1])))
    files = DicomFiles(sources, str(tmp_path), "exam-OD", (Kind.SEGMENTATION,))
    assert names(dict.fromkeys(files.paths, b"")) == [f"exam-OD.{number}.seg.dcm" for number in range(1, 7)]
    turned = EyeResult(
        entries=eye.entries[::-1],
        model=eye.model,
        laterality=eye.laterality,
        scans_expected=6,
        point=eye.point,
        judgement=eye.judgement,
        notices=eye.notices,
        findings=eye.findings,
    )
    assert names(files.contents(turned)) == [f"exam-OD.{number}.seg.dcm" for number in range(2, 7)]


def test_a_page_becomes_a_file_and_none_does_not(eye: EyeResult, source: Dataset, tmp_path: Path) -> None:
    files = files_of(source, tmp_path, Kind.PAGE)
    assert names(files.contents(eye, page=PAGE)) == ["visit-2-OD.pdf.dcm"]
    assert files.contents(eye) == {}


def test_a_pdf_is_kept_to_the_byte(eye: EyeResult, source: Dataset, tmp_path: Path) -> None:
    (content,) = files_of(source, tmp_path, Kind.PAGE).contents(eye, page=PAGE).values()
    dataset = dcmread(BytesIO(content))
    assert dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength] == PAGE
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert dataset.BurnedInAnnotation == "NO"
    assert dataset.VerificationFlag == "UNVERIFIED"
    (reference,) = dataset.SourceInstanceSequence
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_a_page_in_another_language_is_another_object(eye: EyeResult, source: Dataset) -> None:
    filed = FiledEye.of(eye, frames_of(source), CREATED)
    pages = [encapsulated_pdf(filed, PAGE, variant) for variant in ("en", "fr")]
    assert pages[0].SOPInstanceUID != pages[1].SOPInstanceUID
    assert encapsulated_pdf(filed, PAGE + b"printed later", "en").SOPInstanceUID == pages[0].SOPInstanceUID


def test_what_is_no_pdf_is_no_page(eye: EyeResult, source: Dataset) -> None:
    with pytest.raises(ValueError, match="no PDF"):
        encapsulated_pdf(FiledEye.of(eye, frames_of(source), CREATED), b"<html>")


def test_an_earlier_result_of_the_same_exam_may_be_replaced(eye: EyeResult, source: Dataset, tmp_path: Path) -> None:
    files = files_of(source, tmp_path, *Kind)
    write_all(files.contents(eye, page=PAGE))
    files.check_ownership()
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("kind", list(Kind))
def test_the_result_of_another_exam_is_not_replaced(
    eye: EyeResult, frames: list[Any], tmp_path: Path, kind: Kind
) -> None:
    write_all(files_of(multi_frame(frames), tmp_path, kind).contents(eye, page=PAGE))
    other = files_of(multi_frame(frames, SOPInstanceUID="1.2.3.4"), tmp_path, kind)
    with pytest.raises(UsageError) as error:
        other.check_ownership()
    assert error.value.word == "output-taken"


@pytest.mark.parametrize("kind", list(Kind))
def test_the_result_of_more_scans_is_not_replaced_by_one_of_fewer(
    analyzer: Any, eye: EyeResult, frames: list[Any], tmp_path: Path, kind: Kind
) -> None:
    several = tuple(frame for one in single_frames(frames) for frame in frames_of(one))
    all_of_them = DicomFiles(several, str(tmp_path), "exam-OD", (kind,))
    one_of_them = DicomFiles(several[:1], str(tmp_path), "exam-OD", (kind,))
    alone = analyzer.as_eye(eye.entries[:1], laterality=eye.laterality, scans_expected=6)
    write_all(one_of_them.contents(alone, page=PAGE))
    one_of_them.check_ownership()
    if kind is not Kind.SEGMENTATION:  # which is one for each file
        all_of_them.check_ownership()
    write_all(all_of_them.contents(eye, page=PAGE))
    all_of_them.check_ownership()
    if kind is not Kind.SEGMENTATION:
        with pytest.raises(UsageError, match="output-taken"):
            one_of_them.check_ownership()


@pytest.mark.parametrize("content", [b"a letter", "source"])
def test_a_file_of_another_program_is_not_replaced(source: Dataset, tmp_path: Path, content: bytes | str) -> None:
    files = files_of(source, tmp_path, Kind.REPORT)
    if isinstance(content, bytes):
        Path(files.paths[0]).write_bytes(content)
    else:
        source.save_as(files.paths[0], enforce_file_format=True)
    with pytest.raises(UsageError) as error:
        files.check_ownership()
    assert error.value.word == "output-taken"


def test_other_frames_than_scans_are_refused(eye: EyeResult, frames: list[Any], tmp_path: Path) -> None:
    with pytest.raises(ScanError) as error:
        files_of(multi_frame(frames[:5]), tmp_path).contents(eye)
    assert error.value.word == "incomplete-dicom"
