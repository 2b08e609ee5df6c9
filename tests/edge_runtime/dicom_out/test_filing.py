"""Objects lie in the study of their source, under UIDs that a second run gives them again."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.codes import REFUSALS
from edge_runtime.dicom_out.files import DicomFiles, Kind
from edge_runtime.dicom_out.filing import FiledEye
from edge_runtime.dicom_out.header import ALWAYS_THERE, FILED_UNDER
from edge_runtime.dicom_out.source import SourceFrame, frames_of
from edge_runtime.errors import EdgeCataractError, UsageError
from edge_runtime.results import EyeResult

from .conftest import CREATED
from .source_files import PATIENT, multi_frame, only_frame, single_frames

PAGE = b"%PDF-1.4\n%%EOF\n"
EVERY_KIND = tuple(Kind)
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}


def objects(eye: EyeResult, sources: Sequence[SourceFrame], created: str = CREATED) -> dict[str, bytes]:
    made = DicomFiles(tuple(sources), "", "exam-OD", EVERY_KIND).contents(eye, created=created, page=PAGE)
    assert len(made) == len(EVERY_KIND) == 3
    return made


def parsed(contents: dict[str, bytes]) -> list[Dataset]:
    return [dcmread(BytesIO(content)) for content in contents.values()]


def uids(dataset: Dataset) -> list[str]:
    """Every UID in an object."""
    return [str(element.value) for element in dataset.iterall() if element.VR == "UI"]


def test_a_second_run_makes_the_same_files(analyzer: CataractAnalyzer, eye: EyeResult, frames: list[Any]) -> None:
    again = analyzer.as_eye(
        [analyzer.analyze_pixels(frame) for frame in frames], laterality=Laterality.OD, scans_expected=6
    )
    first = objects(eye, frames_of(multi_frame(frames)))
    assert objects(again, frames_of(multi_frame(frames))) == first
    assert len(first) == 3


def test_another_day_changes_times_and_no_uid(eye: EyeResult, source: Dataset) -> None:
    first = parsed(objects(eye, frames_of(source)))
    later = parsed(objects(eye, frames_of(source), "2026-02-01T00:00:00Z"))
    assert [uids(dataset) for dataset in first] == [uids(dataset) for dataset in later]
    assert [dataset.ContentDate for dataset in first] != [dataset.ContentDate for dataset in later]


def test_no_two_objects_share_a_uid(eye: EyeResult, source: Dataset) -> None:
    made = parsed(objects(eye, frames_of(source)))
    assert (
        len({dataset.SOPInstanceUID for dataset in made}) == len({dataset.SeriesInstanceUID for dataset in made}) == 3
    )
    assert {dataset.StudyInstanceUID for dataset in made} == {source.StudyInstanceUID}


def test_another_finding_model_or_source_has_other_uids(
    analyzer: CataractAnalyzer, eye: EyeResult, frames: list[Any], source: Dataset
) -> None:
    other_threshold = analyzer.as_eye(eye.scans, laterality=Laterality.OD, scans_expected=6)
    other_threshold = replace(other_threshold, point=replace(eye.point, cf_threshold=0.2))
    other_model = replace(eye, model=replace(eye.model, sha256="0" * 64))
    other_source = multi_frame(frames, SOPInstanceUID="1.2.3.4")
    variants = [
        FiledEye.of(eye, frames_of(source), CREATED),
        FiledEye.of(other_threshold, frames_of(source), CREATED),
        FiledEye.of(other_model, frames_of(source), CREATED),
        FiledEye.of(eye, frames_of(other_source), CREATED),
    ]
    assert len({filed.uid("sr") for filed in variants}) == len(variants)
    assert variants[0].uid("sr") != variants[0].uid("seg")


@pytest.mark.parametrize(("offset", "expected"), [("+0900", ("20260131", "191112")), ("-1130", ("20260130", "224112"))])
def test_times_are_in_the_zone_of_the_source(
    eye: EyeResult, frames: list[Any], offset: str, expected: tuple[str, str]
) -> None:
    source = multi_frame(frames, TimezoneOffsetFromUTC=offset)
    for dataset in parsed(objects(eye, frames_of(source))):
        assert (dataset.ContentDate, dataset.ContentTime, dataset.TimezoneOffsetFromUTC) == (*expected, offset)
        assert dataset.StudyDate == PATIENT["StudyDate"]


@pytest.mark.parametrize("offset", ["", "9900", "+09:0", "+ABCD", "+9900"])
def test_a_zone_that_makes_no_sense_is_that_of_the_machine(eye: EyeResult, frames: list[Any], offset: str) -> None:
    source = multi_frame(frames, TimezoneOffsetFromUTC=offset)
    assert all("TimezoneOffsetFromUTC" not in dataset for dataset in parsed(objects(eye, frames_of(source))))


def test_patient_and_study_are_those_of_the_source(eye: EyeResult, source: Dataset) -> None:
    for dataset in parsed(objects(eye, frames_of(source))):
        assert {keyword: dataset[keyword].value for keyword in PATIENT} == PATIENT
        assert dataset.Manufacturer == "edge-cataract"


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        ("ISO_IR 192", "Прохорова^Ольга"),
        ("ISO_IR 100", "Müller^Jörg"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
    ],
)
def test_a_name_in_any_script_stays_what_it_is(
    eye: EyeResult, frames: list[Any], letters: str | list[str], name: str
) -> None:
    source = multi_frame(frames, SpecificCharacterSet=letters, PatientName=name)
    for dataset in parsed(objects(eye, frames_of(source))):
        assert str(dataset.PatientName) == name


def test_a_source_without_a_patient_has_results_without_one(eye: EyeResult, frames: list[Any]) -> None:
    source = multi_frame(frames)
    for keyword in PATIENT:
        del source[keyword]
    for dataset in parsed(objects(eye, frames_of(source))):
        assert {str(dataset[keyword].value or "") for keyword in ALWAYS_THERE} == {""}


@pytest.mark.parametrize("change", [{"StudyInstanceUID": "1.2.3"}, {"PatientID": "ANOTHER"}])
def test_scans_of_two_studies_or_patients_are_refused(
    eye: EyeResult, frames: list[Any], change: dict[str, str]
) -> None:
    sources = [*map(only_frame, single_frames(frames))]
    sources[3] = only_frame(single_frames(frames[:1], **change)[0])
    with pytest.raises(UsageError) as error:
        objects(eye, sources)
    assert error.value.word == "mixed-studies"


def test_only_what_an_object_is_filed_under_leaves_the_source(
    eye: EyeResult, frames: list[Any], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every text of the source is a canary of its own; its values are found again in patient and study alone."""
    source = multi_frame(frames)
    canaries: dict[str, bytes] = {}
    technical = {element.keyword for element in source} - PATIENT.keys()
    for representation, _, _, _, keyword in DicomDictionary.values():
        if representation in TEXT and keyword and keyword not in technical:
            canaries[keyword] = b"CNRY%05d" % len(canaries)
            setattr(source, keyword, canaries[keyword].decode())
    for groups in (source.SharedFunctionalGroupsSequence[0], *source.PerFrameFunctionalGroupsSequence):
        for element in list(groups):
            canaries[f"nested {len(canaries)}"] = b"CNRY%05d" % len(canaries)
            element.value[0].PatientComments = f"CNRY{len(canaries) - 1:05d}"
    source.private_block(0x000B, "CNRYPRIVATE", create=True).add_new(1, "LO", "CNRYPRIVATE")
    caplog.set_level(logging.DEBUG)
    contents = objects(eye, frames_of(source))
    allowed = {keyword for keyword in canaries if keyword in FILED_UNDER}
    for content in contents.values():
        assert {keyword for keyword, canary in canaries.items() if canary in content} == allowed
        assert b"CNRYPRIVATE" not in content
    assert len(canaries) > 1000
    assert {"PatientName", "PatientID", "AccessionNumber", "ReferringPhysicianName"} <= allowed
    captured = capfd.readouterr()
    told = " ".join([caplog.text, captured.out, captured.err, *contents])
    assert "CNRY" not in told
    assert b"CNRY" not in eye.to_json().encode()


@pytest.mark.slow
def test_values_that_nobody_can_read_end_in_results_or_in_a_word(
    eye: EyeResult, frames: list[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A hundred sources with bytes of patient, study and frames replaced at random."""
    caplog.set_level(logging.DEBUG)
    noise = random.Random(17)
    buffer = BytesIO()
    dataset = multi_frame(frames[:1], SpecificCharacterSet="ISO_IR 192", PatientWeight="70", PatientAge="045Y")
    dataset.save_as(buffer, enforce_file_format=True)
    whole = buffer.getvalue()
    head = len(whole) - len(dataset.PixelData)
    one = replace(eye, entries=eye.entries[:1])
    refusals: list[EdgeCataractError] = []
    for _ in range(100):
        spoilt = bytearray(whole)
        for _ in range(noise.randint(1, 6)):
            spoilt[noise.randrange(132, head)] = noise.randrange(256)
        (tmp_path / "spoilt.dcm").write_bytes(spoilt)
        try:
            files = DicomFiles.of([(str(tmp_path / "spoilt.dcm"), None)], "", "exam-OD", EVERY_KIND)
            contents = files.contents(one, created=CREATED, page=PAGE)
        except EdgeCataractError as error:
            refusals.append(error)
        else:
            assert all(dcmread(BytesIO(content)).StudyInstanceUID for content in contents.values())
    assert {error.word for error in refusals} <= REFUSALS.keys()
    assert "Canary" not in " ".join(map(str, refusals))
    assert 0 < len(refusals) < 60
    assert "Canary" not in caplog.text
