from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.data.test_masks import SQUARE, labelme, polygon
from train.__main__ import main
from train.data.labels import read_labels


def test_the_verb_writes_masks_that_the_layout_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelme(tmp_path / "in/P1_OD.json", polygon("cataract", *SQUARE))
    labelme(tmp_path / "in/P2_OD.json")
    assert main(["masks", str(tmp_path / "in"), "--out", str(tmp_path / "masks")]) == 0
    assert read_labels(tmp_path / "masks/P1_OD.png").shape == (60, 80)
    assert not read_labels(tmp_path / "masks/P2_OD.png").any()
    assert "Without a polygon, all background: P2_OD." in capsys.readouterr().err


def test_a_hole_that_was_filled_is_told_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = ((15, 25), (15, 30), (20, 30), (20, 25), (15, 25), (10, 20))
    labelme(tmp_path / "in/P1_OD.json", polygon("cataract", *SQUARE, SQUARE[0], *inner))
    labelme(tmp_path / "in/P2_OD.json", polygon("cataract", *SQUARE))
    assert main(["masks", str(tmp_path / "in"), "--out", str(tmp_path / "masks")]) == 0
    assert "P1_OD (25 px)." in (said := capsys.readouterr().err)
    assert "P2_OD" not in said


def test_an_empty_folder_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["masks", str(tmp_path), "--out", str(tmp_path / "masks")]) == 65
    assert "no LabelMe file (*.json)" in capsys.readouterr().err
