"""What a device must not need is never imported; proved in a fresh process, with a proof that the check can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.edge_runtime.pictures import encoded, lens_frame

TRAINING = {
    "torch", "onnx", "onnxscript", "scipy", "sklearn", "matplotlib", "lightning", "lightning_fabric", "tqdm", "pandas",
    "train", "export", "benchmarks", "tests", "pydicom", "babel", "jinja2",
}  # fmt: skip
UNTIL_NEEDED = {"cv2", "onnxruntime"}


def imported_by(program: str, *arguments: str | Path, folders: tuple[Path, ...] = (ROOT,)) -> set[str]:
    """Top-level modules that a fresh interpreter holds after it has run a program."""
    told = f"{program}\nimport json, sys\nsys.stderr.write(json.dumps([*{{n.partition('.')[0] for n in sys.modules}}]))"
    finished = subprocess.run(
        [sys.executable, "-c", told, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return set(json.loads(finished.stderr))


def forbidden_in(imported: set[str], forbidden: set[str]) -> set[str]:
    return imported & forbidden


def test_import_brings_neither_decoder_nor_engine_nor_training() -> None:
    imported = imported_by("import edge_runtime")
    assert "edge_runtime" in imported
    assert forbidden_in(imported, TRAINING | UNTIL_NEEDED) == set()


@pytest.mark.parametrize("name", ["Laterality", "TissueLabel", "Decision", "CataractAnalyzer", "document", "Limits"])
def test_no_public_name_brings_the_engine_before_it_is_used(name: str) -> None:
    imported = imported_by(f"from edge_runtime import {name}")
    assert forbidden_in(imported, TRAINING | UNTIL_NEEDED) == set()


def test_command_line_parses_without_numpy() -> None:
    imported = imported_by("from edge_runtime.cli import main\nassert main(['schema']) == 0")
    assert forbidden_in(imported, TRAINING | UNTIL_NEEDED) == set()


def test_analysis_with_every_output_brings_nothing_of_training(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "scan.png").write_bytes(encoded(".png", lens_frame()))
    imported = imported_by(
        "import sys\nfrom edge_runtime.cli import main\nassert main(sys.argv[1:]) == 0",
        tmp_path / "scan.png", "--model", tiny_model, "-o", tmp_path, "--labels", tmp_path / "l.png", "--json",
    )  # fmt: skip
    assert imported >= UNTIL_NEEDED
    assert forbidden_in(imported, TRAINING) == set()


@pytest.mark.parametrize("name", ["scipy", "cv2", "train"])
def test_the_check_can_fail(name: str, tmp_path: Path) -> None:
    """A package that does import one, directly or two steps away, is caught by the same functions."""
    (tmp_path / f"{name}.py").write_text("")
    (tmp_path / "guilty").mkdir()
    (tmp_path / "guilty/__init__.py").write_text("from . import inner")
    (tmp_path / "guilty/inner.py").write_text(f"def load():\n    import {name}\nload()")
    assert forbidden_in(imported_by("import guilty", folders=(tmp_path,)), TRAINING | UNTIL_NEEDED) == {name}


def test_import_starts_no_thread_and_prints_nothing() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", "import edge_runtime, threading; assert threading.active_count() == 1"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert (finished.stdout, finished.stderr) == (b"", b"")
