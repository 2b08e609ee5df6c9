"""A few kills, and the judge of the pair."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.kills import DEADLY, Pair, kills, pair_in
from edge_runtime.report.png import PictureMark, encode_png

DOCUMENT = b'{"schema": "edge-cataract/result/1"}'


def overlay_of(document: bytes) -> bytes:
    mark = PictureMark("overlay", "", hashlib.sha256(document).hexdigest())
    return encode_png(np.zeros((4, 4), np.uint8), mark)


def test_a_pair_is_judged_by_what_its_files_say(tmp_path: Path) -> None:
    assert pair_in(tmp_path, DOCUMENT).lost
    (tmp_path / "scan.json").write_bytes(DOCUMENT)
    (tmp_path / "scan.overlay.png").write_bytes(overlay_of(DOCUMENT))
    assert pair_in(tmp_path, DOCUMENT) == Pair(lost=False, torn=False, mixed=False, older=True)
    (tmp_path / "scan.overlay.png").write_bytes(overlay_of(b"another"))
    assert pair_in(tmp_path, b"another").mixed
    (tmp_path / "scan.overlay.png").write_bytes(overlay_of(DOCUMENT)[:-5])
    assert pair_in(tmp_path, DOCUMENT).torn


@pytest.mark.slow
def test_a_run_that_is_killed_loses_and_mixes_nothing() -> None:
    met = kills(16, seed=3, deadly=DEADLY)
    assert {word: met[word] for word in ("lost", "torn", "mixed", "left")} == dict.fromkeys(
        ("lost", "torn", "mixed", "left"), 0
    )
    assert met["older"] + met["newer"] == 16
