"""Instructions are counted by the emulator, the same at every run; caps on memory are found and kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.evidence import small_devices_page
from benchmarks.speed import small_devices
from edge_runtime.scan import MAX_PIXELS
from tests.conftest import ROOT

LEAST_MEMORY = """
import json, sys
from benchmarks.speed.small_devices import least_memory
print(json.dumps(least_memory("int8", sys.argv[1:])))
"""
LOOP = 'int main(void) {{ long i = {}; __asm__ volatile("1: dec %0; jnz 1b" : "+r"(i)); return 0; }}'


@pytest.mark.slow
def test_instructions_are_those_of_the_program(program: Callable[[str], str], tmp_path: Path) -> None:
    emulator, compiler = program("qemu-x86_64"), program("x86_64-linux-gnu-gcc")
    plugin = small_devices.build_plugin(tmp_path)

    def count(times: int) -> int:
        loop = tmp_path / "loop"
        compile_it = [compiler, "-static", "-x", "c", "-o", str(loop), "-"]
        subprocess.run(compile_it, input=LOOP.format(times), text=True, check=True)
        counted, printed = small_devices.instructions([emulator], [str(loop)], plugin)
        assert not printed
        return counted

    assert count(1_200_000) - count(1_000_000) == 400_000


@pytest.mark.slow
def test_the_least_cap_is_kept(tmp_path: Path) -> None:
    # In a process of its own: what it starts inherits its peak, and that of the tests is larger.
    command = [sys.executable, "-c", LEAST_MEMORY, "--overlay", str(tmp_path / "overlay.png")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["kept"]
    assert found["peak_mb"] <= found["least_cap_mb"] < found["without_cap_mb"]


def test_scenes_are_what_the_page_says() -> None:
    content = json.loads(small_devices.RESULTS.read_text())
    shapes = {(one["scene"], one["rows"], one["columns"]) for one in content["instructions"]}
    assert shapes == {("usual", 1824, 2150), ("elsewhere", 1824, 2150), ("largest", 4560, 5375)}
    assert 0.9 * MAX_PIXELS < 4560 * 5375 <= MAX_PIXELS
    # The same lens in the same eye, whatever the size of its picture.
    lens = {one["scene"]: one["lens_px"] for one in content["instructions"] if one["precision"] == "fp32"}
    assert lens["largest"] == pytest.approx(lens["usual"], rel=0.03)


def test_the_page_is_that_of_the_committed_results() -> None:
    content = json.loads(small_devices.RESULTS.read_text())
    assert small_devices_page.PAGE.read_text() == small_devices_page.page(content)
    assert content["model"]["version"] == small_devices.CataractAnalyzer().network.metadata.version
