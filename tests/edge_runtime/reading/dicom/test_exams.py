"""The same scans as pictures, as one DICOM file and as several: the same documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import CataractAnalyzer
from edge_runtime.reading.sources import sources_of
from tests.conftest import RunProgram
from tests.dicom_files import LOSSLESS, file_bytes, photograph, secondary_capture, tomography
from tests.edge_runtime.pictures import CATARACT_FRACTION, CATARACT_PX, LENS_PX, encoded, lens_frame
from train.phantom.eye.plan import EyePlan
from train.phantom.imaging.plan import ScanPlan
from train.phantom.render import simulate

Frames = list[NDArray[Any]]
# What a picture cannot say, and what differs whatever the scan is.
APART = {
    "created", "source", "sha256", "timings_ms", "laterality", "laterality_origin", "meridian_deg", "meridian_origin",
}  # fmt: skip


def comparable(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: comparable(value) for key, value in content.items() if key not in APART}
    if isinstance(content, list):
        return [comparable(value) for value in content]
    return pytest.approx(content, abs=1e-6) if isinstance(content, float) else content


@pytest.fixture(scope="module")
def six_scans() -> Frames:
    """The six radial scans of one simulated eye with cataract."""
    eye = EyePlan("test", "dicom", "OD", 71.0, cataract=True, dilated=True, mix="NC")
    return [simulate(eye, ScanPlan(1, float(degrees))).picture for degrees in range(0, 180, 30)]


def documents(analyzer: CataractAnalyzer, folder: Path, frames: Frames, syntax: str) -> list[dict[str, Any]]:
    """Of six PNG files, of one file of six frames, and of six files of one."""
    pictures, singles = [], []
    for number, frame in enumerate(frames):
        pictures.append(folder / f"scan-{number}.png")
        pictures[-1].write_bytes(encoded(".png", frame))
        singles.append(folder / f"scan-{number}.dcm")
        singles[-1].write_bytes(file_bytes(tomography([frame]), syntax))
    (folder / "exam.dcm").write_bytes(file_bytes(tomography(frames), syntax))
    return [analyzer.analyze_exam(paths, "OD").to_dict() for paths in (pictures, [folder / "exam.dcm"], singles)]


@pytest.mark.slow
@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("name", LOSSLESS)
def test_pictures_one_file_and_six_files_give_the_same_document(
    name: str, analyzer: CataractAnalyzer, tmp_path: Path
) -> None:
    """The tiny model: every pixel takes part, and six scans cost little."""
    frame = lens_frame(cataract_rows=100)
    frames = [np.roll(frame, 8 * number, axis=0) for number in range(6)]
    pictures, one, several = documents(analyzer, tmp_path, frames, LOSSLESS[name])
    assert len(pictures["scans"]) == 6
    assert comparable(pictures) == plain(one)
    assert comparable(pictures) == plain(several)


def plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items() if key not in APART}
    return [plain(value) for value in content] if isinstance(content, list) else content


@pytest.mark.slow
@pytest.mark.usefixtures("dcmtk")
@pytest.mark.parametrize("name", LOSSLESS)
def test_the_bundled_model_gives_the_same_document_too(
    name: str, bundled_analyzer: CataractAnalyzer, tmp_path: Path, six_scans: Frames
) -> None:
    pictures, one, several = documents(bundled_analyzer, tmp_path, six_scans, LOSSLESS[name])
    assert comparable(pictures) == plain(one)
    assert comparable(pictures) == plain(several)
    assert pictures["eye"]["cataract_fraction"] > 0
    assert [scan["source"] for scan in one["scans"]] == [f"exam.dcm#{number}" for number in range(1, 7)]
    assert [scan["meridian_deg"] for scan in one["scans"]] == [0.0, 30.0, 60.0, 90.0, 120.0, 150.0]


def test_a_single_frame_is_analysed_like_a_picture(tmp_path: Path, run_program: RunProgram) -> None:
    for name, dataset in {"t": tomography([lens_frame()]), "p": photograph(lens_frame()),
                          "c": secondary_capture([lens_frame()])}.items():  # fmt: skip
        (tmp_path / f"{name}.dcm").write_bytes(file_bytes(dataset))
        finished = run_program(tmp_path / f"{name}.dcm", "--json")
        assert finished.returncode == 0, finished.stderr
        document = json.loads(finished.stdout)
        scan = document["scans"][0]
        assert (scan["lens_px"], scan["cataract_px"], scan["profile"]) == (LENS_PX, CATARACT_PX, "anterion")
        assert scan["cataract_fraction"] == pytest.approx(CATARACT_FRACTION)
        assert scan["laterality"] == (None if name == "c" else "OD")
        assert document["eye"]["laterality"] == scan["laterality"]


def test_standard_input_may_be_dicom(run_program: RunProgram) -> None:
    finished = run_program("-", "--json", input=file_bytes(photograph(lens_frame())))
    assert json.loads(finished.stdout)["scans"][0]["lens_px"] == LENS_PX


def test_several_frames_are_refused_as_one_scan_and_read_as_an_exam(tmp_path: Path, run_program: RunProgram) -> None:
    frames = [lens_frame(), np.ascontiguousarray(np.roll(lens_frame(), 40, axis=0))]
    (tmp_path / "exam.dcm").write_bytes(file_bytes(tomography(frames)))
    finished = run_program(tmp_path / "exam.dcm")
    assert (finished.returncode, b"error[multi-frame]" in finished.stderr) == (65, True)
    finished = run_program("exam", tmp_path / "exam.dcm", "--eye", "OD", "--json")
    assert finished.returncode == 0, finished.stderr
    content = json.loads(finished.stdout)
    assert [scan["source"] for scan in content["scans"]] == ["exam.dcm#1", "exam.dcm#2"]
    assert content["eye"]["scans_used"] == 2


def test_a_damaged_frame_of_an_exam_is_an_entry_of_it(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    frames = [np.ascontiguousarray(np.roll(lens_frame(), 40 * number, axis=0)) for number in range(3)]
    data = file_bytes(tomography(frames), LOSSLESS["jpeg-ls"])
    second = data.find(b"\xff\xd8\xff\xf7", data.find(b"\xff\xd8\xff\xf7") + 4)
    (tmp_path / "exam.dcm").write_bytes(data[:second] + b"\0\0\0\0" + data[second + 4 :])
    (tmp_path / "cut.dcm").write_bytes(data[:3000])
    eye = analyzer.analyze_exam([tmp_path / "exam.dcm", tmp_path / "cut.dcm", tmp_path / "nowhere.dcm"], "OD")
    assert [(entry.source, entry.error.word) for entry in eye.unreadable] == [
        ("exam.dcm#2", "scrambled-pixels"),
        ("cut.dcm", "truncated-dicom"),
        ("nowhere.dcm", "missing-file"),
    ]
    assert [scan.scan.source for scan in eye.scans] == ["exam.dcm#1", "exam.dcm#3"]


def test_a_file_of_the_other_eye_is_told(analyzer: CataractAnalyzer) -> None:
    other = file_bytes(photograph(lens_frame(), laterality="L"))
    eye = analyzer.analyze_exam([other], "OD")
    assert [notice.code for notice in eye.notices if notice.code == "other-eye"] == ["other-eye"]
    same = analyzer.analyze_exam([file_bytes(photograph(lens_frame()))], "OD")
    assert "other-eye" not in [notice.code for notice in same.notices]


def test_what_the_file_says_stands_among_the_warnings(analyzer: CataractAnalyzer) -> None:
    dataset = secondary_capture([lens_frame()])
    dataset.LossyImageCompression, dataset.BurnedInAnnotation = "01", "YES"
    content = analyzer.analyze(file_bytes(dataset)).to_dict()
    assert {"lossy-compression", "burned-in-text"} <= {warning["code"] for warning in content["warnings"]}


def test_large_files_are_read_frame_by_frame(tmp_path: Path) -> None:
    """A file over the limit of pictures, of which one frame at a time is in memory."""
    frames = [np.ascontiguousarray(np.roll(lens_frame(), 16 * number, axis=0)) for number in range(6)]
    deep = [cv2.multiply(frame.astype(np.uint16), 257) for frame in frames]
    (tmp_path / "exam.dcm").write_bytes(file_bytes(tomography(deep * 2)))
    assert (tmp_path / "exam.dcm").stat().st_size > 64 << 20
    sources = sources_of(tmp_path / "exam.dcm")
    assert np.array_equal(sources[7].read().pixels, deep[1])
