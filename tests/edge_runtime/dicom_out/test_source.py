"""What is no source of a DICOM result is refused by name, before any work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from edge_runtime.dicom_out.library import silenced
from edge_runtime.dicom_out.source import frames_of, read_source
from edge_runtime.errors import ScanError, UsageError
from tests.edge_runtime.pictures import encoded, lens_frame

from .source_files import multi_frame, single_frames


def saved(dataset: Dataset, path: Path) -> str:
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def test_a_file_gives_its_frames_in_their_order(source: Dataset, tmp_path: Path) -> None:
    frames = read_source(saved(source, tmp_path / "exam.dcm"))
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5, 6]
    assert len({frame.key for frame in frames}) == 6
    assert {frame.source.instance for frame in frames} == {source.SOPInstanceUID}
    assert frames[0].spacing_mm == (0.007675, 0.007675)
    assert frames[0].plane is not None
    assert frames[0].plane != frames[1].plane


def test_an_object_of_one_frame_has_no_numbers(frames: list[Any]) -> None:
    (frame,) = frames_of(single_frames(frames)[2])
    assert (frame.number, frame.plane) == (None, None)


def test_frames_without_a_frame_of_reference_lie_nowhere(source: Dataset) -> None:
    del source.FrameOfReferenceUID
    assert {frame.plane for frame in frames_of(source)} == {None}


@pytest.mark.parametrize("spacing", [[0, 0.01], [-1, 1], None])
def test_a_spacing_that_cannot_be_is_not_known(source: Dataset, spacing: list[float] | None) -> None:
    source.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = spacing
    assert frames_of(source)[0].spacing_mm is None


def test_spacing_of_a_photograph_is_at_its_top(frames: list[Any]) -> None:
    (dataset,) = single_frames(frames[:1], SOPClassUID="1.2.840.10008.5.1.4.1.1.7", PixelSpacing=[0.1, 0.2])
    del dataset.SharedFunctionalGroupsSequence
    assert frames_of(dataset)[0].spacing_mm == (0.1, 0.2)


@pytest.mark.parametrize("content", [b"", b"no picture", encoded(".png", lens_frame(shape=(1824, 2150)))])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scan").write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_source(str(tmp_path / "scan"))
    assert error.value.word == "source-not-dicom"


@pytest.mark.parametrize("name", ["missing.dcm", "-", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        read_source(name)
    assert error.value.word == "source-not-dicom"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    with pytest.raises(UsageError) as error:
        read_source(str(tmp_path / "pipe.dcm"))
    assert error.value.word == "source-not-dicom"


@pytest.mark.parametrize(
    "change",
    [
        {"SOPInstanceUID": ""},
        {"StudyInstanceUID": "a name"},
        {"SeriesInstanceUID": None},
        {"Rows": 0},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"},
        {"SOPClassUID": "1.2.3"},
        {"NumberOfFrames": 2_000_000_000},
    ],
)
def test_an_object_that_a_result_cannot_refer_to_is_refused(frames: list[Any], change: dict[str, Any]) -> None:
    dataset = multi_frame(frames[:1])
    with silenced():
        for keyword, value in change.items():
            setattr(dataset, keyword, value)
    with pytest.raises(ScanError) as error:
        frames_of(dataset)
    assert error.value.word == "incomplete-dicom"


@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, False)], ids=["implicit", "big endian"])
def test_encoding_of_the_source_changes_nothing(source: Dataset, tmp_path: Path, implicit: bool, little: bool) -> None:
    """Sequences of the patient and numbers of the frames are the same, however they were written."""
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID, other.TypeOfPatientID = "B-2", "Elsewhere", "TEXT"
    source.OtherPatientIDsSequence = [other]
    plain = frames_of(source)
    if little:
        source.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    else:
        source.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    source.save_as(tmp_path / "exam.dcm", implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    again = read_source(str(tmp_path / "exam.dcm"))
    assert [(frame.key, frame.plane, frame.spacing_mm, frame.thickness_mm) for frame in again] == [
        (frame.key, frame.plane, frame.spacing_mm, frame.thickness_mm) for frame in plain
    ]
    assert again[0].source.patient_and_study == plain[0].source.patient_and_study
    assert again[0].source.patient_and_study.OtherPatientIDsSequence[0].PatientID == "B-2"
