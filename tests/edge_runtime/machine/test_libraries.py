"""A library that is missing or broken is named, and scarce memory is told apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import MissingLibraryError, ResourceError
from edge_runtime.machine.libraries import PACKAGES, broken_library
from tests.conftest import ROOT

SAMPLE = ROOT / "edge_runtime" / "samples" / "simulated-clear.png"


@pytest.mark.parametrize("module", PACKAGES)
@pytest.mark.parametrize("content", [None, "", "raise ImportError('libfoo.so.1: cannot open shared object file')"])
def test_a_broken_library_is_named_with_its_remedy(module: str, content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / f"{module}.py").write_text(content)
    hide = f"import sys; sys.modules[{module!r}] = None; " if content is None else ""
    code = f"{hide}import sys; from edge_runtime.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, SAMPLE], capture_output=True, check=False, text=True, cwd=tmp_path
    )
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert f"pip install --force-reinstall --no-deps {PACKAGES[module]}" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "libonnxruntime.so: failed to map segment from shared object",
        "libopenblas.so: cannot allocate memory in static TLS block",
    ],
)
def test_a_library_that_does_not_fit_into_memory_is_not_broken(text: str) -> None:
    assert isinstance(broken_library(ImportError(text, name="onnxruntime")), ResourceError)


def test_the_import_that_failed_first_is_the_one_that_is_named() -> None:
    try:
        try:
            raise ImportError("undefined symbol", name="cv2.cv2")
        except ImportError as cause:
            raise RuntimeError("later") from cause
    except RuntimeError as error:
        found = broken_library(error)
    assert isinstance(found, MissingLibraryError)
    assert "opencv-python-headless" in found.remedy
    assert broken_library(ImportError("nothing of ours", name="antigravity")) is None
    assert broken_library(ValueError("no import at all")) is None
