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


def test_an_empty_folder_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["masks", str(tmp_path), "--out", str(tmp_path / "masks")]) == 65
    assert "no LabelMe file (*.json)" in capsys.readouterr().err
