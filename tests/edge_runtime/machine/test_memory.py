"""A cap of resident memory is kept by smaller tiles, or refused before work starts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ResourceError
from edge_runtime.golden import SAMPLES
from edge_runtime.machine import memory
from edge_runtime.model import tiling
from edge_runtime.reading.raster import read_scan
from edge_runtime.report.png import encode_png
from tests.conftest import ROOT

GEOMETRY = tiling.TileGeometry(grid=4, unit=64, halo=192)
NATIVE = (1824, 2150)
SMALLEST = GEOMETRY.smallest_read(*NATIVE)
FRAME = (1000, 1100)  # small enough that its pictures need no more than its tiles


def cap_for(tile_pixels: int) -> int:
    """The cap, in MB, that leaves room for a tile of so many pixels."""
    held = 100 * memory.MEGABYTE + memory.NETWORK_BYTES + memory.BYTES_PER_FRAME_PIXEL * 1000 * 1100
    return (held + memory.BYTES_PER_TILE_PIXEL * tile_pixels) // memory.MEGABYTE


@pytest.fixture
def resident_megabytes(monkeypatch: pytest.MonkeyPatch) -> int:
    """A process that holds 100 MB so far."""
    monkeypatch.setattr(memory, "resident_bytes", lambda *, peak: 100 * memory.MEGABYTE)
    return 100


def test_without_a_cap_a_whole_frame_is_one_tile() -> None:
    pixels = memory.Headroom.now(None).largest_tile(NATIVE, NATIVE, SMALLEST)
    assert pixels == memory.MAX_TILE_PIXELS
    assert len(tiling.plan(*NATIVE, GEOMETRY, pixels)) == 1


def test_generous_cap_changes_nothing(resident_megabytes: int) -> None:
    assert memory.Headroom.now(4_000).largest_tile(NATIVE, NATIVE, SMALLEST) == memory.MAX_TILE_PIXELS


def test_cap_shrinks_the_tiles(resident_megabytes: int) -> None:
    pixels = memory.Headroom.now(cap_for(700_000)).largest_tile(FRAME, FRAME, SMALLEST)
    assert 500_000 < pixels <= 700_000
    plan = tiling.plan(1100, 1100, GEOMETRY, pixels)
    assert len(plan) > 1
    assert max(tile.read_pixels for tile in plan) <= pixels


def test_cap_that_cannot_be_kept_is_refused_and_says_what_it_takes(resident_megabytes: int) -> None:
    with pytest.raises(ResourceError, match=r"needs (\d+) MB") as caught:
        memory.Headroom.now(cap_for(0)).largest_tile(FRAME, FRAME, SMALLEST)
    assert (caught.value.word, caught.value.exit_code) == ("memory-cap", 71)
    needed = int(caught.value.found.split("needs ")[1].split(" MB")[0])
    assert memory.Headroom.now(needed).largest_tile(FRAME, FRAME, SMALLEST) >= SMALLEST
    with pytest.raises(ResourceError):
        memory.Headroom.now(needed - 1).largest_tile(FRAME, FRAME, SMALLEST)


def test_cap_that_leaves_no_room_for_pictures_of_a_large_frame_is_refused(resident_megabytes: int) -> None:
    cap = cap_for(SMALLEST) + 1
    assert memory.Headroom.now(cap).largest_tile(FRAME, FRAME, SMALLEST) >= SMALLEST
    for scan, frame in ((NATIVE, FRAME), (FRAME, NATIVE)):
        with pytest.raises(ResourceError, match="needs 146 MB"):
            memory.Headroom.now(cap).largest_tile(scan, frame, SMALLEST)


def test_memory_that_was_given_back_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peak of an earlier scan under the cap must not make a later one fail."""
    cap = cap_for(SMALLEST) + 1
    monkeypatch.setattr(memory, "resident_bytes", lambda *, peak: (cap - 1 if peak else 100) * memory.MEGABYTE)
    assert memory.Headroom.now(cap).largest_tile(FRAME, FRAME, SMALLEST) >= SMALLEST


def test_cap_that_was_broken_already_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "resident_bytes", lambda *, peak: (900 if peak else 100) * memory.MEGABYTE)
    with pytest.raises(ResourceError, match="needs 900 MB"):
        memory.Headroom.now(800).largest_tile(NATIVE, NATIVE, SMALLEST)


def test_frame_smaller_than_a_tile_needs_no_more_than_itself(resident_megabytes: int) -> None:
    assert memory.Headroom.now(120).largest_tile((100, 100), (100, 100), SMALLEST) >= 10_000
    with pytest.raises(ResourceError, match="needs 120 MB"):
        memory.Headroom.now(119).largest_tile((100, 100), (100, 100), SMALLEST)


@given(
    cap=st.integers(1, 2_000), rows=st.integers(1, 4_000), columns=st.integers(1, 4_000), smallest=st.integers(1, 10**6)
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_cap_is_kept_by_the_plan_or_refused(cap: int, rows: int, columns: int, smallest: int) -> None:
    before = memory.resident_bytes
    memory.resident_bytes = lambda *, peak: 100 * memory.MEGABYTE
    try:
        pixels = memory.Headroom.now(cap).largest_tile((1, 2), (rows, columns), smallest)
    except ResourceError:
        return
    finally:
        memory.resident_bytes = before
    assert min(smallest, rows * columns) <= pixels <= memory.MAX_TILE_PIXELS
    frame = rows * columns
    labelling = memory.NETWORK_BYTES + memory.BYTES_PER_FRAME_PIXEL * frame + memory.BYTES_PER_TILE_PIXEL * pixels
    drawing = memory.PICTURES_BYTES + memory.BYTES_PER_PICTURE_PIXEL * max(2, frame)
    used = 100 * memory.MEGABYTE + max(labelling, drawing)
    assert used <= cap * memory.MEGABYTE


def test_memory_of_the_program_that_started_this_one_does_not_count() -> None:
    """Linux hands ru_maxrss on to a program that is started: a big parent would make every cap fail."""
    program = """
import subprocess, sys
ballast = b"x" * 300_000_000
print(subprocess.run(
    [sys.executable, "-c", "from edge_runtime.machine.memory import resident_bytes; print(resident_bytes(peak=True))"],
    capture_output=True, text=True, check=True).stdout)
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert 1e6 < int(finished.stdout) < 100e6


def test_resident_memory_without_proc_comes_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    def no_proc(*_: object, **__: object) -> None:
        raise FileNotFoundError

    with_proc = memory.resident_bytes(peak=True)
    monkeypatch.setattr(builtins, "open", no_proc)
    assert memory.resident_bytes(peak=True) >= with_proc * 0.9


CAPPED = """
import sys
from edge_runtime.cli import main
from edge_runtime.machine.memory import resident_bytes
code = main(sys.argv[1:])
print(code, resident_bytes(peak=True), file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize("more_mb", [2, 40])
@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_a_cap_is_kept_in_a_real_process_with_every_picture_or_refused(
    more_mb: int, precision: str, tmp_path: Path
) -> None:
    pictures = {name: tmp_path / f"{name}.png" for name in ("overlay", "labels", "probability")}
    words = [word for name, path in pictures.items() for word in (f"--{name}", str(path))]
    words += [str(SAMPLES / "simulated-clear.png"), "--quiet", "--precision", precision]

    def run(*more: str) -> str:
        command = [sys.executable, "-c", CAPPED, *words, *more]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stderr

    refused = run("--max-memory", "90")
    assert refused.split()[-2] == "71"
    assert not list(tmp_path.iterdir())
    needed = re.search(r"memory-cap.* needs (\d+) MB", refused)
    assert needed is not None
    # What is held differs a little from run to run: barely enough, and plenty.
    cap = int(needed[1]) + more_mb
    code, peak = (int(word) for word in run("--max-memory", str(cap)).split()[-2:])
    assert code == 0
    assert peak <= cap * memory.MEGABYTE
    found = {name: path.read_bytes() for name, path in pictures.items()}
    assert run().split()[-2] == "0"
    assert {name: path.read_bytes() for name, path in pictures.items()} == found


@pytest.mark.slow
def test_a_cap_that_is_enough_for_one_scan_is_enough_for_several(tmp_path: Path) -> None:
    pixels = read_scan(SAMPLES / "simulated-clear.png").pixels.astype(np.uint16) * 257  # 8 MB
    scans = [tmp_path / f"{number}.png" for number in range(3)]
    for number, scan in enumerate(scans):
        scan.write_bytes(encode_png(np.roll(pixels, number, axis=1)))

    def run(cap: int, *named: Path) -> str:
        command = [sys.executable, "-c", CAPPED, *map(str, named), "--json", "--max-memory", str(cap)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stderr

    refused = re.search(r"needs (\d+) MB", run(85, scans[0]))
    assert refused is not None
    # What is held differs a little from run to run, and the look keeps some of what it needed; a scan would be 8 MB.
    enough = int(refused[1]) + 7
    code, peak = run(enough, *scans).split()[-2:]
    assert code == "0"
    assert int(peak) <= enough * memory.MEGABYTE


@pytest.mark.slow
def test_a_cap_is_kept_by_an_exam_with_its_pictures_or_refused(tmp_path: Path) -> None:
    pixels = read_scan(SAMPLES / "simulated-clear.png").pixels
    scans = [tmp_path / f"{number}-OD.png" for number in range(6)]
    for number, scan in enumerate(scans):
        scan.write_bytes(encode_png(np.roll(pixels, 2 * number, axis=1)))
    results = tmp_path / "results"
    results.mkdir()

    def run(cap: int) -> str:
        command = [sys.executable, "-c", CAPPED, "exam", *map(str, scans), "-o", str(results), "--max-memory", str(cap)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stderr

    cap, code = 120, ""
    while code != "0":  # the least that each step asks for, until it is enough
        assert cap < 250
        said = run(cap)
        code, peak = said.split()[-2:]
        assert int(peak) <= cap * memory.MEGABYTE
        if code != "0":
            refused = re.search(r"this (?:scan|exam) needs (\d+) MB", said)
            assert (code, bool(refused), list(results.iterdir())) == ("71", True, [])
            cap = int(refused[1]) + 1 if refused else 0
