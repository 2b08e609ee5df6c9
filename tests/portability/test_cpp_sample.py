"""The C++ class over the C sample: compiled with warnings as errors, equal to the runtime, clear about bad input."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.samples import programs
from benchmarks.samples.asked import Asked
from edge_runtime import CataractAnalyzer
from edge_runtime.scan import Scan, scan_from_pixels
from tests.portability.test_node_measurement import scans

pytestmark = pytest.mark.slow

Ask = Callable[[Sequence[Scan]], tuple[int, list[list[str]]]]


@pytest.fixture(scope="module")
def ask(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Exit code and words of each line for scans of one shape and depth."""
    folder = tmp_path_factory.mktemp("cpp")
    compiled = programs.build_cpp(folder / "edge_cataract", (program("gcc"), program("g++")))
    files = programs.release_files("int8")
    names = [str(files[name]) for name in ("prepare", "look", "crop", "network", "count")]

    def through(some: Sequence[Scan]) -> tuple[int, list[list[str]]]:
        paths = [folder / f"{number}.raw" for number in range(len(some))]
        for path, scan in zip(paths, some, strict=True):
            path.write_bytes(scan.pixels.tobytes())
        shape = [str(some[0].rows), str(some[0].columns), str(some[0].full_scale)]
        command = [str(compiled), str(programs.engine_library()), *names, *shape, *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, [line.split() for line in done.stdout.splitlines()]

    return through


def told(scan: Scan, analyzer: CataractAnalyzer) -> list[str]:
    found = Asked.of(scan, analyzer).found
    counts = [str(found[name]) for name in ("lens_px", "cataract_px", "dropped_px")]
    fraction = "none" if found["cataract_fraction"] is None else f"{found['cataract_fraction']:.17g}"
    return [*counts, fraction, found["decision"], *found["reasons"]]


def test_cpp_finds_what_the_runtime_finds(ask: Ask) -> None:
    analyzer, some = CataractAnalyzer(), scans()
    alike = [some[name] for name in ("clear", "low", "white", "noise")]
    assert ask(alike) == (0, [told(scan, analyzer) for scan in alike])
    assert ask([some["ill"]]) == (0, [told(some["ill"], analyzer)])


def test_cpp_reads_frames_of_16_bits(ask: Ask) -> None:
    scan = scan_from_pixels(np.random.default_rng(4).integers(0, 65536, (1519, 768), dtype=np.uint16))
    assert ask([scan]) == (0, [told(scan, CataractAnalyzer())])


def test_an_error_of_one_scan_is_an_exception_with_its_word(ask: Ask, tmp_path: Path) -> None:
    clear = scans()["clear"]
    constant = Scan.__new__(Scan)  # the runtime refuses to make one
    object.__setattr__(constant, "pixels", np.zeros_like(clear.pixels))
    code, words = ask([clear, constant, clear])
    assert code == 65
    assert words[1] == ["constant-image"]
    assert words[0] == words[2]
    short = scan_from_pixels(np.array(clear.pixels[:-1]))
    object.__setattr__(clear, "pixels", short.pixels)
    assert ask([scans()["clear"], clear])[1][1] == ["bad-array"]
