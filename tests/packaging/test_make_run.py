"""`make run` never answers a mistyped request with the result of the sample."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def dry_run(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "scan=x.png"], ["run", "README.md"], ["run", "x.png"], ["scan=x.png"], ["run", "FILE=x.png"],
        ["run", "SCAN=a.png", "b.png"], ["run", "test"],
    ],
)  # fmt: skip
def test_words_that_run_does_not_know_are_refused(words: list[str]) -> None:
    finished = dry_run(*words)
    assert finished.returncode == 2
    assert "edge-cataract " not in finished.stdout
    assert "SCAN=path" in finished.stderr


@pytest.mark.parametrize("name", ["my scan.png", "USB/OS/x.png"])
def test_the_scan_that_is_named_is_the_one_that_is_analysed(name: str) -> None:
    finished = dry_run("run", f"SCAN={name}")
    assert finished.returncode == 0
    assert f'edge-cataract "{name}"' in finished.stdout


def test_run_alone_analyses_the_sample_and_other_targets_take_variables() -> None:
    assert "simulated-cataract.png" in dry_run("run").stdout
    assert dry_run("clean", "FILE=x").returncode == 0
