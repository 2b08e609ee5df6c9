"""A program that uses the public names passes strict type checkers, and one that misuses them does not."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import edge_runtime
from tests.conftest import ROOT

USE = Path(__file__).with_name("api_use.py")
MYPY = ("mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"))
PYRIGHT = ("pyright", "--project", str(ROOT))
# A program, and the kind of error that each checker must find in it.
MISUSES = {
    "unknown name": (
        "import edge_runtime\nprint(edge_runtime.Nothing)",
        {"mypy": "attr-defined", "pyright": "reportAttributeAccessIssue"},
    ),
    "wrong argument": (
        "from edge_runtime import CataractAnalyzer\nCataractAnalyzer().analyze(5)",
        {"mypy": "arg-type", "pyright": "reportArgumentType"},
    ),
    "truth value for an event": (
        "from edge_runtime import CataractAnalyzer\nCataractAnalyzer().analyze('a.png', cancel=True)",
        {"mypy": "arg-type", "pyright": "reportArgumentType"},
    ),
    "overlay of an eye": (
        "from edge_runtime import CataractAnalyzer\nCataractAnalyzer().analyze_exam(['a.png']).overlay()",
        {"mypy": "attr-defined", "pyright": "reportAttributeAccessIssue"},
    ),
    "undefined number": (
        "from edge_runtime import CataractAnalyzer\nprint(CataractAnalyzer().analyze('a.png').cataract_fraction + 1)",
        {"mypy": "operator", "pyright": "reportOptionalOperand"},
    ),
}


def complaints(program: Path, checker: tuple[str, ...]) -> str:
    """What a type checker prints about a program that it refuses; nothing for one that it accepts."""
    variables = {"MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    finished = subprocess.run(
        [sys.executable, "-m", *checker, program],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout + finished.stderr if finished.returncode else ""


@pytest.mark.slow
@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_program_that_uses_the_public_names_passes(checker: tuple[str, ...]) -> None:
    assert complaints(USE, checker) == ""


@pytest.mark.slow
@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
@pytest.mark.parametrize("misuse", MISUSES)
def test_program_that_misuses_a_public_name_is_refused(misuse: str, checker: tuple[str, ...], tmp_path: Path) -> None:
    program, kinds = MISUSES[misuse]
    (tmp_path / "misuse.py").write_text(program)
    assert kinds[checker[0]] in complaints(tmp_path / "misuse.py", checker)


def test_every_public_name_is_used_and_leads_somewhere() -> None:
    imported = {
        name.name
        for node in ast.walk(ast.parse(USE.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "edge_runtime"
        for name in node.names
    }
    assert imported == set(edge_runtime.__all__)
    assert dir(edge_runtime) == sorted(edge_runtime.__all__)
    assert all(getattr(edge_runtime, name) is not None for name in edge_runtime.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = edge_runtime.nothing  # type: ignore[attr-defined]
