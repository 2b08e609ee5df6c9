"""Files analysed at the same time give what each gives alone, and a damaged one is refused in its own thread."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import ScanError
from tests.conftest import ROOT
from tests.edge_runtime.pictures import encoded, lens_frame, speckled_frame

TIMES = 6


def outcome(analyzer: CataractAnalyzer, path: Path) -> tuple[int, int] | str:
    """Lens and cataract pixels of a file, or the word with which it is refused."""
    try:
        pixels = analyzer.analyze(path).pixels
    except ScanError as error:
        return error.word
    return pixels.lens, pixels.cataract


def test_files_analysed_together_give_what_each_gives_alone(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    """Messages of the decoder are captured for the whole process: a damaged JPEG must not spoil its neighbours."""
    jpeg = encoded(".jpg", speckled_frame())
    for name, data in {
        "large.png": encoded(".png", lens_frame()),
        "small.png": encoded(".png", lens_frame(cataract_rows=40)),
        "whole.jpg": encoded(".jpg", lens_frame()),
        "damaged.jpg": jpeg[: len(jpeg) // 2] + bytes(64) + jpeg[len(jpeg) // 2 + 64 :],
        "cut.jpg": jpeg[:-200],
    }.items():
        (tmp_path / name).write_bytes(data)
    paths = sorted(tmp_path.iterdir())
    alone = [outcome(analyzer, path) for path in paths]
    assert [type(found) for found in alone] == [str, str, tuple, tuple, tuple]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda path: outcome(analyzer, path), paths * TIMES))
    assert together == alone * TIMES


FORKED = """
import multiprocessing, os, sys
from edge_runtime import CataractAnalyzer, Limits
scan, threads = sys.argv[1], int(sys.argv[2])
inherited = CataractAnalyzer(limits=Limits(threads=threads))
expected = inherited.analyze(scan).cataract_fraction

def use(_):
    return inherited.analyze(scan).cataract_fraction

def renew(_):
    global inherited
    inherited = CataractAnalyzer(limits=Limits(threads=threads))
    return inherited.analyze(scan).cataract_fraction

for work in (use, renew):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(work, range(4)).get(timeout=30) == [expected] * 4
        pool.close()
        pool.join()
if (child := os.fork()) == 0:
    del inherited
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_forked_processes_use_renew_and_drop_an_analyzer(threads: int) -> None:
    sample = ROOT / "edge_runtime" / "samples" / "simulated-cataract.png"
    done = subprocess.run(
        [sys.executable, "-c", FORKED, sample, str(threads)], check=False, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_analyzer_can_be_sent_to_another_process(tiny_model: Path) -> None:
    analyzer = CataractAnalyzer(tiny_model)
    copy = pickle.loads(pickle.dumps(analyzer))
    frame = lens_frame()
    assert copy.analyze_pixels(frame).cataract_fraction == analyzer.analyze_pixels(frame).cataract_fraction
