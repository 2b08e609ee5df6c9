"""The small inputs that once failed, where their folder stands beside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CASES = ROOT.parent / "shared" / "cases"
SLOW_START = {"N": "20"}  # signals of each kind


def programs() -> list[Path]:
    found = [*CASES.glob("*/run.sh"), *CASES.glob("*/reproduce.py")]
    return sorted(path for path in found)


@pytest.mark.slow
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases do not stand beside this checkout")
@pytest.mark.parametrize("program", programs(), ids=lambda path: path.parent.name)
def test_a_case_that_once_failed_ends_well(program: Path) -> None:
    environment = {**os.environ, **SLOW_START, "PYTHON": sys.executable, "CHECKOUT": str(ROOT)}
    command = ["sh", program] if program.suffix == ".sh" else [sys.executable, program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=550)
    assert done.returncode == 0, done.stdout + done.stderr
