"""Files of several patients, or of several studies, are told apart by their headers, and nobody is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer
from edge_runtime.belonging import Belonging
from edge_runtime.errors import EdgeCataractError, UsageError
from edge_runtime.reading.dicom import belonging as reading
from edge_runtime.reading.dicom.belonging import read_belonging
from edge_runtime.reading.one_patient import check_one_patient
from edge_runtime.reading.sources import sources_of
from edge_runtime.scan import ScanSource
from tests.dicom_files import LOSSLESS, file_bytes, tomography

FRAME = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
JANE = {"PatientName": "Doe^Jane", "PatientBirthDate": "19500101", "PatientID": ""}
RICHARD = {"PatientName": "Roe^Richard", "PatientBirthDate": "19801231", "PatientID": ""}
NOBODY = {"PatientName": "", "PatientBirthDate": "", "PatientID": ""}
Said = dict[str, Any]


def file(said: Said, number: int = 1, *, study: str = "1.2.3", side: str = "R", syntax: str = "explicit") -> bytes:
    dataset = tomography([FRAME + number], laterality=side, name=f"file {number}")
    dataset.StudyInstanceUID = study
    for keyword, value in said.items():
        setattr(dataset, keyword, value)
        if value is None:
            delattr(dataset, keyword)
    return file_bytes(dataset, LOSSLESS[syntax])


def are_of_one(*eyes: list[bytes]) -> bool:
    try:
        check_one_patient([[source for data in eye for source in sources_of(data)] for eye in eyes])
    except UsageError as error:
        return error.word != "mixed-studies"
    return True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"PatientID": "1"}, {"PatientID": "1"}, True),
        ({"PatientID": "1"}, {"PatientID": "2"}, False),
        ({"PatientID": "1", "IssuerOfPatientID": "A"}, {"PatientID": "1", "IssuerOfPatientID": "A"}, True),
        ({"PatientID": "1", "IssuerOfPatientID": "A"}, {"PatientID": "1", "IssuerOfPatientID": "B"}, False),
        ({"PatientID": "1"}, {"PatientID": "1 ", "PatientName": "Phantom^E."}, True),  # the identifier alone tells
        (JANE, JANE, True),
        (JANE, {**JANE, "PatientID": None}, True),
        (JANE, {**JANE, "PatientName": "Doe^Jane^^"}, True),
        (JANE, RICHARD, False),
        (JANE, {**JANE, "PatientBirthDate": "19500102"}, False),
        (JANE, {**JANE, "PatientID": "1"}, False),
        (JANE, NOBODY, False),
        (NOBODY, NOBODY, True),
        (NOBODY, {"PatientName": "^", "PatientBirthDate": None, "PatientID": " "}, True),
    ],
)
def test_patients_are_told_apart_by_what_the_headers_say(one: Said, other: Said, same: bool) -> None:
    assert are_of_one([file(one), file(other, 2)]) is same
    assert are_of_one([file(one)], [file(other, 2, side="L")]) is same


def test_two_studies_are_no_one_eye_and_may_be_two_eyes_of_one_patient() -> None:
    for said, both in ((JANE, True), ({"PatientID": "1"}, True), (NOBODY, False)):
        one, other = file(said, study="1.2.3"), file(said, 2, study="1.2.4", side="L")
        assert not are_of_one([one, other])
        assert are_of_one([one], [other]) is both


def test_names_in_other_letters_are_compared_too() -> None:
    letters = [{**JANE, "SpecificCharacterSet": "ISO_IR 192", "PatientName": name} for name in ("Łukasz", "Łucja")]
    assert are_of_one([file(letters[0]), file(letters[0], 2)])
    assert not are_of_one([file(letters[0]), file(letters[1], 2)])


def test_a_file_that_lacks_what_a_result_refers_to_is_compared_all_the_same() -> None:
    one, other = file({**JANE, "SeriesInstanceUID": None}), file({**RICHARD, "SeriesInstanceUID": None}, 2)
    assert not are_of_one([one, other])


def test_pictures_say_nothing_and_one_file_alone_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(reading, "read_header", lambda *given: asked.append(given))
    several = sources_of(file_bytes(tomography([FRAME, FRAME + 1])))
    check_one_patient([[*several, ScanSource("scan.png", several[0].read)], several[:1]])
    assert asked == []


def test_a_file_that_is_gone_says_so_when_it_is_read(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.dcm").write_bytes(file({"PatientID": str(number)}, number))
    sources = [source for number in (1, 2) for source in sources_of(tmp_path / f"{number}.dcm")]
    (tmp_path / "2.dcm").unlink()
    check_one_patient([sources])


def test_a_deflated_file_is_inflated_within_the_cap() -> None:
    data = file(JANE, syntax="deflated")
    assert read_belonging(data, 1 << 20) == read_belonging(file(JANE))
    with pytest.raises(EdgeCataractError) as caught:
        read_belonging(data, 1000)
    assert caught.value.word == "memory-cap"


def test_nobody_is_named(caplog: pytest.LogCaptureFixture) -> None:
    said = {"PatientName": "CANARY^A", "PatientID": "CANARY", "PatientBirthDate": "19010203"}
    found = read_belonging(file(said))
    with pytest.raises(UsageError) as caught:
        check_one_patient([[*sources_of(file(said)), *sources_of(file({**said, "PatientID": "CANARY2"}, 2))]])
    told = repr(found) + str(caught.value) + repr(caught.value.args) + caplog.text
    assert "CANARY" not in told
    assert "19010203" not in told
    assert found == Belonging(found.patient, found.study)


def test_a_header_that_makes_no_sense_names_nobody_either(caplog: pytest.LogCaptureFixture) -> None:
    data = file({"PatientID": "CANARY"})
    at = data.index(b"CANARY")
    for spoilt in (data[:at] + b"\xff" * 6 + data[at + 6 :], data.replace(b"ISO_IR 192", b"CANARY 192")):
        assert len(repr(read_belonging(spoilt))) == len(repr(read_belonging(data)))
    assert caplog.text == ""


def test_a_program_that_gives_files_of_two_patients_gets_no_answer(
    analyzer: CataractAnalyzer, frames: list[NDArray[Any]], tmp_path: Path
) -> None:
    paths = []
    for number in (1, 2):
        dataset = tomography([frames[number]], name="one")
        dataset.PatientID = str(number)
        paths.append(tmp_path / f"{number}.dcm")
        paths[-1].write_bytes(file_bytes(dataset))
    with pytest.raises(UsageError, match="mixed-studies"):
        analyzer.analyze_exam(paths, "OD")
