"""The bundled models in onnxruntime for Node.js."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Question

pytestmark = pytest.mark.network

PROGRAM = Path(__file__).with_name("node_counts.cjs")


def test_onnxruntime_node_finds_what_the_runtime_finds(question: Question, node_modules: Path) -> None:
    finished = subprocess.run(
        ["node", PROGRAM, *question.arguments],
        env={**os.environ, "NODE_PATH": str(node_modules)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    question.check(finished.stdout)
