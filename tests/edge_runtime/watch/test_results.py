"""Results appear in full or not at all, under names that no file system refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge_runtime import CataractAnalyzer
from edge_runtime.batch.plan import Job
from edge_runtime.batch.record import ExamRecord, EyeRecord
from edge_runtime.errors import WriteError
from edge_runtime.report.png import picture_mark
from edge_runtime.watch import results as results_module
from edge_runtime.watch.content import UNREADABLE, Content, read_content
from edge_runtime.watch.folder import FileState
from edge_runtime.watch.judging import Judged, file_name, judge
from edge_runtime.watch.memory import KnownFile
from edge_runtime.watch.results import Results
from edge_runtime.watch.tracking import Group
from tests.edge_runtime.batch.exams import write_scan

STATE = FileState(1, 2, 3)


def group_in(root: Path, label: str, *names: str) -> Group:
    files = []
    for number, name in enumerate(names):
        write_scan(root / name, number)
        files.append(KnownFile(name, STATE, read_content(str(root / name), name)))
    return Group(label, tuple(files))


def judged(analyzer: CataractAnalyzer, group: Group, root: Path, *, overlays: bool = True) -> Judged:
    return judge(analyzer, Job(group.planned(str(root)), group.key), overlays=overlays)


@pytest.mark.slow
def test_an_exam_is_written_as_a_folder_of_documents_and_overlays(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    out.mkdir()
    group = group_in(root, "P1", "OD/1.png", "OD/2.png", "OS/1.png")
    results = Results(str(out))
    summary = results.write(group, judged(analyzer, group, root), None)
    folder = out / f"P1-{group.key[:12]}"
    assert sorted(path.name for path in out.iterdir()) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == [
        "1.OD.overlay.png", "1.OS.overlay.png", "2.OD.overlay.png", "exam-OD.json", "exam-OS.json", "exam.json",
    ]  # fmt: skip
    assert json.loads((folder / "exam.json").read_bytes()) == summary
    assert [(eye["laterality"], eye["status"], eye["document"]) for eye in summary["eyes"]] == [
        ("OD", "graded", "exam-OD.json"),
        ("OS", "graded", "exam-OS.json"),
    ]
    assert {name: summary[name] for name in ("exam", "previous", "timed_out", "graded", "refused", "failed")} == {
        "exam": "P1", "previous": None, "timed_out": False, "graded": 3, "refused": 0, "failed": 0,
    }  # fmt: skip
    document = json.loads((folder / "exam-OD.json").read_bytes())
    assert (document["schema"], document["exam"]) == ("edge-cataract/result/1", "P1")
    assert [scan["sha256"] for scan in document["scans"]] == [file.content.sha256 for file in group.files[:2]]
    mark = picture_mark(folder / "2.OD.overlay.png")
    assert mark is not None
    assert mark.scan_sha256 == group.files[1].content.sha256
    assert results.written(group) == summary


@pytest.mark.slow
def test_without_overlays_there_are_documents_alone(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    group = group_in(tmp_path, "P1", "P1_OD_1.png")
    assert set(judged(analyzer, group, tmp_path, overlays=False).files) == {"exam-OD.json"}


@pytest.mark.slow
def test_scans_of_one_name_in_one_eye_keep_an_overlay_each(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    group = group_in(tmp_path, "P1", "OD/1.png", "OD/a/1.png")
    assert set(judged(analyzer, group, tmp_path).files) == {"exam-OD.json", "1.OD.overlay.png", "1.OD-2.overlay.png"}


def test_an_exam_without_a_result_says_why(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "a.png").write_bytes(b"text")
    file = KnownFile("a.png", STATE, Content(UNREADABLE, 1, whole=False))
    group = Group("a", (file,), timed_out=True)
    summary = Results(str(tmp_path / "out")).write(group, judged(analyzer, group, tmp_path), "a-0")
    assert [(eye["laterality"], eye["status"], eye["word"], eye["document"]) for eye in summary["eyes"]] == [
        (None, "refused", "unknown-eye", None)
    ]
    assert (summary["previous"], summary["timed_out"]) == ("a-0", True)
    assert summary["files"] == [{"source": "a.png", "sha256": None}]


def test_files_of_several_patients_are_never_one_answer(analyzer: CataractAnalyzer, tmp_path: Path) -> None:
    from tests.dicom_files import file_bytes, tomography
    from tests.edge_runtime.pictures import speckled_frame

    paths = []
    for number in (1, 2):
        dataset = tomography([speckled_frame() + number], name=f"t{number}")
        dataset.PatientID = f"patient-{number}"
        (tmp_path / f"{number}.dcm").write_bytes(file_bytes(dataset))
        paths.append(KnownFile(f"{number}.dcm", STATE, Content("a" * 64, 1, whole=True)))
    found = judged(analyzer, Group("P1", tuple(paths)), tmp_path)
    assert {eye.word for eye in found.record.eyes} == {"mixed-studies"}
    assert found.files == {}


def test_a_result_that_could_not_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group("P1", (KnownFile("a.png", STATE, Content("a" * 64, 1, whole=True)),))
    results = Results(str(tmp_path))
    content = Judged(ExamRecord([EyeRecord("OD", "refused", None, "word", "why")], {}), {"exam-OD.json": b"{}"})

    def full(*_: object) -> None:
        raise WriteError("write-failed", "full", "free it")

    with monkeypatch.context() as patch:
        patch.setattr(results_module, "write_all", full)
        with pytest.raises(WriteError):
            results.write(group, content, None)
    assert list(tmp_path.iterdir()) == []
    assert results.written(group) is None
    results.write(group, content, None)
    assert results.written(group) is not None


def test_a_result_that_failed_is_made_again_in_its_place(tmp_path: Path) -> None:
    group = Group("P1", (KnownFile("a.png", STATE, Content("a" * 64, 1, whole=True)),))
    results = Results(str(tmp_path))
    results.write(group, Judged(ExamRecord([], {"failed": 1})), None)
    assert results.written(group) is None
    results.write(group, Judged(ExamRecord([], {"graded": 1})), None)
    found = results.written(group)
    assert found is not None
    assert (found["graded"], found["refused"], found["failed"]) == (1, 0, 0)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_result_of_other_files_is_not_taken_for_one(tmp_path: Path) -> None:
    group = Group("P1", (KnownFile("a.png", STATE, Content("a" * 64, 1, whole=True)),))
    results = Results(str(tmp_path))
    folder = tmp_path / results.name(group)
    folder.mkdir()
    for content in (b"", b"no json", b"[]", b'{"key": "other"}', b"[" * 100_000):
        (folder / "exam.json").write_bytes(content)
        assert results.written(group) is None
    (folder / "exam.json").unlink()
    os.mkfifo(folder / "exam.json")  # not waited for
    assert results.written(group) is None


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("P1", "P1"),
        ("site/P1", "site_P1"),
        ("../../etc", "_.._etc"),
        (".hidden", "hidden"),
        ("P\udcff 1", "P_udcff_1"),
        ("a\nb\x1b[0m", "a_nb_x1b_0m"),
        ("", "_"),
        ("...", "_"),
        ("眼" * 200, "眼" * 33),
        ("CON:", "CON_"),
    ],
)
def test_a_label_becomes_a_name_that_every_file_system_takes(label: str, name: str) -> None:
    assert file_name(label) == name


def test_labels_and_contents_that_differ_have_other_names(tmp_path: Path) -> None:
    def named(label: str, path: str, sha256: str) -> str:
        return Results(str(tmp_path)).name(Group(label, (KnownFile(path, STATE, Content(sha256, 1, whole=True)),)))

    assert len({named("a/b", "1", "x"), named("a_b", "1", "x"), named("a/b", "2", "x"), named("a/b", "1", "y")}) == 4
    assert named("a/b", "1", "x") == named("a/b", "1", "x")


def test_what_a_kill_left_of_a_result_is_finished_or_taken_away(tmp_path: Path) -> None:
    token = "0123456789abcdef"
    empty, torn, planned, other = (tmp_path / name for name in ("a-" + "0" * 12, "b-" + "1" * 12, "c-" + "2" * 12, "o"))
    for folder in (empty, torn, planned, other):
        folder.mkdir()
    (torn / f".edge-cataract-{token}-0.tmp").write_bytes(b"half")
    (torn / f".edge-cataract-{token}.journal").write_bytes(b"")
    temporary = planned / f".edge-cataract-{token}-0.tmp"
    temporary.write_bytes(b"{}")
    plan = [[str(temporary), str(planned / "exam.json")]]
    (planned / f".edge-cataract-{token}.journal").write_bytes(json.dumps(plan).encode() + b"\n")
    Results(str(tmp_path)).tidy()
    assert {path.name for path in tmp_path.iterdir()} == {planned.name, other.name}
    assert [path.name for path in planned.iterdir()] == ["exam.json"]
