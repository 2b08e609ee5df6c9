"""A result replaces an earlier one of the same kind that holds nothing more, and nothing else; all of it, or none."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from edge_runtime import cli
from edge_runtime.audit.verify import proven_lines
from edge_runtime.report import files
from edge_runtime.report.files import Writing
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime.pictures import encoded, lens_frame

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the program in this process, in a folder of its own, with the tiny model: exit code and errors."""
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        code = cli.main([*words])
        return code, capsys.readouterr().err

    return call


def write(*names: str, first: int = 0) -> None:
    for number, name in enumerate(names, first):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(encoded(".png", lens_frame(cataract_rows=200 + 8 * number)))


def contents(folder: str) -> dict[str, bytes]:
    return {name: Path(folder, name).read_bytes() for name in sorted(os.listdir(folder))}


# --- an exam and its scans -------------------------------------------------------------------------------------------

EVERYTHING = (
    ("-o", "out"),
    ("--csv", "out/t.csv"),
    ("--fhir", "out/b.json"),
    ("--report", "out/p.html"),
    ("--picture", "out/eye.png"),
)


@pytest.mark.parametrize("output", EVERYTHING)
def test_an_exam_that_grows_replaces_its_result_and_one_that_shrinks_does_not(
    output: tuple[str, str], run: Run
) -> None:
    write("P/OD_000.png", "P/OD_030.png")
    os.mkdir("out")
    assert run("exam", "P/OD_000.png", *output)[0] == 0
    assert run("exam", "P/OD_000.png", "P/OD_030.png", *output)[0] == 0
    before = contents("out")
    code, errors = run("exam", "P/OD_000.png", *output)
    assert (code, "error[output-taken]" in errors, "a result of further scans, too" in errors) == (2, True, True)
    assert contents("out") == before
    assert run("exam", "P", *output)[0] == 0
    assert run("exam", "P/OD_000.png", *output, "--overwrite")[0] == 0


@pytest.mark.parametrize("output", EVERYTHING)
def test_an_exam_of_which_nothing_can_be_read_is_run_again_and_repaired(output: tuple[str, str], run: Run) -> None:
    write("bad/OD_1.png", "bad/OD_2.png")
    scan = Path("bad/OD_1.png").read_bytes()
    for name in os.listdir("bad"):
        Path("bad", name).write_text("x")
    write("bad/OS_1.png", first=3)
    os.mkdir("out")
    assert run("exam", "bad", *output)[0] == 4
    assert run("exam", "bad", *output)[0] == 4
    Path("bad/OD_1.png").write_bytes(scan)
    assert run("exam", "bad", *output)[0] == 4
    if output[0] == "-o":
        repaired = json.loads(Path("out/exam-OD.json").read_text())
        assert [scan["sha256"] is None for scan in repaired["scans"]] == [False, True]
    Path("bad/OD_1.png").write_text("x")  # what was measured is not replaced by what cannot be read
    assert run("exam", "bad", *output)[0] == 2


def test_unreadable_scans_of_other_names_are_another_exam(run: Run) -> None:
    for name in ("a/OD_1.png", "a/OS_1.png", "b/OD_7.png", "b/OS_7.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("x")
    os.mkdir("out")
    assert run("exam", "a", "-o", "out")[0] == 4
    assert run("exam", "a", "-o", "out")[0] == 4
    assert run("exam", "b", "-o", "out")[0] == 2


def test_scans_of_one_name_in_two_folders_have_files_of_their_own(run: Run) -> None:
    write("s1/x_OD.png", "s2/x_OD.png", "s3/x_OD-2.png")
    os.mkdir("out")
    command = ("exam", "s1/x_OD.png", "s2/x_OD.png", "s3/x_OD-2.png", "-o", "out", "--labels", "out")
    assert run(*command)[0] == 0
    names = {"x_OD", "x_OD-2", "x_OD-3"}
    written = {"exam-OD.json", *(f"{one}.{kind}.png" for one in names for kind in ("overlay", "labels"))}
    assert set(os.listdir("out")) == written
    assert run(*command)[0] == 0


# --- what a person changed, and other kinds --------------------------------------------------------------------------


def test_a_label_map_that_a_person_corrected_is_kept(run: Run) -> None:
    write("OD_000.png")
    os.mkdir("lab")
    assert run("exam", "OD_000.png", "--labels", "lab")[0] == 0
    assert run("exam", "OD_000.png", "--labels", "lab")[0] == 0
    path = Path("lab/OD_000.labels.png")
    with Image.open(path) as opened:  # as programs save that keep the texts of a picture
        said = PngInfo()
        said.add_text("edge-cataract", opened.info["edge-cataract"])
        corrected = np.array(opened)
    corrected[:100] = 2
    Image.fromarray(corrected).save(path, pnginfo=said)
    before = path.read_bytes()
    code, errors = run("exam", "OD_000.png", "--labels", "lab")
    assert (code, "was changed since this program wrote it" in errors) == (2, True)
    assert path.read_bytes() == before
    assert run("exam", "OD_000.png", "--corrected", "lab", "-q")[0] == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("--csv", "t"), ("--overlay", "t")),
        (("--overlay", "t"), ("--labels", "t")),
        (("--labels", "t"), ("--csv", "t")),
        (("-o", "."), ("--labels", "x.json")),
        (("-o", "."), ("--labels", "x.overlay.png")),
    ],
)
def test_a_result_of_another_kind_is_not_replaced(first: tuple[str, str], second: tuple[str, str], run: Run) -> None:
    write("x.png")
    assert run("x.png", *first)[0] == 0
    before = contents(".")
    code, errors = run("x.png", *second)
    assert (code, "a result of another kind" in errors) == (2, True)
    assert contents(".") == before
    assert run("x.png", *second, "--overwrite")[0] == 0


# --- all of an exam, or nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", range(1, 8))
def test_of_an_exam_of_two_eyes_all_is_written_or_nothing(
    call: int, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("x_OD.png", "x_OS.png")
    os.mkdir("out")
    made: list[str] = []
    synced = files._write_synced

    def failing(temporary: str, content: bytes, _readers_of: str | None = None) -> None:
        made.append(temporary)
        synced(temporary, content[:100])
        if len(made) == call:
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "_write_synced", failing)
    words = (
        "exam",
        "x_OD.png",
        "x_OS.png",
        "-o",
        "out",
        "--csv",
        "out/t.csv",
        "--fhir",
        "out/b.json",
        "--audit",
        "rec",
    )
    code = cli.main([*words])
    printed = capsys.readouterr()
    if call == 7:  # there are six files
        assert (code, len(os.listdir("out"))) == (0, 6)
        assert [line.fields["event"] for line in proven_lines("rec")] == ["begin", "result", "result"]
        return
    assert (code, printed.out, os.listdir("out")) == (74, "", [])
    assert "Nothing was written." in printed.err
    assert [line.fields["event"] for line in proven_lines("rec")] == ["begin"]


# --- two at once -----------------------------------------------------------------------------------------------------


def test_of_two_that_write_one_name_at_once_one_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write("e1/s.png", "e2/s.png")
    os.mkdir("out")
    publish, others = Writing.publish, ["e2/s.png"]

    def after_the_other(writing: Writing, permit: Callable[[], None] | None = None) -> None:
        if others:
            assert cli.main([others.pop(), "-o", "out", "-q"]) == 0
        publish(writing, permit)

    monkeypatch.setattr(Writing, "publish", after_the_other)
    code, errors = run("e1/s.png", "-o", "out", "-q", "--audit", "rec")
    assert (code, "error[output-taken]" in errors) == (2, True)
    assert json.loads(Path("out/s.json").read_text())["scans"][0]["sha256"] == _hash("e2/s.png")
    assert sorted(os.listdir("out")) == ["s.json", "s.overlay.png"]
    assert [line.fields["event"] for line in proven_lines("rec")] == ["begin"]


def _hash(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# --- standard output -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "-"])
@pytest.mark.parametrize("piped", [True, False])
def test_a_picture_on_standard_output_is_alone_there(
    name: str, piped: bool, run: Run, run_program: RunProgram, tmp_path: Path
) -> None:
    write("x.png")
    assert run("x.png", "--labels", "expected.png")[0] == 0
    if piped:
        done = run_program("x.png", "--labels", name, cwd=tmp_path)
        written = done.stdout
    else:
        with open("there.png", "ab") as file:
            file.write(b"before")
            file.flush()
            done = run_program("x.png", "--labels", name, cwd=tmp_path, capture_output=False, stdout=file)
        written = Path("there.png").read_bytes()
        assert written.startswith(b"before")
        written = written[6:]
    assert done.returncode == 0
    assert written == Path("expected.png").read_bytes()
    assert not os.path.exists("-")


@pytest.mark.parametrize("option", ["--csv", "--fhir"])
def test_what_goes_to_standard_output_needs_no_owner(
    option: str, run: Run, run_program: RunProgram, tmp_path: Path
) -> None:
    write("x_OD.png")
    with open("z", "wb") as file:
        file.write(b"what a shell appends to\n")
        file.flush()
        done = run_program(
            "exam", "x_OD.png", option, "/dev/stdout", cwd=tmp_path, capture_output=False, stdout=file, stderr=-1
        )
    assert (done.returncode, done.stderr) == (0, b"")
    first, rest = Path("z").read_bytes().split(b"\n", 1)
    assert first == b"what a shell appends to"
    assert rest.startswith(b'"eye",' if option == "--csv" else b'{\n  "resourceType"')


@pytest.mark.parametrize(
    "words",
    [
        ("x_OD.png", "--csv", "-", "--json"),
        ("x_OD.png", "--csv", "-", "--labels", "/dev/stdout"),
        ("exam", "x_OD.png", "x_OS.png", "--picture", "-"),
        ("exam", "x_OD.png", "--fhir", "/dev/fd/1", "--json"),
        ("x_OD.png", "--audit", "-"),
    ],
)
def test_two_things_never_mix_on_standard_output(words: tuple[str, ...], run: Run) -> None:
    write("x_OD.png", "x_OS.png")
    assert run(*words)[0] == 2
    assert sorted(os.listdir()) == ["x_OD.png", "x_OS.png"]


def test_a_closed_standard_output_is_no_place_for_a_file(run: Run, tmp_path: Path, tiny_model: Path) -> None:
    """The number of a descriptor that was closed is given to the next file that the program opens."""
    write("x.png")
    command = f"exec {sys.executable} -m edge_runtime x.png --labels - --audit rec >&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(tiny_model)}
    done = subprocess.run(["sh", "-c", command], env=environment, check=False, capture_output=True, timeout=60)
    assert done.returncode == 73
    assert b"output-folder" in done.stderr
