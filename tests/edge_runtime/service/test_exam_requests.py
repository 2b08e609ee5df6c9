"""Exams over HTTP: from the first scan to the printed page, and nothing of them afterwards."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.dataset import Dataset

from benchmarks.robustness.running_service import RunningService
from edge_runtime import CataractAnalyzer
from edge_runtime.errors import ScanError
from edge_runtime.service.studio import Studio
from edge_runtime.service.tasks import Kind, Task
from tests.edge_runtime.dicom_out.source_files import multi_frame, single_frames
from tests.edge_runtime.pictures import CATARACT_FRACTION, lens_frame

from .conftest import Start, new_exam, png, wait_for_end

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured(service: RunningService) -> str:
    """An exam with two scans, one of which cannot be read."""
    exam = new_exam(service, age=70)
    for number, content in ((1, png()), (2, b"no scan"), (3, png(top=860, bottom=1560))):
        answer = service.request("PUT", f"/v1/exams/{exam}/scans/{number}", content)
        assert (answer.status, answer.json["state"]) == (202, "open")
    assert service.request("POST", f"/v1/exams/{exam}/analysis").status == 202
    wait_for_end(service, exam)
    return exam


def test_an_exam_tells_what_becomes_of_each_scan(service: RunningService, measured: str) -> None:
    told = wait_for_end(service, measured)  # by somebody who comes late
    of_scan = {number: [data["state"] for name, data in told if name == "progress" and data["scan"] == number]
               for number in (1, 2, 3)}  # fmt: skip
    assert of_scan == {
        1: ["waiting", "reading", "analysing", "done"],
        2: ["waiting", "reading", "refused"],
        3: ["waiting", "reading", "analysing", "done"],
    }
    assert told[-1] == ("done", {})


def test_its_document_is_of_the_eye(service: RunningService, measured: str) -> None:
    content = service.request("GET", f"/v1/exams/{measured}").json
    assert (content["state"], content["error"], content["age"]) == ("done", None, 70)
    assert content["scans"] == {"1": "done", "2": "refused", "3": "done"}
    result = content["result"]
    assert result["eye"]["cataract_fraction"] == pytest.approx(CATARACT_FRACTION)
    assert [scan["source"] for scan in result["scans"]] == ["scan 1", "scan 2", "scan 3"]
    assert [scan["reasons"] for scan in result["scans"]][1] == ["unsupported-format"]


def test_pictures_lie_beside_each_other(service: RunningService, measured: str) -> None:
    names = service.request("GET", f"/v1/exams/{measured}").json["pictures"]
    assert [name for name in names if name != "en-face"] == ["overlays/1", "overlays/3", "scans/1", "scans/3"]
    shapes = set()
    for name in names:
        answer = service.request("GET", f"/v1/exams/{measured}/{name}.png")
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        if name != "en-face":
            shapes.add(picture.shape)
    assert shapes == {(951, 1120, 3)}
    for name in ("scans/2", "overlays/2", "scans/4"):
        assert service.request("GET", f"/v1/exams/{measured}/{name}.png").code == "no-picture"


def test_words_and_page_speak_the_language_that_was_asked_for(service: RunningService, measured: str) -> None:
    assert service.request("GET", f"/v1/exams/{measured}/words?lang=fr").json["title"] == "Œil droit"
    page = service.request("GET", f"/v1/exams/{measured}/report?lang=de")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'lang="de"' in page.content.decode()
    assert "script-src" not in page.headers["content-security-policy"]
    assert service.request("GET", f"/v1/exams/{measured}/report?lang=xx").status == 400


def test_page_and_words_outlive_the_worker(start: Start) -> None:
    service = start()
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    service.request("POST", f"/v1/exams/{exam}/analysis")
    wait_for_end(service, exam)
    before = service.request("GET", f"/v1/exams/{exam}/words").json
    assert service.request("POST", "/v1/scans", png(71)).code == "worker-died"
    assert service.request("GET", f"/v1/exams/{exam}/words").json == before


def test_another_scan_takes_the_result_away(service: RunningService) -> None:
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    service.request("POST", f"/v1/exams/{exam}/analysis")
    wait_for_end(service, exam)
    after = service.request("PUT", f"/v1/exams/{exam}/scans/1", png(cataract_rows=400)).json
    assert (after["state"], after["result"], after["pictures"]) == ("open", None, [])
    assert service.request("GET", f"/v1/exams/{exam}/report").code == "no-result"
    service.request("POST", f"/v1/exams/{exam}/analysis")
    wait_for_end(service, exam)
    again = service.request("GET", f"/v1/exams/{exam}").json["result"]
    assert again["eye"]["cataract_fraction"] == pytest.approx(2 * CATARACT_FRACTION)


def test_an_exam_that_cannot_be_judged_fails_with_a_word(service: RunningService) -> None:
    exam = new_exam(service)
    assert service.request("POST", f"/v1/exams/{exam}/analysis").code == "no-scans"
    for number in (1, 2):
        service.request("PUT", f"/v1/exams/{exam}/scans/{number}", png())
    service.request("POST", f"/v1/exams/{exam}/analysis")
    name, data = wait_for_end(service, exam)[-1]
    assert (name, data["error"]["code"]) == ("failed", "duplicate-scan")
    content = service.request("GET", f"/v1/exams/{exam}").json
    assert (content["state"], content["error"]["code"]) == ("failed", "duplicate-scan")


def test_what_is_deleted_is_gone_and_its_followers_hear_it(service: RunningService) -> None:
    exam = new_exam(service, "OS")
    told: list[Any] = []
    follower = threading.Thread(target=lambda: told.append(wait_for_end(service, exam)))
    follower.start()
    assert service.request("DELETE", f"/v1/exams/{exam}").status == 204
    follower.join(20)
    assert told == [[]] or service.request("GET", f"/v1/exams/{exam}/events").status == 404
    asked = (("GET", ""), ("DELETE", ""), ("GET", "/report"), ("GET", "/en-face.png"), ("POST", "/analysis"))
    for method, path in asked:
        assert service.request(method, f"/v1/exams/{exam}{path}").code == "unknown-exam"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null",
     b'{"eye": "both"}', b'{"eye": null}', b'{"eye": "OD", "name": "x"}', b'{"eye": "OD", "age": 200}',
     b'{"eye": "OD", "age": "70"}', b'{"eye": "OD", "age": true}', b'{"eye": "OD", "age": NaN}', b'{"age": 70}',
     b'{"eye": "OD", "age": 1' + b"0" * 400 + b"}",
     b'{"eye": "OD", "eye": "OS"}', b'{"eye": ["OD"]}', b"[" * 2000, b"\xff"],
)  # fmt: skip
def test_an_exam_that_makes_no_sense_is_refused(service: RunningService, content: bytes) -> None:
    answer = service.request("POST", "/v1/exams", content, {"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (400, "bad-request")


@pytest.mark.parametrize("number", ["0", "13", "x", "1.0", "-1", "1e0", "001x"])
def test_scans_are_numbered_from_1_to_12(service: RunningService, number: str) -> None:
    exam = new_exam(service)
    assert service.request("PUT", f"/v1/exams/{exam}/scans/{number}", png()).status in (400, 404)
    service.request("DELETE", f"/v1/exams/{exam}")


def test_no_more_is_held_than_is_allowed_and_nothing_for_long(start: Start) -> None:
    service = start(limits={"exams": 2, "held_mb": 1, "forget_after_s": 2.0})
    exams = [new_exam(service), new_exam(service)]
    third = service.request("POST", "/v1/exams", b'{"eye": "OD"}', {"Content-Type": "application/json"})
    assert (third.status, third.code, int(third.headers["retry-after"])) == (429, "too-many-exams", 2)
    assert service.request("PUT", f"/v1/exams/{exams[0]}/scans/1", b"x" * 700_000).status == 202
    full = service.request("PUT", f"/v1/exams/{exams[1]}/scans/1", b"x" * 700_000)  # which fits when the other has gone
    assert (full.status, full.code) == (429, "no-room")
    never = service.request("PUT", f"/v1/exams/{exams[0]}/scans/2", b"x" * 700_000)
    assert (never.status, never.code, "retry-after" in never.headers) == (413, "exam-too-large", False)
    assert service.request("PUT", f"/v1/exams/{exams[0]}/scans/1", b"x" * 700_000).code == "no-room"  # both at once
    assert service.request("PUT", f"/v1/exams/{exams[0]}/scans/2", b"x" * 1_000_001).status == 413
    assert service.request("PUT", f"/v1/exams/{exams[0]}/scans/1", b"x").status == 202
    while service.request("GET", "/health/ready").json["exams"]:
        pass
    assert service.request("GET", f"/v1/exams/{exams[1]}").code == "unknown-exam"


def test_an_exam_that_is_deleted_while_it_is_measured_keeps_its_place_until_the_worker_is_done(start: Start) -> None:
    service = start(limits={"waiting": 0})
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    (worker,) = service.workers()
    os.kill(worker, signal.SIGSTOP)
    service.request("POST", f"/v1/exams/{exam}/analysis")
    assert service.request("DELETE", f"/v1/exams/{exam}").status == 204
    assert service.request("GET", "/health/ready").json["queue"] == {"taken": 1, "places": 1}
    assert service.request("POST", "/v1/scans", png()).code == "queue-full"
    os.kill(worker, signal.SIGCONT)
    while service.request("GET", "/health/ready").json["queue"]["taken"]:
        time.sleep(0.02)
    assert service.request("POST", "/v1/scans", png()).status == 200


def test_pictures_that_can_never_fit_are_told_from_those_that_fit_later(start: Start) -> None:
    service = start(limits={"held_mb": 1})
    exam, content = new_exam(service), png()
    service.request("PUT", f"/v1/exams/{exam}/scans/1", content)
    service.request("PUT", f"/v1/exams/{exam}/scans/2", bytes(999_000 - len(content)))  # 1,000 bytes are left
    service.request("POST", f"/v1/exams/{exam}/analysis")
    name, data = wait_for_end(service, exam)[-1]
    assert (name, data["error"]["code"]) == ("failed", "exam-too-large")


def test_pictures_that_do_not_fit_are_not_kept(start: Start) -> None:
    service = start(limits={"held_mb": 1})
    exam, other, content = new_exam(service), new_exam(service), png()
    service.request("PUT", f"/v1/exams/{exam}/scans/1", content)
    service.request("PUT", f"/v1/exams/{other}/scans/1", bytes(999_000 - len(content)))  # 1,000 bytes are left
    service.request("POST", f"/v1/exams/{exam}/analysis")
    name, data = wait_for_end(service, exam)[-1]
    assert (name, data["error"]["code"]) == ("failed", "no-room")
    told = service.request("GET", f"/v1/exams/{exam}").json
    assert (told["state"], told["pictures"], told["result"]) == ("failed", [], None)
    service.request("DELETE", f"/v1/exams/{other}")
    service.request("POST", f"/v1/exams/{exam}/analysis")
    assert wait_for_end(service, exam)[-1][0] == "done"


def test_an_exam_of_more_scans_than_are_shown_is_refused_before_one_is_read(tiny_model: Path) -> None:
    studio = Studio(CataractAnalyzer(tiny_model))
    frames = [np.full((8, 8), number, np.uint8) for number in range(100)]
    files = [file_of(multi_frame(frames[:50])), file_of(multi_frame(frames[50:]))]
    told: list[Any] = []
    with pytest.raises(ScanError, match="too-many-scans"):
        studio.do(Task(Kind.EXAM, (1, 2), exam="a.1"), files, told.append)
    assert told == []


def file_of(dataset: Dataset) -> bytes:
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def test_two_patients_and_two_eyes_are_never_one_answer(service: RunningService) -> None:
    frames = [lens_frame(cataract_rows=rows) for rows in (100, 200)]
    datasets = single_frames(frames)
    datasets[1].PatientID = "another"
    for eye, code in (("OD", "mixed-studies"), ("OS", "contradicting-eye")):
        exam = new_exam(service, eye)
        for number, dataset in enumerate(datasets if eye == "OD" else datasets[:1], 1):
            service.request("PUT", f"/v1/exams/{exam}/scans/{number}", file_of(dataset))
        service.request("POST", f"/v1/exams/{exam}/analysis")
        name, data = wait_for_end(service, exam)[-1]
        assert (name, data["error"]["code"]) == ("failed", code)
        assert "another" not in json.dumps(data)
        service.request("DELETE", f"/v1/exams/{exam}")
