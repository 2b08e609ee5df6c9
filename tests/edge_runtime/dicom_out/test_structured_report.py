"""The Structured Report says what the document says, and nothing where nothing was found."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import highdicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.codes import ANSWER_REASONS, ANSWERS, REASONS, REFUSALS, WARNINGS
from edge_runtime.dicom_out.concepts import SCHEME, meaning_of, own_concept
from edge_runtime.dicom_out.filing import FiledEye
from edge_runtime.dicom_out.source import frames_of
from edge_runtime.dicom_out.structured_report import structured_report
from edge_runtime.errors import ScanError
from edge_runtime.reading.raster import read_scan
from edge_runtime.results import EyeResult, UnreadableScan
from tests.conftest import ROOT

from .conftest import CREATED
from .source_files import only_frame, single_frames


def read_back(dataset: Dataset) -> Any:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return highdicom.sr.Comprehensive3DSR.from_dataset(dcmread(buffer))


def groups(report: Any) -> list[Any]:
    found: list[Any] = report.content.get_image_measurement_groups()
    return found


def numbers(group: Any) -> dict[tuple[str, str], float]:
    """Every number of a group by its word and its derivation."""
    return {
        (measurement.name.value, measurement.derivation.meaning if measurement.derivation else ""): measurement.value
        for measurement in group.get_measurements()
    }


def words(group: Any, question: str) -> list[str]:
    return [
        evaluation.value.value
        for evaluation in group.get_qualitative_evaluations()
        if evaluation.name.value == question
    ]


def test_numbers_of_every_scan_are_those_of_the_document(filed: FiledEye) -> None:
    report = read_back(structured_report(filed))
    eye, *scans = groups(report)
    assert numbers(eye)["cataract-fraction", "Mean"] == filed.content["eye"]["cataract_fraction"]
    assert numbers(eye)["cataract-fraction", "Standard Deviation"] == filed.content["eye"]["cataract_fraction_sd"]
    assert len(scans) == 6
    for group, scan in zip(scans[:5], filed.content["scans"][:5], strict=True):
        assert numbers(group) == {
            ("cataract-fraction", ""): scan["cataract_fraction"],
            ("lens-pixels", ""): scan["lens_px"],
            ("cataract-pixels", ""): scan["cataract_px"],
        }
        assert words(group, "grading") == ["graded"]


def test_grade_and_areas_are_those_of_the_document(bundled_analyzer: CataractAnalyzer) -> None:
    scan = bundled_analyzer.analyze_scan(read_scan(ROOT / "edge_runtime/samples/simulated-cataract.png"))
    eye = bundled_analyzer.as_eye([scan] * 3, laterality=Laterality.OD, scans_expected=3)
    sources = [*map(only_frame, single_frames([scan.scan.pixels] * 3))]
    filed = FiledEye.of(eye, sources, CREATED)
    group = groups(read_back(structured_report(filed)))[0]
    content, found = filed.content["eye"], numbers(group)
    assert found["nuclear-grade", ""] == content["grade"]["value_db"]
    assert [found["nuclear-grade-lo", ""], found["nuclear-grade-hi", ""]] == content["grade"]["interval_db"]
    assert words(group, "nuclear-step") == [content["grade"]["word"]]
    areas = content["areas"]
    assert found["psc-area-3mm", ""] == areas["posterior_subcapsular_3mm"]
    assert found["psc-area-5mm", ""] == areas["posterior_subcapsular_5mm"]
    assert found["asc-area-3mm", ""] == areas["anterior_subcapsular_3mm"]
    assert found["asc-area-5mm", ""] == areas["anterior_subcapsular_5mm"]
    assert found["lens-thickness", ""] == content["lens_thickness_mm"]


def test_answer_and_its_reasons_are_those_of_the_document(filed: FiledEye) -> None:
    eye = groups(read_back(structured_report(filed)))[0]
    assert words(eye, "answer") == [filed.content["eye"]["answer"]]
    assert words(eye, "answer-reason") == filed.content["eye"]["answer_reasons"] != []


def test_a_scan_that_was_not_graded_has_reasons_and_no_number(filed: FiledEye) -> None:
    group = groups(read_back(structured_report(filed)))[6]
    assert numbers(group) == {}
    assert words(group, "grading") == ["not-graded"]
    assert words(group, "not-graded-for") == ["lens-not-found"]


def test_an_ungradable_eye_has_no_number_anywhere(ungradable: EyeResult, source: Dataset) -> None:
    filed = FiledEye.of(ungradable, frames_of(source)[5:], CREATED)
    report = read_back(structured_report(filed))
    eye, scan = groups(report)
    assert numbers(eye) == numbers(scan) == {}
    assert words(eye, "answer") == ["ungradable"]
    assert words(eye, "not-graded-for") == ["lens-not-found"]
    assert not any(element.keyword == "MeasuredValueSequence" for element in report.iterall())


def test_a_scan_that_could_not_be_read_is_told_with_its_word(
    analyzer: CataractAnalyzer, eye: EyeResult, source: Dataset
) -> None:
    broken = UnreadableScan("", ScanError("truncated-png", "It ends.", "Copy it."))
    mixed = analyzer.as_eye([eye.scans[0], broken], laterality=Laterality.OD)
    report = read_back(structured_report(FiledEye.of(mixed, frames_of(source)[:2], CREATED)))
    assert words(groups(report)[2], "not-graded-for") == ["truncated-png"]


@pytest.mark.parametrize(("side", "code"), [(Laterality.OD, "24028007"), (Laterality.OS, "7771000"), (None, None)])
def test_finding_site_is_the_lens_of_that_eye(
    analyzer: CataractAnalyzer, eye: EyeResult, source: Dataset, side: Laterality | None, code: str | None
) -> None:
    one = analyzer.as_eye([eye.scans[0]], laterality=side)
    report = read_back(structured_report(FiledEye.of(one, frames_of(source)[:1], CREATED)))
    assert len(groups(report)) == 2  # of the eye, and of its scan
    for group in groups(report):
        (site,) = group.finding_sites
        assert site.value == Code("78076003", "SCT", "Lens")
        assert (None if site.laterality is None else site.laterality.value) == code


def test_every_scan_refers_to_its_frame(filed: FiledEye, source: Dataset) -> None:
    eye, *scans = groups(read_back(structured_report(filed)))
    referred = [group.source_images[0] for group in scans]
    assert {image.referenced_sop_instance_uid for image in referred} == {source.SOPInstanceUID}
    assert {image.referenced_sop_class_uid for image in referred} == {source.SOPClassUID}
    assert [image.referenced_frame_numbers for image in referred] == [[number] for number in range(1, 7)]
    assert eye.source_images[0].referenced_frame_numbers == [1, 2, 3, 4, 5, 6]


def test_scans_in_files_of_their_own_are_referred_to_as_such(eye: EyeResult, frames: list[Any]) -> None:
    datasets = single_frames(frames)
    report = read_back(structured_report(FiledEye.of(eye, [*map(only_frame, datasets)], CREATED)))
    first, *scans = groups(report)
    uids = [dataset.SOPInstanceUID for dataset in datasets]
    assert [image.referenced_sop_instance_uid for image in first.source_images] == uids
    assert [group.source_images[0].referenced_sop_instance_uid for group in scans] == uids
    assert [instance for _, _, instance, _ in report.get_evidence()] == uids


def test_no_person_has_looked_at_it(filed: FiledEye) -> None:
    report = structured_report(filed)
    flags = (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag, report.ContentQualification)
    assert flags == ("PARTIAL", "UNVERIFIED", "PRELIMINARY", "RESEARCH")
    assert "VerifyingObserverSequence" not in report


def test_observer_is_the_program_with_its_model(filed: FiledEye) -> None:
    report = read_back(structured_report(filed))
    (observer,) = report.content.get_observer_contexts()
    attributes = observer.observer_identifying_attributes
    assert observer.observer_type.meaning == "Device"
    assert attributes.name == attributes.manufacturer_name == "edge-cataract"
    assert attributes.serial_number == filed.eye.model.sha256


def test_private_scheme_is_declared(filed: FiledEye) -> None:
    (scheme,) = structured_report(filed).CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == SCHEME == "99EDGECATARACT"
    assert scheme.CodingSchemeResponsibleOrganization == "edge-cataract"


def test_every_word_has_a_meaning_that_fits() -> None:
    words = (*ANSWERS, *ANSWER_REASONS, *REASONS, *REFUSALS, *WARNINGS)
    meanings = [own_concept(word, meaning_of(word)).meaning for word in words]
    assert max(map(len, meanings)) <= 64
    assert own_concept("cataract-fraction", meaning_of("cataract-fraction")).meaning == "Cataract fraction"
    assert own_concept("refer", meaning_of("refer")).meaning == ANSWERS["refer"]
