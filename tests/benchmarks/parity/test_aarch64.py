"""An emulated Raspberry Pi 4 gives the answers of this machine, and its self-test passes."""

from __future__ import annotations

import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.parity.aarch64 import (
    SAMPLES,
    compare,
    differing_pixels,
    documents_here,
    holds,
    make_board,
    missing_programs,
    phantom_scans,
)


@pytest.mark.slow
@pytest.mark.network
def test_an_emulated_board_gives_the_same_answers(tmp_path: Path) -> None:
    missing = missing_programs()
    if missing or os.geteuid() != 0:
        reason = f"an aarch64 board is not emulated here: {', '.join(missing) or 'root unpacks Debian'} is missing"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    scans = [*SAMPLES, *phantom_scans(tmp_path / "scans", 2)]
    assert len(scans) == 2 + 2 * 3  # raw frames, and pictures of both sizes
    try:
        board = make_board(tmp_path, metadata.version("onnxruntime"))
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"nothing can be downloaded: {error}")
    found = compare(board, scans)
    assert holds(found), found


def test_documents_are_compared_by_answer_and_by_pixels() -> None:
    document = documents_here(SAMPLES[:1], "int8")[0]
    assert "timings_ms" not in document["scans"][0]
    assert differing_pixels(document, document) == 0
    other = {**document, "scans": [{**document["scans"][0], "lens_px": document["scans"][0]["lens_px"] + 3}]}
    assert differing_pixels(document, other) == 3
    assert differing_pixels(document, {**document, "eye": {**document["eye"], "decision": "clear"}}) is None


def test_no_answer_may_differ_and_hardly_any_pixel() -> None:
    good = {"equal_documents": 3, "other_answers": 0, "differing_px": 0, "lens_px": 2_000_000}
    found = {"scans": 3, "selftest": 0, "int8": good, "fp32": {**good, "equal_documents": 2, "differing_px": 2}}
    assert holds(found)
    assert not holds({**found, "int8": {**good, "other_answers": 1}})
    assert not holds({**found, "int8": {**good, "differing_px": 2_001}})
    assert not holds({**found, "fp32": {**good, "differing_px": 3}})
    assert not holds({**found, "selftest": 83})
