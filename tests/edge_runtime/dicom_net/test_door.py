"""What is asked of an object before it is taken, and what is learnt of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from edge_runtime.dicom_net.door import Arrival, examine, short_digest
from edge_runtime.errors import ScanError, UsageError
from tests.dicom_files import tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, encoded, exam, single, written


def looked_at(folder: Path, dataset: Dataset) -> Arrival:
    path = folder / "object.dcm"
    path.write_bytes(encoded(dataset))
    return examine(str(path))


def test_an_object_is_known_by_digests_of_its_uids_and_of_its_data_set(tmp_path: Path) -> None:
    source = exam()
    arrival = looked_at(tmp_path, source)
    assert (arrival.key, arrival.study, arrival.series) == tuple(
        short_digest(str(uid)) for uid in (source.SOPInstanceUID, source.StudyInstanceUID, source.SeriesInstanceUID)
    )
    content = (tmp_path / "object.dcm").read_bytes()
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, source)
    assert content.endswith(data_set := buffer.getvalue())
    assert (arrival.digest, arrival.size) == (f"data-set:{hashlib.sha256(data_set).hexdigest()}", len(content))
    assert arrival.kind == source.SOPClassUID


def test_a_digest_of_a_uid_tells_nothing_of_it() -> None:
    assert short_digest("1.2.3") == hashlib.sha256(b"1.2.3").hexdigest()[:32]


@pytest.mark.parametrize(("frames", "whole"), [(1, False), (2, True), (3, True)])
def test_a_file_of_several_frames_is_whole(frames: int, whole: bool, tmp_path: Path) -> None:
    assert looked_at(tmp_path, exam(frames=frames)).whole is whole


@pytest.mark.parametrize(("laterality", "eyes"), [("R", "OD"), ("L", "OS")])
def test_the_eye_is_that_of_the_file(laterality: str, eyes: str, tmp_path: Path) -> None:
    assert looked_at(tmp_path, single("A", 0, laterality=laterality)).eyes == eyes


def test_frames_of_both_eyes_are_told(tmp_path: Path) -> None:
    both = tomography([small_lens(16), small_lens(20)], pitch_um=PITCH_UM, laterality="B", name="both")
    del both.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    for group, eye in zip(both.PerFrameFunctionalGroupsSequence, "LR", strict=True):
        group.FrameAnatomySequence = [Dataset()]
        group.FrameAnatomySequence[0].FrameLaterality = eye
    assert looked_at(tmp_path, written(both)).eyes == "OD+OS"


@pytest.mark.parametrize("laterality", [None, "", "B"])
def test_an_eye_is_never_guessed(laterality: str | None, tmp_path: Path) -> None:
    source = exam()
    del source.ImageLaterality, source.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    if laterality is not None:
        source.ImageLaterality = laterality
    with pytest.raises(UsageError) as caught:
        looked_at(tmp_path, source)
    assert caught.value.word == "unknown-eye"


@pytest.mark.parametrize(("number", "place"), [(7, 7), (None, 0)])
def test_frames_have_the_place_of_their_instance_number(number: int | None, place: int, tmp_path: Path) -> None:
    source = single("A", 0)
    del source.InstanceNumber
    if number is not None:
        source.InstanceNumber = number
    assert looked_at(tmp_path, source).place == place


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_an_object_that_no_result_can_be_filed_beside_is_not_taken(keyword: str, tmp_path: Path) -> None:
    source = exam()
    delattr(source, keyword)
    with pytest.raises(ScanError) as caught:
        looked_at(tmp_path, source)
    assert caught.value.word == "incomplete-dicom"


def test_an_object_whose_end_is_missing_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "object.dcm"
    path.write_bytes(encoded(exam())[:-1000])
    with pytest.raises(ScanError):
        examine(str(path))
