"""The bundled models in OpenVINO."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Install, Question

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
