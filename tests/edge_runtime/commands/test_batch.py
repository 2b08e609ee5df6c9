"""``batch`` as a user runs it: counts that add up, runs that are continued, parts, and refusals."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_runtime import cli
from edge_runtime.batch import tables
from edge_runtime.commands.batch import BatchOptions, _Console
from edge_runtime.report.document import SCHEMA_FILE
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime.batch.exams import write_exams, write_scan
from tests.edge_runtime.pictures import empty_frame, encoded
from tests.processes import is_alive

VALIDATOR = jsonschema.Draft202012Validator(json.loads(Path(SCHEMA_FILE).read_text()))


def table(out: Path, suffix: str = "") -> list[dict[str, str]]:
    with (out / f"results{suffix}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def without_times(path: Path) -> list[Any]:
    documents = [json.loads(line) for line in path.read_bytes().splitlines()]
    for document in documents:
        document.pop("created", None)
        for scan in document["scans"]:
            scan.pop("timings_ms", None)
    return documents


def recorded(out: Path) -> list[str]:
    lines = (out / "batch.ledger").read_bytes().splitlines()[1:]
    return [json.loads(line)["key"].split("\n")[0] for line in lines]


def word(errors: str) -> str:
    (found,) = re.findall(r"error\[([a-z-]+)\]", errors)
    return str(found)


@pytest.mark.slow
def test_every_input_is_graded_refused_or_failed(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "a" / "out"
    write_exams(scans, 2, scans=2)
    (scans / "E1_OD_2.png").write_bytes(b"")
    (scans / "E2_OS_1.png").write_bytes(encoded(".png", empty_frame()))
    (scans / "E2_OS_2.png").write_bytes(b"text")
    write_scan(scans / "=E3.png")
    done = run_program("batch", scans, "-o", out, "--workers", "2", "--json", "--threads", "1")
    summary = json.loads(done.stdout)
    assert done.returncode == 4
    assert {name: summary[name] for name in ("inputs", "graded", "refused", "failed", "exams")} == {
        "inputs": 9, "graded": 5, "refused": 4, "failed": 0, "exams": 3,
    }  # fmt: skip
    assert [(line["exam"], line["eye"], line["status"], line["word"]) for line in table(out)] == [
        ("'=E3", "", "refused", "unknown-eye"),
        ("E1", "OD", "graded", ""),
        ("E1", "OS", "graded", ""),
        ("E2", "OD", "graded", ""),
        ("E2", "OS", "refused", "lens-not-found unsupported-format"),
    ]
    for document in without_times(out / "results.jsonl")[1:]:
        VALIDATOR.validate({**document, "created": "2026-01-01T00:00:00Z"} | {
            "scans": [{**scan, "timings_ms": {"read": 0, "prepare": 0, "infer": 0, "measure": 0}}
                      for scan in document["scans"]]
        })  # fmt: skip
        assert document["runtime"]["threads"] == 1
    assert "peak memory about 2 x 350 + 100 = 800 MB" in done.stderr.decode()


@pytest.mark.slow
def test_a_finished_batch_is_not_measured_again_and_changes_nothing(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_exams(scans, 2)
    assert run_program("batch", scans, "-o", out, "--workers", "1").returncode == 0
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    os.unlink(out / "results.csv")
    again = run_program("batch", scans, "-o", out, "--workers", "1")
    assert (again.returncode, b"2 of 2 exams, 4 of 4 files before" in again.stderr) == (0, True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


@pytest.mark.slow
def test_changed_and_new_exams_are_measured_and_others_are_not(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_exams(scans, 2)
    run_program("batch", scans, "-o", out, "--workers", "1")
    before = table(out)
    write_scan(scans / "E2_OD_1.png", 40)
    write_scan(scans / "E3_OD_1.png")
    os.unlink(scans / "E1_OS_1.png")
    assert run_program("batch", scans, "-o", out, "--workers", "1").returncode == 0
    assert recorded(out) == ["E1", "E2", "E1", "E2", "E3"]
    assert [(line["exam"], line["eye"]) for line in table(out)] == [
        ("E1", "OD"), ("E2", "OD"), ("E2", "OS"), ("E3", "OD"),
    ]  # fmt: skip
    assert table(out)[0] == before[0]
    assert table(out)[1]["cataract_fraction"] > before[2]["cataract_fraction"]


@pytest.mark.slow
def test_the_ledger_of_other_options_is_refused_or_replaced(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_exams(scans, 1)
    run_program("batch", scans, "-o", out, "--workers", "1")
    refused = run_program("batch", scans, "-o", out, "--threshold", "0.9")
    assert (refused.returncode, word(refused.stderr.decode())) == (73, "ledger-other-work")
    assert b"threshold" in refused.stderr
    assert run_program("batch", scans, "-o", out, "--threshold", "0.9", "--overwrite").returncode == 0
    assert {line["decision"] for line in table(out)} == {"clear"}


@pytest.mark.slow
def test_parts_together_are_the_whole(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_exams(scans, 5)
    run_program("batch", scans, "-o", out, "--workers", "2")
    lines = []
    for number in range(3):
        part = ("--num-parts", "3", "--part-id", str(number), "--workers", "1")
        assert run_program("batch", scans, "-o", out, *part).returncode == 0
        lines += table(out, f"-{number:05d}-of-00003")
    assert sorted(lines, key=lambda line: (line["exam"], line["eye"])) == table(out)


@pytest.mark.slow
def test_a_manifest_decides_about_exams_and_their_order(run_program: RunProgram, tmp_path: Path) -> None:
    write_exams(tmp_path, 2)
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,exam,eye\nE2_OS_1.png,Zoë,OS\nE1_OS_1.png,A,OS\nE2_OD_1.png,Zoë,OD\nnone.png,A,OD\n")
    done = run_program("batch", manifest, "-o", tmp_path / "out", "--workers", "1")
    assert done.returncode == 4
    assert [(line["exam"], line["eye"], line["word"]) for line in table(tmp_path / "out")] == [
        ("Zoë", "OS", ""), ("Zoë", "OD", ""), ("A", "OS", ""), ("A", "OD", "missing-file"),
    ]  # fmt: skip


def start(scans: Path, out: Path, model: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_runtime", "batch", scans, "-o", out, "--workers", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "EDGE_CATARACT_MODEL": str(model)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def wait_for_records(out: Path, count: int) -> None:
    deadline = time.monotonic() + 50
    while time.monotonic() < deadline:
        if (out / "batch.ledger").exists() and (out / "batch.ledger").read_bytes().count(b"\n") > count:
            return
        time.sleep(0.01)
    raise AssertionError("nothing was recorded")


def children(process: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_batch_is_continued_to_the_same_outputs(
    number: signal.Signals, run_program: RunProgram, tiny_model: Path, tmp_path: Path
) -> None:
    scans, whole, out = tmp_path / "scans", tmp_path / "whole", tmp_path / "out"
    write_exams(scans, 30)
    assert run_program("batch", scans, "-o", whole).returncode == 0
    running = start(scans, out, tiny_model)
    wait_for_records(out, 4)  # a signal in the middle of the last one takes it back
    workers = children(running.pid)
    running.send_signal(number)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert b"exams are recorded; the same command continues." in errors
        assert os.listdir(out) == ["batch.ledger"]
    deadline = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stopped_at = len(recorded(out))
    assert 3 <= stopped_at < 30
    done = run_program("batch", scans, "-o", out)
    assert done.returncode == 0
    assert sorted(recorded(out)) == sorted(f"E{number}" for number in range(1, 31))
    for name in ("results.csv", "summary.json", "results.parquet"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert without_times(out / "results.jsonl") == without_times(whole / "results.jsonl")


@pytest.fixture
def here(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    monkeypatch.chdir(tmp_path)
    write_exams(tmp_path / "scans", 1)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (("nowhere", "-o", "out"), "unreadable-file", 66),
        (("nowhere.csv", "-o", "out"), "missing-file", 66),
        (("empty", "-o", "out"), "no-scans", 66),
        (("scans",), "usage", 2),
        (("scans", "-o", "out", "--workers", "0"), "usage", 2),
        (("scans", "-o", "out", "--num-parts", "2", "--part-id", "2"), "usage", 2),
        (("scans", "-o", "out", "--num-parts", "2"), "usage", 2),
        (("scans", "-o", "out", "--part-id", "0"), "usage", 2),
        (("scans", "-o", "file"), "output-folder", 73),
        (("scans", "-o", "taken"), "output-taken", 2),
        (("taken/results.csv", "-o", "taken", "--overwrite"), "output-taken", 2),
        (("scans", "-o", "out", "--model", "none.onnx"), "missing-model", 80),
        (("scans", "-o", "out", "--profile", "no-such"), "unknown-profile", 2),
        (("scans", "-o", "out", "--pixel-um", "1"), "bad-pixel-pitch", 2),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    words: tuple[str, ...], expected: str, code: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkdir("empty")
    os.mkdir("taken")
    Path("file").write_text("x")
    Path("taken/results.csv").write_text("path\n../scans/E1_OD_1.png\n")
    assert cli.main(["batch", *words]) == code
    assert word(capsys.readouterr().err) == expected
    assert Path("taken/results.csv").read_text().startswith("path\n")


def test_parquet_that_is_asked_for_needs_its_extra(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "has_parquet", lambda: False)
    assert cli.main(["batch", "scans", "-o", "out", "--parquet"]) == 69
    assert word(capsys.readouterr().err) == "missing-extra"
    assert os.listdir("out") == []


class Terminal:
    """A standard error that says it is a terminal."""

    def __init__(self, *, is_one: bool) -> None:
        self.is_one, self.text = is_one, ""

    def isatty(self) -> bool:
        return self.is_one

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("is_one", [True, False])
def test_a_terminal_sees_progress_and_a_log_has_a_line_a_minute(is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_runtime.batch.plan import Part
    from edge_runtime.batch.progress import Progress
    from edge_runtime.commands.arguments import AnalyzerOptions, SpeechOptions

    terminal = Terminal(is_one=is_one)
    monkeypatch.setattr(sys, "stderr", terminal)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    options = BatchOptions(
        "x", "out", AnalyzerOptions(None, None, None, 200), SpeechOptions(False, False, False, False), None, Part(),
        False, False, False,
    )  # fmt: skip
    console, progress = _Console(options), Progress(3, 6, 0, 0, 0.0)
    console.begins(progress, 2)
    assert "2 workers; peak memory about 2 x 200 + 100 = 500 MB." in terminal.text
    terminal.text = ""
    for _ in range(3):
        now[0] += 30
        progress.add(2)
        console.goes_on(progress)
    console.line_done()
    if is_one:
        assert terminal.text.count("\r\x1b[2K") == 4
        assert "2 of 3 exams, 4 of 6 files, 0:00:30 left" in terminal.text
    else:
        assert terminal.text == "edge-cataract: 2 of 3 exams, 4 of 6 files, 0:00:30 left.\n"
