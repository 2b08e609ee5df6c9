"""The command line of the simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from train.__main__ import main
from train.commands import phantom


def words(out: Path, patients: int = 2) -> list[str]:
    return ["phantom", "--cohort", "training", "--out", str(out), "--patients", str(patients), "--workers", "1"]


def test_the_space_on_the_disk_is_announced_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phantom, "write_cohort", lambda *_: None)
    assert main(words(tmp_path / "new" / "folder", patients=100)) == 0
    announced = capsys.readouterr().err
    assert "100 patients, 600 scans, about 0.87 GB" in announced
    assert "GB free" in announced
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_cohort_is_written(tmp_path: Path) -> None:
    assert main(words(tmp_path, patients=1)) == 0
    assert json.loads((tmp_path / "cohort.json").read_text())["patients"] == 1
    assert len((tmp_path / "scans.csv").read_text().splitlines()) == 7


def test_a_folder_with_another_cohort_ends_with_73(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cohort.json").write_text(json.dumps({"cohort": "validation"}))
    assert main(words(tmp_path)) == 73
    assert "holds another cohort" in capsys.readouterr().err


def test_a_cohort_without_patients_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tmp_path, patients=0)) == 2
    assert "0 patients are no cohort; give at least 1" in capsys.readouterr().err
