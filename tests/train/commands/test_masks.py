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


def test_words_of_other_annotators_are_read_when_they_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelme(tmp_path / "in/P1_OD.json", polygon("Lens", *SQUARE))
    labelme(tmp_path / "in/P2_OD.json", polygon("dense_opacity", *SQUARE))
    words = ["masks", str(tmp_path / "in"), "--out", str(tmp_path / "masks")]
    assert main(words) == 65
    assert "label 'Lens' is unknown, clear lens or cataract was expected" in capsys.readouterr().err
    assert main([*words, "--map", "lens=clear_lens"]) == 65
    assert "label 'dense_opacity' is unknown, clear lens or cataract or lens was" in capsys.readouterr().err
    assert main([*words, "--map", "lens=Clear Lens", "--map", "dense opacity=cataract"]) == 0
    assert [read_labels(tmp_path / f"masks/P{number}_OD.png").max() for number in (1, 2)] == [1, 2]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["lens"], "--map 'lens' is not WORD=CLASS, with the class clear lens or cataract."),
        (["lens="], "is not WORD=CLASS"),
        (["=cataract"], "is not WORD=CLASS"),
        (["lens=iris"], "is not WORD=CLASS"),
        (["lens=cataract", "Lens=clear lens"], "gives 'lens' a second meaning"),
        (["cataract=clear lens"], "gives 'cataract' a second meaning"),
    ],
)
def test_an_explanation_that_makes_no_sense_is_one_clear_error(
    pairs: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelme(tmp_path / "in/P1_OD.json", polygon("cataract", *SQUARE))
    mapped = [word for pair in pairs for word in ("--map", pair)]
    assert main(["masks", str(tmp_path / "in"), "--out", str(tmp_path / "masks"), *mapped]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()
