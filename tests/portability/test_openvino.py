"""The bundled models in OpenVINO."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.samples.asked import MAX_DIFFERENT_FP32, Asked
from benchmarks.samples.programs import SampleError, ask_openvino
from edge_runtime import CataractAnalyzer
from edge_runtime.frame.profiles import PROFILES

from .conftest import Install, Question
from .test_node_measurement import scans

pytestmark = pytest.mark.network

PROGRAM = Path(__file__).with_name("openvino_counts.py")


@pytest.fixture(scope="session")
def openvino(install: Install) -> Path:
    """Without its dependencies: numpy is here, and its telemetry is not wanted."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    return install("openvino", *pip, "--target", "{folder}", "openvino>=2025.0")


def test_openvino_finds_what_the_runtime_finds(question: Question, openvino: Path) -> None:
    finished = subprocess.run(
        [sys.executable, PROGRAM, *question.arguments],
        env={**os.environ, "PYTHONPATH": str(openvino)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    question.check(finished.stdout)


@pytest.mark.slow
def test_the_sample_for_openvino_finds_what_the_runtime_finds(openvino: Path, tmp_path: Path) -> None:
    analyzer = CataractAnalyzer(precision="fp32")
    some = {name: scan for name, scan in scans().items() if scan.pixels.shape in PROFILES["anterion"].export_shapes}
    asked = [Asked.of(scan, analyzer) for scan in some.values()]
    files = [tmp_path / f"{name}.png" for name in some]
    for file, one in zip(files, asked, strict=True):
        file.write_bytes(cv2.imencode(".png", one.scan.pixels)[1].tobytes())
    answers = ask_openvino(files, tmp_path, openvino)
    found = {name: one.different(*answer, exact=False) for name, one, answer in zip(some, asked, answers, strict=True)}
    assert found == {name: [] for name in some}
    assert len(some) > 3
    different = sum(one.different_labels(labels) for one, (_, labels) in zip(asked, answers, strict=True))
    assert different <= MAX_DIFFERENT_FP32 * sum(one.found["labels"].size for one in asked)


@pytest.mark.slow
def test_the_sample_for_openvino_refuses_what_it_cannot_read(openvino: Path, tmp_path: Path) -> None:
    for content in (b"", b"GIF89a", cv2.imencode(".png", np.zeros((5, 7), np.uint8))[1].tobytes()):
        file = tmp_path / "MUSTERMANN.png"
        file.write_bytes(content)
        with pytest.raises(SampleError, match="Nothing was measured") as refused:
            ask_openvino([file], tmp_path, openvino)
        assert "Traceback" not in str(refused.value)
