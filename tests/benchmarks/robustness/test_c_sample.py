"""A small part of the leaks and crashes of the C sample, and the checkers themselves."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.c_sample import PITCH, SANITIZERS, SIDE, ask, batches, findings, sanitized, valgrind
from benchmarks.samples.programs import build_c, c_command

FAULTY = r"""
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    char *kept = malloc(8);
    for (int place = 1; place < count; place++) printf("{\"error\": \"%c\"}\n", kept[FAULT]);
    kept = malloc(4);
    return kept == NULL || words == NULL;
}
"""


def faulty(folder: Path, place: int, *flags: str) -> Path:
    """A program that loses 8 bytes, and reads the byte at a place of them."""
    source, program = folder / "faulty.c", folder / "faulty"
    source.write_text(FAULTY)
    subprocess.run(["gcc", f"-DFAULT={place}", *flags, "-o", program, source], check=True, timeout=60)
    return program


@pytest.mark.slow
def test_sanitizers_find_nothing_in_frames_and_damaged_files(program: Callable[[str], str], tmp_path: Path) -> None:
    program("gcc")
    found = sanitized((3, 40), tmp_path, np.random.default_rng(1))
    assert found["wrong"] == []
    assert sum(found["seen"].values()) == 43
    assert len(found["seen"]) > 3


@pytest.mark.slow
def test_sanitizers_would_find_a_leak(program: Callable[[str], str], tmp_path: Path) -> None:
    program("gcc")
    wrong = ask([str(faulty(tmp_path, 0, *SANITIZERS))], [b""], Counter(), ASAN_OPTIONS="detect_leaks=1:exitcode=99")
    assert "LeakSanitizer" in wrong[0]


@pytest.mark.slow
def test_valgrind_finds_no_error_in_a_frame_and_a_damaged_file(program: Callable[[str], str], tmp_path: Path) -> None:
    sample, report = build_c(tmp_path / "checked", "-O1", "-g", compiler=program("gcc")), tmp_path / "report.xml"
    [[whole]] = batches(1, np.random.default_rng(2), SIDE, broken=False)
    program("valgrind")
    words = [*valgrind(report), *c_command(sample, "int8", PITCH)]
    assert ask(words, [whole, whole[:-1]], Counter()) == []
    assert findings(report)[0] == []


@pytest.mark.slow
def test_valgrind_would_find_a_leak_and_a_read_behind_the_end(program: Callable[[str], str], tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    program("valgrind")
    words = [*valgrind(report), faulty(tmp_path, 8, "-g"), "one"]
    subprocess.run(words, check=False, timeout=60, capture_output=True)
    errors, lost = findings(report)
    assert errors[0].startswith("InvalidRead: main")
    assert lost == 12
