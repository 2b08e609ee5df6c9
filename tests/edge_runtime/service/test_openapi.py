"""The description of the service is of what it does: made from the table that routes and checks requests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from benchmarks.robustness.running_service import Answer, RunningService
from edge_runtime import codes
from edge_runtime.service.openapi import description
from edge_runtime.service.operations import OPERATIONS

from .conftest import Start, new_exam, png, wait_for_end


def test_every_operation_is_described_with_its_parameters() -> None:
    described = {
        (path, method.upper()): operation
        for path, of in description()["paths"].items()
        for method, operation in of.items()
    }
    assert described.keys() == {(one.path, one.method) for one in OPERATIONS}
    for (path, _), operation in described.items():
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
    assert len({operation["operationId"] for operation in described.values()}) == len(OPERATIONS)


def test_only_what_is_not_about_scans_is_open() -> None:
    open_ones = {one.path for one in OPERATIONS if not one.token}
    assert {path for path in open_ones if path.startswith("/v1")} == {"/v1/session"}
    assert {one.path for one in OPERATIONS if one.token} == {one.path for one in OPERATIONS} - open_ones


def test_its_references_lead_somewhere() -> None:
    text = json.dumps(description())
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', text))
    assert len(references) > 3
    for reference in references:
        place: Any = description()
        for part in reference.split("/"):
            place = place[part]


@pytest.mark.slow
def test_documents_and_errors_are_as_described(service: RunningService) -> None:
    registry: Registry[Any] = Registry().with_resource("urn:api", DRAFT202012.create_resource(description()))
    for kind, answer in (
        ("Result", service.request("POST", "/v1/scans?eye=OD", png())),
        ("Error", service.request("POST", "/v1/scans?eye=OD", b"x")),
    ):
        schema = {"$ref": f"urn:api#/components/schemas/{kind}"}
        Draft202012Validator(schema, registry=registry).validate(answer.json)
    assert service.request("POST", "/v1/scans?eye=OD", b"x").code in codes.REFUSALS
    assert service.request("GET", "/openapi.json").json == json.loads(json.dumps(description()))


@pytest.mark.slow
def test_what_a_service_says_that_is_not_ready_is_as_described(
    start: Start, proven_model: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(proven_model.read_bytes())
    service = start(model=str(model))
    assert_as_described(service.request("GET", "/health/ready"), "/health/ready", "get")
    model.unlink()
    for worker in service.workers():
        os.kill(worker, signal.SIGKILL)
    ends = time.monotonic() + 30
    while (ready := service.request("GET", "/health/ready")).json["notice"] is None:
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert ready.status == 503
    assert ready.json["notice"] == "No model can be loaded: error[missing-model]."
    assert_as_described(ready, "/health/ready", "get")
    began = time.monotonic()
    scan = service.request("POST", "/v1/scans?eye=OD", png())
    assert (scan.status, scan.code, time.monotonic() - began < 2) == (503, "missing-model", True)
    assert_as_described(scan, "/v1/scans", "post")
    exam = new_exam(service)
    service.request("PUT", f"/v1/exams/{exam}/scans/1", png())
    service.request("POST", f"/v1/exams/{exam}/analysis")
    assert wait_for_end(service, exam)[-1][1]["error"]["code"] == "missing-model"
    model.write_bytes(proven_model.read_bytes())
    while service.request("GET", "/health/ready").status != 200:
        assert time.monotonic() < ends + 30
        time.sleep(0.05)
    assert service.request("POST", "/v1/scans?eye=OD", png()).status == 200


def assert_as_described(answer: Answer, path: str, method: str) -> None:
    """The status of an answer is described, and it has the schema and the headers that are described for it."""
    registry: Registry[Any] = Registry().with_resource("urn:api", DRAFT202012.create_resource(description()))
    described = description()["paths"][path][method]["responses"][str(answer.status)]
    reference = described["content"]["application/json"]["schema"]["$ref"]
    Draft202012Validator({"$ref": f"urn:api{reference}"}, registry=registry).validate(answer.json)
    assert {name.lower() for name in described.get("headers", {})} <= {name.lower() for name in answer.headers}


@pytest.mark.slow
def test_whatever_the_description_allows_is_answered_without_a_server_error(start: Start, tmp_path: Path) -> None:
    service = start(limits={"exams": 1000})
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://{service.host}:{service.port}/openapi.json",
        "-H", f"Authorization: Bearer {service.token}", "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--phases", "fuzzing", "-n", "1", "--seed", "18", "--no-color", "--exclude-path", "/",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout[-3000:]
