"""``exam`` with folders, manifests and both eyes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_runtime import cli
from edge_runtime.exams import opening
from edge_runtime.report.document import SCHEMA_FILE
from edge_runtime.scan import Known, Laterality, Origin, ScanSource, scan_from_pixels
from tests.edge_runtime.pictures import empty_frame, encoded, lens_frame

Run = Callable[..., tuple[int, str, str]]
VALIDATOR = jsonschema.Draft202012Validator(json.loads(Path(SCHEMA_FILE).read_text()))


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call ``exam`` in this process, in a folder of its own, with the tiny model: exit code, output, errors."""
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main(["exam", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def write(*names: str, gradable: bool = True) -> None:
    for number, name in enumerate(names):
        frame = lens_frame(cataract_rows=200 + 8 * number) if gradable else empty_frame()
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(encoded(".png", frame))


def documents(out: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in out.splitlines()]
    for one in found:
        VALIDATOR.validate(one)
    return found


def word(errors: str) -> str:
    (found,) = re.findall(r"error\[([a-z-]+)\]", errors)
    return str(found)


def test_a_folder_of_both_eyes_gives_a_document_for_each(run: Run) -> None:
    write("usb/OS/10_150deg.png", "usb/OS/2_0deg.png", "usb/OD/1.png")
    Path("usb/Thumbs.db").write_bytes(b"x")
    code, out, errors = run("usb", "--json")
    right, left = documents(out)
    assert (code, right["eye"]["laterality"], left["eye"]["laterality"]) == (0, "OD", "OS")
    assert [(scan["source"], scan["meridian_deg"], scan["meridian_origin"]) for scan in left["scans"]] == [
        ("2_0deg.png", 0.0, "name"),
        ("10_150deg.png", 150.0, "name"),
    ]
    assert {scan["laterality_origin"] for scan in left["scans"]} == {"name"}
    assert errors == "edge-cataract: left out, as no scans: Thumbs.db.\n"


def test_both_eyes_are_summed_up_for_a_person(run: Run) -> None:
    write("a_OD_1.png", "a_OS_1.png")
    code, out, _ = run("a_OD_1.png", "a_OS_1.png")
    assert code == 0
    assert [part.splitlines()[0] for part in out.split("\n\n")] == ["OD: cataract", "OS: cataract"]


def test_files_of_both_eyes_keep_their_names_apart(run: Run) -> None:
    write("usb/OS/1.png", "usb/OD/1.png", "usb/OD/2.png")
    os.mkdir("out")
    assert run("usb", "-o", "out", "--picture", "out/eye.png")[0] == 0
    assert sorted(os.listdir("out")) == [
        "1.OD.overlay.png", "1.OS.overlay.png", "2.OD.overlay.png", "exam-OD.json", "exam-OS.json", "eye-OD.png",
        "eye-OS.png",
    ]  # fmt: skip
    assert run("usb", "-o", "out")[0] == 0  # again, over its own results


def test_overlays_of_scans_with_names_of_their_own_are_called_as_ever(run: Run) -> None:
    write("a_OD.png", "a_OS.png")
    os.mkdir("out")
    assert run("a_OD.png", "a_OS.png", "-o", "out", "--name", "E7")[0] == 0
    assert sorted(os.listdir("out")) == [
        "E7-OD.json", "E7-OS.json", "a_OD.E7-OD.overlay.png", "a_OS.E7-OS.overlay.png",
    ]  # fmt: skip
    write("b_OD.png", "b_OS.png")
    assert run("b_OD.png", "b_OS.png", "-o", "out")[0] == 0
    assert {"b_OD.overlay.png", "b_OS.overlay.png"} <= set(os.listdir("out"))


def test_outputs_in_the_folder_of_the_scans_are_no_scans_of_the_next_run(run: Run) -> None:
    write("usb/1_OD.png", "usb/2_OD.png")
    assert run("usb", "-o", "usb", "--json")[0] == 0
    code, out, errors = run("usb", "-o", "usb", "--json")
    (document,) = documents(out)
    assert (code, len(document["scans"])) == (0, 2)
    assert "1_OD.overlay.png" in errors


def test_a_manifest_gives_eyes_meridians_and_order(run: Run) -> None:
    write("z.png", "a.png")
    Path("m.csv").write_text("path,eye,meridian_deg,age\nz.png,OD,90,60\na.png,OD,60,60\n")
    code, out, errors = run("m.csv", "--json")
    (document,) = documents(out)
    assert code == 0
    assert [(s["source"], s["meridian_deg"], s["laterality_origin"]) for s in document["scans"]] == [
        ("z.png", 90.0, "manifest"),
        ("a.png", 60.0, "manifest"),
    ]
    assert errors == "edge-cataract: columns of the manifest that are not read: age.\n"


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (("usb", "--eye", "OD"), "contradicting-eye", 2),
        (("unknown.png",), "unknown-eye", 2),
        (("usb/OD/1_OD.png", "unknown.png"), "unknown-eye", 2),
        (("OD/x_OS.png",), "contradicting-eye", 2),
        (("two.csv",), "usage", 2),
        (("two.csv", "unknown.png"), "usage", 2),
        (("two.csv", "--eye", "OS"), "usage", 2),
        (("bad.csv",), "bad-manifest", 2),
        (("none.csv",), "missing-file", 66),
        (("empty",), "no-scans", 66),
        (("one.csv", "--eye", "OS"), "contradicting-eye", 2),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(
    words: tuple[str, ...], expected: str, code: int, run: Run
) -> None:
    write("usb/OD/1_OD.png", "usb/OS/1_OS.png", "unknown.png", "OD/x_OS.png")
    os.mkdir("empty")
    Path("two.csv").write_text("path,exam,eye\nunknown.png,A,OD\nOD/x_OS.png,B,OS\n")
    Path("one.csv").write_text("path,exam,eye\nunknown.png,A,OD\n")
    Path("bad.csv").write_text("file\nx.png\n")
    ended, out, errors = run(*words)
    assert (ended, word(errors), out) == (code, expected, "")


def test_the_eye_that_is_given_goes_before_names_of_files_and_is_warned_of(run: Run) -> None:
    write("x_OS.png", "y.png")
    code, out, _ = run("x_OS.png", "y.png", "--eye", "OD", "--json")
    (document,) = documents(out)
    assert (code, document["eye"]["laterality"]) == (0, "OD")
    assert [warning["source"] for warning in document["warnings"] if warning["code"] == "other-eye"] == ["x_OS.png"]


@pytest.mark.parametrize(
    ("right", "left", "code"),
    [("good", "good", 0), ("good", "empty", 4), ("empty", "empty", 3), ("good", "cut", 4), ("cut", "empty", 4)],
)
def test_the_exit_code_speaks_for_both_eyes(right: str, left: str, code: int, run: Run) -> None:
    for name, kind in (("x_OD.png", right), ("x_OS.png", left)):
        write(name, gradable=kind == "good")
        if kind == "cut":
            Path(name).write_bytes(b"")
    assert run("x_OD.png", "x_OS.png", "-q")[0] == code


def test_an_eye_without_a_readable_scan_stays_in_every_output(run: Run) -> None:
    write("usb/OS/1.png", "usb/OS/2.png")
    Path("usb/OD").mkdir()
    for name in ("1", "2"):
        Path(f"usb/OD/{name}.png").write_bytes(encoded(".png", lens_frame())[:3000] + name.encode())
    code, out, errors = run("usb", "--json", "--csv", "eyes.csv")
    right, left = documents(out)
    assert (code, right["eye"]["answer"], left["eye"]["scans_used"]) == (4, "ungradable", 2)
    assert [scan["source"] for scan in right["scans"]] == ["1.png", "2.png"]
    assert errors.count("error[truncated-png]") == 2
    assert [line[:4] for line in Path("eyes.csv").read_text().splitlines()[1:]] == ['"OD"', '"OS"']
    assert "OD: not graded (truncated-png)" in run("usb")[1]


@pytest.mark.parametrize("names", [("P1_OD_1", "P1_OD_2", "P2_OD_1", "P2_OD_2")])
def test_a_folder_of_several_exams_of_one_eye_is_refused(names: tuple[str, ...], run: Run) -> None:
    write(*(f"usb/{name}.png" for name in names))
    code, _, errors = run("usb")
    assert (code, word(errors)) == (2, "several-exams")


@pytest.mark.parametrize(
    ("names", "doubted"),
    [
        (("P1_OD_1", "P1_OD_2", "P2_OD_1", "P2_OD_2"), True),
        (("P1_OD_1", "P1_OD_2", "P1_OD_3", "P2_OD_1"), True),
        (("visit1/OD_1", "visit1/OD_2", "visit2/OD_1", "visit2/OD_2"), True),
        (("P1_OD_1", "P1_OD_2", "P1_OD_3", "P1_OD_4"), False),
        (("1_OD_a", "2_OD_a", "3_OD_a", "4_OD_a"), False),
        (("OD/IMG0001", "OD/IMG0002", "OD/IMG0003"), False),
        (("a1", "a2", "b1", "b2"), False),
    ],
)
def test_files_whose_names_say_several_exams_are_no_clear_eye(names: tuple[str, ...], doubted: bool, run: Run) -> None:
    files = [f"{name}.png" for name in names]
    write(*files)
    code, out, _ = run(*files, "--eye", "OD", "--json")
    (document,) = documents(out)
    assert code == 0
    assert ("several-exams" in {warning["code"] for warning in document["warnings"]}) is doubted
    assert ("several-exams" in document["eye"]["answer_reasons"]) is doubted


def test_numbers_before_the_words_of_both_eyes_tell_no_exams_apart(run: Run) -> None:
    write("usb/01_OD_1.png", "usb/01_OD_2.png", "usb/02_OS_1.png", "usb/02_OS_2.png")
    assert run("usb")[0] == 0


def test_a_manifest_is_never_replaced(run: Run) -> None:
    write("1.png")
    Path("exam.csv").write_text("path,eye\n1.png,OD\n")
    code, _, errors = run("exam.csv", "--csv", "exam.csv", "--overwrite")
    assert (code, word(errors)) == (2, "output-taken")
    assert Path("exam.csv").read_text().startswith("path,eye")


def test_label_maps_of_both_eyes_have_names_of_their_own(run: Run) -> None:
    write("usb/OD/1.png", "usb/OS/1.png")
    Path("maps").mkdir()
    assert run("usb", "--labels", "maps")[0] == 0
    assert sorted(os.listdir("maps")) == ["1.OD.labels.png", "1.OS.labels.png"]
    Path("maps/1.OS.labels.png").unlink()
    code, out, _ = run("usb", "--corrected", "maps", "--json")
    right, left = documents(out)
    assert (code, "corrected" in right["eye"], "corrected" in left["eye"]) == (0, True, False)


def test_more_scans_than_an_exam_has_are_warned_of(run: Run) -> None:
    write(*(f"usb/{number}_OD.png" for number in range(7)))
    (document,) = documents(run("usb", "--json")[1])
    assert "more-scans-than-expected" in {warning["code"] for warning in document["warnings"]}


def test_frames_of_one_file_are_scans_with_overlays_of_their_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file of several frames gives them: their names say the frame, their header the eye."""

    def frames_of(file: str, room: Callable[[], int | None]) -> tuple[ScanSource, ...]:
        frames = [lens_frame(cataract_rows=200 + 8 * number) for number in range(4)]
        return tuple(
            ScanSource(
                f"{file}#{number}",
                partial(scan_from_pixels, frame, f"x.dcm#{number}"),
                Known(Laterality.OD if number < 3 else Laterality.OS, Origin.FILE),
                Known(30.0 * number, Origin.FILE),
                number,
            )
            for number, frame in enumerate(frames, start=1)
        )

    monkeypatch.setattr(opening, "sources_of", frames_of)
    os.mkdir("out")
    Path("x.dcm").write_bytes(b"frames")
    code, out, _ = run("x.dcm", "-o", "out", "--json")
    assert (code, [len(one["scans"]) for one in documents(out)]) == (0, [2, 2])
    assert sorted(os.listdir("out")) == [
        "exam-OD.json", "exam-OS.json", *(f"x.{number:03d}.overlay.png" for number in (1, 2, 3, 4)),
    ]  # fmt: skip
    assert {scan["laterality_origin"] for scan in documents(out)[0]["scans"]} == {"file"}
    assert word(run("x.dcm", "--eye", "OD")[2]) == "contradicting-eye"


def test_a_file_that_is_not_there_is_missing_and_not_without_an_eye(run: Run) -> None:
    code, _, errors = run("nosuch.png")
    assert (code, word(errors)) == (66, "missing-file")
