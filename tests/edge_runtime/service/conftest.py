"""Services in processes of their own, with a model that proves itself and limits that a test reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import onnx
import pytest

from benchmarks.robustness.running_service import RunningService
from edge_runtime import CataractAnalyzer
from edge_runtime.golden import sample_counts
from edge_runtime.model.seal import seal
from tests.conftest import ROOT
from tests.edge_runtime.pictures import lens_frame
from tests.make_tiny_model import TinyModel, tiny_model_proto

Start = Callable[..., RunningService]
PROGRAM = (sys.executable, "-m", "tests.edge_runtime.service.deadly")


@pytest.fixture(scope="session")
def proven_model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """The tiny model with the numbers that an export writes into it, by which it proves itself."""
    return write_proven(tmp_path_factory.mktemp("proven") / "proven.onnx", sample_counts(CataractAnalyzer(tiny_model)))


def write_proven(path: Path, counts: Any, name: str = TinyModel.name) -> Path:
    model = tiny_model_proto(TinyModel(name=name))
    model.metadata_props.add(key="edge_cataract.golden", value=json.dumps(counts))
    onnx.checker.check_model(model)
    path.write_bytes(seal(model.SerializeToString(deterministic=True)))
    return path


@pytest.fixture(scope="module")
def start(proven_model: Path) -> Iterator[Start]:
    """Start services; they end with the module, whatever happens."""
    with ExitStack() as running:

        def started(**wanted: Any) -> RunningService:
            limits = {"idle_s": 1.5, "body_s": 1.5, "scan_s": 20.0, "stop_s": 5.0, **wanted.pop("limits", {})}
            options = json.dumps({"model": str(proven_model), "limits": limits, **wanted})
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            return running.enter_context(RunningService([options], PROGRAM, environment))

        yield started


@pytest.fixture(scope="module")
def service(start: Start) -> RunningService:
    return start()


def tls_files(folder: Path, program: Callable[[str], str]) -> tuple[Path, Path]:
    """A certificate and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=kiosk.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def png(first: int | None = None, **lens: Any) -> bytes:
    """A scan whose fraction is known, with a first pixel that says what becomes of the worker."""
    frame = lens_frame(**lens)
    if first is not None:
        frame[0, 0] = first
    return bytes(cv2.imencode(".png", frame)[1].tobytes())


def wait_for_end(service: RunningService, exam: str) -> list[tuple[str, Any]]:
    """The events of an exam until it is done or failed."""
    answer = service.request("GET", f"/v1/exams/{exam}/events")
    blocks = [block.split("\n") for block in answer.content.decode().split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def new_exam(service: RunningService, eye: str = "OD", **more: Any) -> str:
    content = json.dumps({"eye": eye, **more}).encode()
    answer = service.request("POST", "/v1/exams", content, {"Content-Type": "application/json"})
    assert answer.status == 201
    return str(answer.json["id"])
