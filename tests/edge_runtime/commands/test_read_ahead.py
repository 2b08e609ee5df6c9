"""Several scans: the next one is read while one is analysed, in order, and not where memory or an input forbids it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from edge_runtime import cli
from edge_runtime.commands.outcome import EXIT_SOME_FAILED
from edge_runtime.golden import SAMPLES
from edge_runtime.reading import raster
from edge_runtime.scan import Scan

SCANS = [str(path) for path in sorted(SAMPLES.glob("*.png"))]


@pytest.fixture
def read_by(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each reading was done by the main thread."""
    seen: list[bool] = []
    read = raster.read_scan

    def slowly(path: str) -> Scan:
        seen.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.15)
        return read(path)

    monkeypatch.setattr(raster, "read_scan", slowly)
    return seen


def test_each_scan_is_read_by_a_thread_and_its_wait_is_told(
    read_by: list[bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing.png")
    code = cli.main([SCANS[0], missing, SCANS[1], "--json"])
    printed = capsys.readouterr()
    documents = [json.loads(line) for line in printed.out.splitlines()]
    assert [document["scans"][0]["source"] for document in documents] == [Path(name).name for name in SCANS]
    assert code == EXIT_SOME_FAILED
    assert "missing.png" in printed.err
    assert read_by == [False, False, False]
    # The reading of the first began before the model was loaded, so it is waited for in part; no wait is free.
    assert any(document["scans"][0]["timings_ms"]["read"] > 20 for document in documents)


def test_under_a_cap_on_memory_scans_are_read_in_their_turn(read_by: list[bool]) -> None:
    cli.main([*SCANS, "--json", "--max-memory", "2000"])
    assert read_by == []  # by the analyzer itself, which knows how much room there is
