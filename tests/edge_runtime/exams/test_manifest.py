"""Manifests as hands and spreadsheets leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import ScanMissingError, UsageError
from edge_runtime.exams.manifest import Manifest, is_manifest, read_manifest
from edge_runtime.scan import Laterality


def read(folder: Path, text: str, encoding: str = "utf-8") -> Manifest:
    (folder / "m.csv").write_bytes(text.encode(encoding))
    return read_manifest(str(folder / "m.csv"))


def test_a_manifest_says_exam_eye_and_meridian(tmp_path: Path) -> None:
    text = "path,exam,eye,meridian_deg,camera\na.png,E2,OD,30,x\nsub/b.png,E1,left,,x\nc.png,E2,OS,22.5,x\n"
    manifest = read(tmp_path, text)
    assert manifest.not_read == ("camera",)
    first, second = manifest.exams
    assert [(scan.path, scan.eye, scan.meridian_deg) for scan in first.scans] == [
        (str(tmp_path / "a.png"), Laterality.OD, 30.0),
        (str(tmp_path / "c.png"), Laterality.OS, 22.5),
    ]
    assert manifest.one is None
    assert (first.label, second.label, second.scans[0].eye) == ("E2", "E1", Laterality.OS)


def test_what_a_manifest_leaves_out_is_known_by_names(tmp_path: Path) -> None:
    (exam,) = read(tmp_path, "path\nP1_OD_30deg.png\nP1_OS_1.png\n").exams
    assert (exam.label, [scan.eye_by_name for scan in exam.scans]) == ("P1", [Laterality.OD, Laterality.OS])
    assert exam.scans[0].meridian_by_name == 30.0


def test_rows_that_name_no_exam_may_be_one(tmp_path: Path) -> None:
    manifest = read(tmp_path, "path,eye\nz.png,OD\na.png,OD\n")
    assert [exam.label for exam in manifest.exams] == ["z", "a"]
    assert manifest.one is not None
    assert [scan.path for scan in manifest.one.scans] == [str(tmp_path / name) for name in ("z.png", "a.png")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_manifest_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    (exam,) = read(tmp_path, "path,exam,eye,,\r\nÄ.png,Müller,OD,,\r\n,,,,\r\n", encoding).exams
    assert (exam.label, exam.scans[0].path) == ("Müller", str(tmp_path / "Ä.png"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exam,eye\nE1,OD\n", "column path is missing"),
        ("path;exam\na.png;E1\n", "semicolons"),
        ("path,Eye\na.png,OD\n", "'Eye' must be written eye"),
        ("path,eye\na.png,both\n", "line 2: eye 'both' is neither OD nor OS"),
        ("path,meridian_deg\na.png,200\n", "line 2: meridian_deg '200'"),
        ("path,meridian_deg\na.png,nan\n", "line 2: meridian_deg 'nan'"),
        ("path,meridian_deg,eye\na.png,22,5,OD\n", "line 2: 4 cells, 3 were expected"),
        ("path,eye\n,OD\n", "line 2: path is empty"),
        ("path\na.png\n./a.png\n", "line 3: the path of line 2 again"),
        ("path\n", "has no rows"),
        ("", "column path is missing"),
    ],
)
def test_every_fault_of_a_manifest_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert refused.value.word == "bad-manifest"
    assert said in refused.value.found


def test_many_faults_are_counted(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, "path,eye\n" + "".join(f"{number}.png,x\n" for number in range(9)))
    assert refused.value.found.endswith("(and 4 more).")


def test_a_manifest_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    assert is_manifest("A.CSV")
    with pytest.raises(ScanMissingError):
        read_manifest(str(tmp_path / "none.csv"))


@pytest.mark.parametrize("cell", ["c\0.png", "c\x1b.png"])
def test_a_path_with_control_characters_is_refused_with_its_line(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "exam.csv"
    path.write_text(f"path\n{cell}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2: path has control characters"):
        read_manifest(str(path))


def test_a_scan_named_like_standard_input_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exam.csv").write_text("path\n-\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (exam,) = read_manifest("exam.csv").exams
    assert [scan.path for scan in exam.scans] == ["./-"]
