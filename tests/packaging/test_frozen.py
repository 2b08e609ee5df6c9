"""A frozen program takes along what it needs: the hook for PyInstaller is found by its entry point."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

from .conftest import Frozen

pytestmark = [pytest.mark.slow, pytest.mark.network]

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"


def run(frozen: Frozen, *words: str | Path) -> Any:
    return subprocess.run([frozen.program, *words], check=False, capture_output=True, text=True, timeout=120)


def test_a_frozen_program_analyses_proves_itself_and_shows_its_schema(frozen: Frozen) -> None:
    for words, said in (
        ((str(SAMPLE),), "Cataract Fraction 0.622"),
        (("selftest",), "PASS"),
        (("schema",), "result/1"),
    ):
        done = run(frozen, *words)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_a_frozen_program_writes_a_page_in_another_language(frozen: Frozen, tmp_path: Path) -> None:
    page = tmp_path / "scan.html"
    done = run(frozen, SAMPLE, "--report", page, "--lang", "ar")
    assert done.returncode == 0, done.stderr
    assert '<html lang="ar" dir="rtl"' in page.read_text(encoding="utf-8")
