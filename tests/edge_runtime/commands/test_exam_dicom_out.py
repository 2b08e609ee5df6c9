"""`exam --dicom-out` as a clinic runs it: from a device's DICOM files to objects that an archive files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from edge_runtime import CataractAnalyzer, Laterality
from edge_runtime.dicom_out.header import FILED_UNDER
from tests.conftest import RunProgram
from tests.dicom_files import LOSSLESS, file_bytes, put_canaries, tomography
from tests.edge_runtime.dicom_out.conftest import SHAPE, small_lens

PITCH_UM = (14000 / SHAPE[0], 16500 / SHAPE[1])
FRAMES = [small_lens(4 * step) for step in range(3, 9)]


def radial(frames: list[NDArray[np.uint8]] = FRAMES, **options: Any) -> Dataset:
    return tomography(frames, pitch_um=PITCH_UM, **options)


def groups(path: Path) -> list[Any]:
    """The measurement groups of a report: that of the eye, then those of its scans."""
    report = highdicom.sr.Comprehensive3DSR.from_dataset(dcmread(path))
    found: list[Any] = report.content.get_image_measurement_groups()
    return found


def fraction(group: Any) -> float:
    return float(next(m.value for m in group.get_measurements() if m.name.value == "cataract-fraction"))


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated", "big-endian", "rle", "jpeg-ls"])
def test_report_and_document_agree_in_every_syntax(run_program: RunProgram, tmp_path: Path, syntax: str) -> None:
    (tmp_path / "export.dcm").write_bytes(file_bytes(radial(), LOSSLESS[syntax]))
    done = run_program("exam", tmp_path / "export.dcm", "--dicom-out", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(done.stdout)
    eye, *scans = groups(tmp_path / "exam-OD.sr.dcm")
    assert fraction(eye) == document["eye"]["cataract_fraction"]
    assert [fraction(scan) for scan in scans] == [scan["cataract_fraction"] for scan in document["scans"]]
    assert sorted(path.name for path in tmp_path.glob("*")) == ["exam-OD.seg.dcm", "exam-OD.sr.dcm", "export.dcm"]


def test_pixels_lie_on_the_frames_that_they_were_found_in(
    analyzer: CataractAnalyzer, run_program: RunProgram, tmp_path: Path
) -> None:
    """The file stores its frames in another order than that of the exam."""
    order = [3, 1, 6, 2, 5, 4]
    source = radial(order=order)
    (tmp_path / "export.dcm").write_bytes(file_bytes(source))
    done = run_program("exam", tmp_path / "export.dcm", "--dicom-out", tmp_path, "-q")
    assert done.returncode == 0
    labels = [analyzer.analyze_pixels(frame).labels for frame in FRAMES]
    segmentation = highdicom.seg.segread(tmp_path / "exam-OD.seg.dcm")
    found = segmentation.get_pixels_by_source_frame(
        source.SOPInstanceUID, list(range(1, 7)), combine_segments=True, ignore_spatial_locations=True
    )
    np.testing.assert_array_equal(found, labels)
    scans = groups(tmp_path / "exam-OD.sr.dcm")[1:]
    numbers = [scan.source_images[0].referenced_frame_numbers[0] for scan in scans]
    assert [order[number - 1] for number in numbers] == [1, 2, 3, 4, 5, 6]
    for number, scan in zip(numbers, scans, strict=True):
        assert fraction(scan) == analyzer.analyze_pixels(FRAMES[number - 1]).cataract_fraction


def test_both_eyes_of_a_folder_have_objects_of_their_own(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for side in "RL":
        (tmp_path / "export" / f"{side}.dcm").write_bytes(file_bytes(radial(laterality=side, name=side)))
    done = run_program("exam", tmp_path / "export", "--dicom-out", tmp_path, "--dicom-out-kinds", "sr", "--name", "v2")
    assert (done.returncode, done.stderr) == (0, b"")
    for side, name in (("OD", "Right"), ("OS", "Left")):
        (site,) = groups(tmp_path / f"v2-{side}.sr.dcm")[0].finding_sites
        assert site.laterality.meaning == name
    assert len({dcmread(tmp_path / f"v2-{side}.sr.dcm").SOPInstanceUID for side in Laterality}) == 2


@pytest.mark.parametrize("laterality", ["R", "L"])
def test_scans_of_two_patients_are_never_one_answer(laterality: str, run_program: RunProgram, tmp_path: Path) -> None:
    """Not in one eye, and not one eye each; with and without results as DICOM."""
    one, other = radial(laterality="R", name="one"), radial(laterality=laterality, name="two")
    other.PatientID = "somebody else"
    for name, dataset in (("one", one), ("two", other)):
        (tmp_path / f"{name}.dcm").write_bytes(file_bytes(dataset))
    done = run_program("exam", tmp_path / "one.dcm", tmp_path / "two.dcm")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"error[mixed-studies]" in done.stderr
    assert b"somebody" not in done.stderr


def test_a_second_run_replaces_its_own_objects_and_keeps_their_uids(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "export.dcm").write_bytes(file_bytes(radial()))
    uids = []
    for _ in range(2):
        assert run_program("exam", tmp_path / "export.dcm", "--dicom-out", tmp_path, "-q").returncode == 0
        uids.append([dcmread(path).SOPInstanceUID for path in sorted(tmp_path.glob("exam-*"))])
    assert uids[0] == uids[1]
    assert len(uids[0]) == 2


def test_nothing_of_a_person_is_said_outside_of_patient_and_study(run_program: RunProgram, tmp_path: Path) -> None:
    source = radial()
    canaries = put_canaries(source)
    (tmp_path / "export.dcm").write_bytes(file_bytes(source))
    (tmp_path / "out").mkdir()
    done = run_program(
        "exam", tmp_path / "export.dcm", "--dicom-out", tmp_path / "out", "-o", tmp_path / "out", "-vv", "--debug"
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr + " ".join(path.name for path in (tmp_path / "out").iterdir()).encode()
    assert len(canaries) > 150
    assert [word for word in canaries if word.encode() in told] == []
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        found = {word for word in canaries if word.encode() in content}
        if path.suffix == ".dcm":
            dataset = dcmread(path)
            for keyword in FILED_UNDER:
                if keyword in dataset:
                    found -= {word for word in canaries if word in str(dataset[keyword])}
        assert found == set()
