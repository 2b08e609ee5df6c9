"""Names of files are not sent; the eye that one says is, and an exam of the other eye is warned of it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.robustness.running_service import RunningService
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import SAMPLES
from edge_runtime.reading.exams import exam_of_files
from edge_runtime.reading.raster import read_scan
from edge_runtime.scan import Laterality
from edge_runtime.service.studio import Studio
from edge_runtime.service.tasks import Done, Kind, Task
from tests.edge_runtime.dicom_out.source_files import multi_frame
from tests.edge_runtime.pictures import lens_frame

from .conftest import new_exam, png, wait_for_end
from .test_exam_requests import file_of

FILES = [png(), png(top=860, bottom=1560)]


@pytest.mark.slow
def test_an_exam_is_warned_of_a_name_that_says_the_other_eye_as_by_the_command_line(
    service: RunningService, proven_model: Path, tmp_path: Path
) -> None:
    names = ["P1_OS_1.png", "P1_OD_2.png"]
    for name, content in zip(names, FILES, strict=True):
        (tmp_path / name).write_bytes(content)
    by_path = CataractAnalyzer(proven_model).analyze_exam([tmp_path / name for name in names], "OD", age_years=70)
    exam = new_exam(service, age=70)
    for number, (content, eye) in enumerate(zip(FILES, ("OS", "OD"), strict=True), 1):
        path = f"/v1/exams/{exam}/scans/{number}?named={eye}"
        assert service.request("PUT", path, content).status == 202
    assert service.request("POST", f"/v1/exams/{exam}/analysis").status == 202
    wait_for_end(service, exam)
    result = service.request("GET", f"/v1/exams/{exam}").json["result"]
    told = [(one["code"], one["message"], one["source"]) for one in result["warnings"] if one["code"] == "other-eye"]
    assert told == [("other-eye", "Its name says OS, the eye was given as OD.", "scan 1")]
    document = json.loads(by_path.to_json())
    assert [one["code"] for one in result["warnings"]] == [one["code"] for one in document["warnings"]]
    assert result["eye"]["answer"] == document["eye"]["answer"]
    words = service.request("GET", f"/v1/exams/{exam}/words").json
    assert "other-eye" in [one["word"] for one in (*words["reasons"], *words["warnings"])]
    assert "other-eye" in service.request("GET", f"/v1/exams/{exam}/report").content.decode()
    service.request("PUT", f"/v1/exams/{exam}/scans/1", FILES[0])  # in its place, from a file without an eye
    service.request("POST", f"/v1/exams/{exam}/analysis")
    wait_for_end(service, exam)
    assert "other-eye" not in json.dumps(service.request("GET", f"/v1/exams/{exam}").json)


@pytest.mark.slow
@pytest.mark.parametrize("query", ["named=OX", "named=", "named=OD&named=OS", "named=P1_OS.png"])
def test_only_an_eye_is_taken_of_a_name(service: RunningService, query: str) -> None:
    answer = service.request("PUT", f"/v1/exams/{new_exam(service)}/scans/1?{query}", FILES[0])
    assert (answer.status, answer.code) == (400, "bad-request")


def test_the_eye_of_a_name_is_that_of_every_scan_of_its_file() -> None:
    files = [file_of(multi_frame([lens_frame(), lens_frame(cataract_rows=200)])), FILES[0]]
    exam = exam_of_files(files, Laterality.OD, named=[Laterality.OS, None])
    assert [source.named for source in exam.sources] == [Laterality.OS, Laterality.OS, None]


@pytest.mark.slow
def test_a_clear_eye_whose_names_say_the_other_is_to_be_repeated(bundled_analyzer: CataractAnalyzer) -> None:
    pixels = read_scan(SAMPLES / "simulated-clear.png").pixels
    moved = [np.roll(pixels, 3 * number, axis=1) for number in range(6)]
    files = [bytes(cv2.imencode(".png", one)[1].tobytes()) for one in moved]
    answers = {}
    for eye in Laterality:
        task = Task(Kind.EXAM, tuple(range(1, 7)), Laterality.OD, exam="a.1", named=(eye,) * 6)
        done = Studio(bundled_analyzer).do(task, files, lambda _: None)
        assert isinstance(done, Done)
        answers[eye.value] = json.loads(done.text)["eye"]["answer"]
    assert answers == {"OD": "no-sign", "OS": "repeat"}
