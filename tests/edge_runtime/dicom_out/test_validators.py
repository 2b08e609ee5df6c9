"""Validators of others find no error in the objects: dciodvfy of dicom3tools, dcmdump and dsrdump of DCMTK."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from edge_runtime.dicom_out.files import DicomFiles, Kind
from edge_runtime.dicom_out.source import SourceFrame, frames_of
from edge_runtime.report.files import write_all
from edge_runtime.results import EyeResult

from .conftest import CREATED
from .source_files import multi_frame, only_frame, single_frames

Program = Callable[[str], str]
SOURCES: dict[str, Callable[[list[Any]], Sequence[SourceFrame]]] = {
    "one object of radial frames": lambda frames: frames_of(multi_frame(frames)),
    "one object of frames that lie nowhere": lambda frames: frames_of(multi_frame(frames, placed=False)),
    "an object for each frame": lambda frames: [*map(only_frame, single_frames(frames))],
    "no patient": lambda frames: frames_of(multi_frame(frames, PatientName=None, PatientID=None, StudyDate=None)),
}


@pytest.fixture(params=list(SOURCES))
def paths(request: pytest.FixtureRequest, eye: EyeResult, frames: list[Any], tmp_path: Path) -> list[str]:
    """Every kind of object of one eye, as files."""
    files = DicomFiles(tuple(SOURCES[request.param](frames)), str(tmp_path), "exam-OD", tuple(Kind))
    contents = files.contents(eye, created=CREATED, page=b"%PDF-1.4\n%%EOF\n")
    write_all(contents)
    assert {path.split(".")[-2] for path in contents} == {"sr", "pdf", "seg"}, list(contents)
    return list(contents)


def complaints(*command: str) -> list[str]:
    """Lines of a program that speak of errors or warnings."""
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith(("Error", "Warning", "E:", "W:", "F:", "Abort"))]


def test_dciodvfy_finds_no_error(program: Program, paths: list[str]) -> None:
    """It knows no private scheme, and says so at every code of ours; a DICOMDIR would miss a patient who is unknown."""
    known = ("Unrecognized defined term = <99EDGECATARACT>", "needed to build DICOMDIR")
    for path in paths:
        found = complaints(program("dciodvfy"), "-new", path)
        assert [line for line in found if not any(words in line for words in known)] == []


def test_dciodvfy_knows_what_each_object_is(program: Program, paths: list[str]) -> None:
    for path in paths:
        done = subprocess.run([program("dciodvfy"), path], capture_output=True, check=False, timeout=60)
        kind = {"sr": "Comprehensive3DSR", "pdf": "EncapsulatedPDF", "seg": "Segmentation"}[path.split(".")[-2]]
        assert kind in (done.stdout + done.stderr).decode().splitlines()


def test_dcmdump_reads_them_without_a_complaint(program: Program, paths: list[str]) -> None:
    for path in paths:
        assert complaints(program("dcmdump"), "-q", "+E", path) == []
        assert complaints(program("dcmdump"), path) == []


def test_dsrdump_reads_the_report_without_a_complaint(program: Program, paths: list[str]) -> None:
    (report,) = (path for path in paths if path.endswith(".sr.dcm"))
    assert complaints(program("dsrdump"), "-v", report) == []
    done = subprocess.run([program("dsrdump"), report], capture_output=True, check=True, timeout=60)
    text = done.stdout.decode()
    assert text.startswith("Comprehensive 3D SR Document")
    assert "(refer,99EDGECATARACT" in text


def test_the_check_can_fail(program: Program, paths: list[str], tmp_path: Path) -> None:
    dataset = dcmread(paths[0])
    del dataset.CompletionFlag
    dataset.save_as(tmp_path / "spoilt.dcm")
    assert any(
        "CompletionFlag" in line for line in complaints(program("dciodvfy"), "-new", str(tmp_path / "spoilt.dcm"))
    )
