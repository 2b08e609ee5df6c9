"""A frozen program takes along what it needs: the hook for PyInstaller is found by its entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"
PROGRAM = "import sys; from edge_runtime.cli import main; sys.exit(main())\n"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program, made in an environment that has nothing of this checkout."""
    folder = tmp_path_factory.mktemp("frozen")
    python = folder / "venv" / "bin" / "python"
    (folder / "app.py").write_text(PROGRAM)
    for command in (
        [sys.executable, "-m", "venv", folder / "venv"],
        [python, "-m", "pip", "install", "--quiet", f"{ROOT}[report]", "pyinstaller>=6"],
        [python, "-m", "PyInstaller", "--onedir", "--noconfirm", "--log-level", "ERROR", folder / "app.py"],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, timeout=500)
        assert done.returncode == 0, done.stderr
    return folder / "dist" / "app" / "app"


@pytest.mark.slow
@pytest.mark.network
def test_a_frozen_program_analyses_proves_itself_and_shows_its_schema(frozen: Path) -> None:
    for words, said in (
        ((str(SAMPLE),), "Cataract Fraction 0.622"),
        (("selftest",), "PASS"),
        (("schema",), "result/1"),
    ):
        done = subprocess.run([frozen, *words], check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


@pytest.mark.slow
@pytest.mark.network
def test_a_frozen_program_writes_a_page_in_another_language(frozen: Path, tmp_path: Path) -> None:
    page = tmp_path / "scan.html"
    words = [frozen, SAMPLE, "--report", page, "--lang", "ar"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert '<html lang="ar" dir="rtl"' in page.read_text(encoding="utf-8")
