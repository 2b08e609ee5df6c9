"""The gallery shows every kind of opacity, and sheets lose no panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.evidence import phantom_gallery
from benchmarks.evidence.phantom_gallery import BAND_ROWS, every_kind, eye_plan, panel, scan_plan, sheet
from edge_runtime.measure.kinds import OpacityKind
from train.phantom.patient import make_eye
from train.phantom.render import simulate


def test_every_kind_of_opacity_has_an_example() -> None:
    examples = every_kind(make_eye(eye_plan("kinds-b", 66.0, dilated=True)))
    assert {kind for kind in OpacityKind if kind} == set(examples)


def test_a_sheet_fills_its_last_row_with_black() -> None:
    panels = [np.full((2, 3, 3), value, np.uint8) for value in (1, 2, 3)]
    found = sheet(panels, 2)
    assert found.shape == (4, 6, 3)
    assert [found[row, column, 0] for row, column in ((0, 0), (0, 3), (2, 0), (2, 3))] == [1, 2, 3, 0]


def test_a_panel_is_grey_but_for_its_title_and_its_outlines() -> None:
    scan = simulate(eye_plan("age30", 30.0), scan_plan(0.0))

    def coloured(picture: np.ndarray) -> int:
        return int(np.ptp(picture, axis=2).astype(bool).sum())

    bare, titled, outlined = panel(scan, "", outlined=False), panel(scan, "title", outlined=False), panel(scan, "title")
    assert coloured(bare) == 0
    assert 0 < coloured(titled) < coloured(outlined)


def test_the_title_of_a_lens_close_up_stands_above_it() -> None:
    scan = simulate(eye_plan("age30", 30.0), scan_plan(0.0))
    bare, titled = (panel(scan, title, outlined=False, close=True) for title in ("", "4 posterior subcapsular"))
    lettered = (bare != titled).any(axis=(1, 2))
    assert lettered.any()
    assert not lettered[BAND_ROWS:].any()
    assert not bare[:BAND_ROWS].any()
    across = (bare != titled).any(axis=(0, 2))
    assert not across[-5:].any(), "the longest title is cut"


def test_one_sheet_can_be_drawn_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    black = np.zeros((255, 300, 3), np.uint8)
    monkeypatch.setattr(phantom_gallery, "SHEETS", dict.fromkeys(["kinds", "ages"], (lambda: [black], 1)))
    assert phantom_gallery.main(["--out", str(tmp_path), "--only", "kinds"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kinds.jpg"]
