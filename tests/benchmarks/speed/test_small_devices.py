"""Instructions are counted by the emulator, the same at every run; caps on memory are found and kept."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.evidence import small_devices_page
from benchmarks.speed import small_devices
from tests.conftest import ROOT

LOOP = 'int main(void) {{ long i = {}; __asm__ volatile("1: dec %0; jnz 1b" : "+r"(i)); return 0; }}'


@pytest.mark.slow
def test_instructions_are_those_of_the_program(tmp_path: Path) -> None:
    if shutil.which("qemu-x86_64") is None or shutil.which("gcc") is None or platform.machine() != "x86_64":
        if os.environ.get("CI"):
            pytest.fail("qemu-user or gcc is missing")
        pytest.skip("needs qemu-user and gcc")
    plugin = small_devices.build_plugin(tmp_path)

    def count(times: int) -> int:
        program = tmp_path / "loop"
        compile_it = ["gcc", "-static", "-x", "c", "-o", str(program), "-"]
        subprocess.run(compile_it, input=LOOP.format(times), text=True, check=True)
        counted, printed = small_devices.instructions(["qemu-x86_64"], [str(program)], plugin)
        assert not printed
        return counted

    assert count(1_200_000) - count(1_000_000) == 400_000


@pytest.mark.slow
def test_the_least_cap_is_kept_and_one_less_is_refused() -> None:
    # In a process of its own: what it starts inherits its peak, and that of the tests is larger.
    code = "import json; from benchmarks.speed import small_devices as s; print(json.dumps(s.least_memory('int8', [])))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["kept"]
    assert found["peak_mb"] <= found["least_cap_mb"] < found["without_cap_mb"]


def test_the_page_is_that_of_the_committed_results() -> None:
    content = json.loads(small_devices.RESULTS.read_text())
    assert small_devices_page.PAGE.read_text() == small_devices_page.page(content)
    assert content["model"]["version"] == small_devices.CataractAnalyzer().network.metadata.version
