"""One scan over HTTP: its document is the one of the command line, and whatever is wrong with it has a word."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.robustness.running_service import RunningService
from edge_runtime import CataractAnalyzer
from edge_runtime.scan import Laterality
from tests.edge_runtime.pictures import CATARACT_FRACTION, CATARACT_PX, LENS_PX

from .conftest import Start, new_exam, png, wait_for_end

pytestmark = pytest.mark.slow
_TIMES = ("created", "runtime", "scans")


def test_the_document_is_that_of_the_analyzer(service: RunningService, proven_model: Path) -> None:
    answer = service.request("POST", "/v1/scans?eye=OD&age=70", png())
    content = answer.json
    (scan,) = content["scans"]
    assert (answer.status, content["eye"]["laterality"], scan["source"]) == (200, "OD", "scan 1")
    assert (scan["lens_px"], scan["cataract_px"]) == (LENS_PX, CATARACT_PX)
    assert content["eye"]["cataract_fraction"] == CATARACT_FRACTION
    analyzer = CataractAnalyzer(proven_model)
    wanted = analyzer.as_eye([analyzer.analyze(png())], laterality=Laterality.OD, age_years=70).to_dict()
    assert {name: content[name] for name in content if name not in _TIMES} == {
        name: wanted[name] for name in wanted if name not in _TIMES
    }


def test_the_eye_may_be_left_out(service: RunningService) -> None:
    assert service.request("POST", "/v1/scans", png()).json["eye"]["laterality"] is None


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (png()[:-400], 422, "truncated-png"),
        (b"no scan", 422, "unsupported-format"),
        (b"\x00" * 128 + b"DICM" + b"\x00" * 64, 422, "damaged-dicom"),
        (png(shape=(900, 1500)), 422, "unknown-frame"),
        (b"", 400, "bad-request"),
    ],
)
def test_a_bad_scan_is_refused_with_the_word_of_the_program(
    service: RunningService, content: bytes, status: int, code: str
) -> None:
    answer = service.request("POST", "/v1/scans?eye=OD", content)
    assert (answer.status, answer.code) == (status, code)
    assert set(answer.json["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize(
    "query",
    [
        "eye=OX",
        "eye=",
        "eye=OD&eye=OD",
        "age=121",
        "age=-1",
        "age=nan",
        "age=1e999",
        "age=1e3",
        "age=0x10",
        "age=+1",
        "name=Smith",
        "eyes=OD",
    ],
)
def test_a_parameter_without_a_meaning_is_refused(service: RunningService, query: str) -> None:
    answer = service.request("POST", f"/v1/scans?{query}", png())
    assert (answer.status, answer.code) == (400, "bad-request")
    assert "Smith" not in answer.content.decode()


@pytest.mark.parametrize("query", ["lang=de", "lang=xx", "lang=", "lang=de&lang=fr", "lnag=de"])
def test_the_page_comes_whatever_language_its_address_asks_for(service: RunningService, query: str) -> None:
    answer = service.request("GET", f"/?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_another_media_type_is_refused(service: RunningService) -> None:
    answer = service.request("POST", "/v1/scans", png(), {"Content-Type": "image/png"})
    assert (answer.status, answer.code) == (415, "other-media-type")


@pytest.mark.parametrize(
    "path",
    ["/v1/nothing", "/page/../server.py", "/page/..%2f..%2fserver.py", "/page/%2e%2e/server.py", "/page/__init__.py",
     "/page//etc/passwd", "/../../etc/passwd", "/page/texts/..%2fde.json", "/page/texts/xx.json", "/page/.", "//"],
)  # fmt: skip
def test_no_path_leads_out_of_the_service(service: RunningService, path: str) -> None:
    assert service.request("GET", path).status in (400, 404)


def test_another_method_is_refused_with_those_that_there_are(service: RunningService) -> None:
    answer = service.request("GET", "/v1/scans")
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "no-such-method", "POST")


def test_health_says_model_and_queue(service: RunningService, proven_model: Path) -> None:
    assert service.request("GET", "/health/live").json == {"live": True}
    ready = service.request("GET", "/health/ready")
    assert (ready.status, ready.json["ready"], ready.json["queue"]) == (200, True, {"taken": 0, "places": 9})
    assert ready.json["model"]["sha256"] == CataractAnalyzer(proven_model).network.sha256


def test_an_answer_says_by_which_hash_its_line_is_found(start: Start, tmp_path: Path) -> None:
    service = start(audit=str(tmp_path / "audit.jsonl"))
    scan = service.request("POST", "/v1/scans?eye=OS", png())
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    assert service.request("GET", f"/v1/exams/{exam}").json["document_sha256"] is None
    service.request("POST", f"/v1/exams/{exam}/analysis")
    wait_for_end(service, exam)
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    found = [line["document_sha256"] for line in lines if line["event"] == "result"]
    assert found == [
        scan.headers["document-sha256"],
        service.request("GET", f"/v1/exams/{exam}").json["document_sha256"],
    ]
    (tmp_path / "answer.json").write_bytes(scan.content)
    written = subprocess.run(
        [sys.executable, "-m", "json.tool", "--indent", "2", tmp_path / "answer.json"], check=True, capture_output=True
    )
    assert hashlib.sha256(written.stdout).hexdigest() == found[0]


def test_every_answer_is_recorded_before_it_is_given(start: Start, tmp_path: Path) -> None:
    service = start(audit=str(tmp_path / "audit.jsonl"))
    documents = [service.request("POST", "/v1/scans?eye=OS", png(cataract_rows=rows)).json for rows in (40, 80)]
    lines: list[Any] = [line for line in (tmp_path / "audit.jsonl").read_text().splitlines() if '"result"' in line]
    assert len(lines) == 2
    assert all(one["scans"][0]["sha256"] in line for one, line in zip(documents, lines, strict=True))
    (tmp_path / "audit.jsonl").write_text("no audit\n")
    refused = service.request("POST", "/v1/scans?eye=OS", png())
    assert (refused.status, "eye" in refused.json) == (503, False)
