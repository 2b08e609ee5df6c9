"""A frozen program takes along what it needs: the hook for PyInstaller is found by its entry point."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from export.shipping.program import Program
from tests.conftest import ROOT
from tests.dicom_files import LOSSLESS, file_bytes
from tests.edge_runtime.dicom_out.source_files import multi_frame

from .conftest import released_fraction

pytestmark = [pytest.mark.slow, pytest.mark.network]

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"


def run(frozen: Program, *words: str | Path) -> Any:
    return subprocess.run([frozen.executable, *words], check=False, capture_output=True, text=True, timeout=120)


def test_a_frozen_program_analyses_proves_itself_and_shows_its_schema(frozen: Program) -> None:
    for words, said in (
        ((str(SAMPLE),), f"Cataract Fraction {released_fraction(SAMPLE.name):.3f}"),
        (("selftest",), "PASS"),
        (("schema",), "result/1"),
    ):
        done = run(frozen, *words)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_a_frozen_program_writes_a_page_in_another_language(frozen: Program, tmp_path: Path) -> None:
    page = tmp_path / "scan.html"
    done = run(frozen, SAMPLE, "--report", page, "--lang", "ar")
    assert done.returncode == 0, done.stderr
    assert '<html lang="ar" dir="rtl"' in page.read_text(encoding="utf-8")


def test_a_frozen_program_reads_packed_dicom_and_writes_dicom(frozen: Program, tmp_path: Path) -> None:
    """Codecs are found by name and highdicom reads tables from its folder: both are easily left behind."""
    grey = cv2.imdecode(np.frombuffer(SAMPLE.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    dataset = multi_frame([grey, np.ascontiguousarray(grey[:, ::-1])])
    fractions = []
    for syntax in ("rle", "jpeg-ls", "jpeg-2000"):
        (tmp_path / syntax).mkdir()
        path = tmp_path / f"{syntax}.dcm"
        path.write_bytes(file_bytes(dataset, LOSSLESS[syntax]))
        done = run(frozen, "exam", path, "--json", "--dicom-out", tmp_path / syntax, "--dicom-out-kinds", "sr,seg")
        assert done.returncode == 0, done.stderr
        fractions.append(json.loads(done.stdout)["eye"]["cataract_fraction"])
        assert len(list((tmp_path / syntax).glob("*.dcm"))) == 2
    here = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "exam", path, "--json"], check=True, capture_output=True, cwd=ROOT
    )
    assert fractions == [pytest.approx(json.loads(here.stdout)["eye"]["cataract_fraction"], abs=1e-3)] * 3


def test_a_frozen_program_checks_the_signature_of_a_model(
    frozen: Program, tmp_path: Path, program: Callable[[str], str]
) -> None:
    model = tmp_path / "model.onnx"
    shutil.copy(next((ROOT / "edge_runtime" / "models").glob("edge-*-fp32.onnx")), model)
    public, secret = tmp_path / "maker.pub", tmp_path / "maker.key"
    for words in (("-G", "-W", "-p", public, "-s", secret), ("-S", "-s", secret, "-m", model)):
        subprocess.run([program("minisign"), *words], check=True, capture_output=True)
    (tmp_path / "slots").mkdir()
    done = run(frozen, "model", "install", model, "--slots", tmp_path / "slots", "--key", public)
    assert (done.returncode, done.stderr) == (0, "")
