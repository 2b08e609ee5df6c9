"""Files analysed at the same time give what each gives alone, and a damaged one is refused in its own thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edge_runtime import CataractAnalyzer
from edge_runtime.errors import ScanError
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
