"""``watch`` as a user and a system run it: kills, full disks, shares, signals, refusals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from edge_runtime import cli
from edge_runtime.cli import build_parser
from edge_runtime.commands.watch import _watch
from edge_runtime.slots.state import SlotState, write_state
from edge_runtime.watch.folder import FileState
from tests.conftest import RunProgram
from tests.edge_runtime.batch.exams import write_exams, write_scan
from tests.edge_runtime.watch.programs import QUICK, summaries, watching


def answers(out: Path) -> list[tuple[str, str, int]]:
    """Exam, eyes with their states, number of files; sorted."""
    return sorted(
        (one["exam"], " ".join(f"{eye['laterality']}:{eye['status']}" for eye in one["eyes"]), len(one["files"]))
        for one in summaries(out)
    )


def move_in(made: Path, scans: Path) -> None:
    """All files at once, or nearly: a test on a busy machine must not be an exam that comes file by file."""
    for path in sorted(made.iterdir()):
        path.replace(scans / path.name)


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


@pytest.mark.slow
def test_once_judges_what_is_there_and_a_second_time_nothing(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out, audit = tmp_path / "in", tmp_path / "in" / "out", tmp_path / "audit"
    write_exams(scans, 2, scans=2)
    (scans / "P\udcff_OD_1.png").write_bytes((scans / "E1_OD_1.png").read_bytes())
    (scans / "bad_OS.png").write_bytes(b"text")
    for name in (".hidden_OD_1.png", "E9_OD_1.png.part", "notes.txt"):
        (scans / name).write_bytes(b"")
    command = ("watch", scans, "-o", out, *QUICK, "--scans", "1", "--once", "--json", "--audit", audit)
    time.sleep(2.5)  # what may be a part of a file is judged once it is older than the time-out; else it is left
    done = run_program(*command)
    assert done.returncode == 4, done.stderr
    assert answers(out) == [
        ("E1", "OD:graded OS:graded", 4),
        ("E2", "OD:graded OS:graded", 4),
        ("P\\udcff", "OD:graded", 1),
        ("bad", "OS:refused", 1),
    ]
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(one["key"] for one in printed) == sorted(one["key"] for one in summaries(out))
    errors = done.stderr.decode()
    assert not re.search("E1|E2|bad_OS|notes|hidden", errors)  # neither names nor labels reach a log
    assert printed[0]["key"][:12] in errors
    assert "[unsupported-format]" in errors
    assert audit.read_bytes().count(b'"event":"result"') == 5
    again = run_program(*command)
    assert (again.returncode, again.stdout) == (0, b"")
    assert "4 exams judged before" in again.stderr.decode()


@pytest.mark.slow
def test_once_leaves_what_may_be_incomplete_for_later(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out = tmp_path / "in", tmp_path / "out"
    write_exams(scans, 1)
    command = ("watch", scans, "-o", out, "--settle", "0.3", "--poll", "0.1", "--timeout", "3600", "--once", "-q")
    assert (run_program(*command).returncode, summaries(out)) == (0, [])
    assert run_program(*command, "--scans", "2").returncode == 0
    assert answers(out) == [("E1", "OD:graded OS:graded", 2)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "number", "code"), [((), signal.SIGTERM, 143), (("--poll-only",), signal.SIGINT, 130)]
)
def test_exams_are_judged_as_they_come_and_a_signal_ends_it_in_order(
    more: tuple[str, ...], number: int, code: int, tiny_model: Path, tmp_path: Path
) -> None:
    scans, out = tmp_path / "in", tmp_path / "out"
    scans.mkdir()
    write_exams(tmp_path / "made", 1)
    write_scan(tmp_path / "newer" / "E1_OD_1.png", 40)
    with watching(tiny_model, scans, out, "--scans", "2", *more) as program:
        program.until(lambda: "watching" in program.errors)
        move_in(tmp_path / "made", scans)
        program.until(lambda: len(summaries(out)) == 1)
        move_in(tmp_path / "newer", scans)  # another content under a known name
        program.until(lambda: program.errors.count(": exam ") == 2)  # said when its record is on the disk
        assert program.end(number) == code
    first, second = summaries(out)
    assert (first["previous"], second["previous"]) == (None, first["result"])
    assert names(out) == {"watch.ledger", first["result"], second["result"]}
    assert "2 exams judged in this run" in program.errors
    assert "Traceback" not in program.errors


@pytest.mark.slow
def test_a_watch_that_is_killed_after_the_result_and_before_the_record_finds_it(
    run_program: RunProgram, tmp_path: Path
) -> None:
    scans, out = tmp_path / "in", tmp_path / "out"
    write_exams(scans, 1)
    command = ("watch", scans, "-o", out, *QUICK, "--scans", "2", "--once")
    assert run_program(*command).returncode == 0
    (before,) = summaries(out)
    ledger = out / "watch.ledger"
    ledger.write_bytes(ledger.read_bytes()[:-50])  # as a kill in the middle of the line leaves it
    again = run_program(*command)
    assert (again.returncode, "0 exams judged before" in again.stderr.decode()) == (0, True)
    assert summaries(out) == [before]  # its time is that of the first run
    assert names(out) == {"watch.ledger", before["result"]}


@pytest.mark.slow
def test_files_of_judged_exams_are_moved_when_that_is_asked_for(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out, done = tmp_path / "in", tmp_path / "out", tmp_path / "in" / "done"
    write_exams(scans, 1)
    command = ("watch", scans, "-o", out, *QUICK, "--scans", "2", "--move-done", done, "--once")
    assert run_program(*command).returncode == 0
    (result,) = summaries(out)
    assert sorted(str(path.relative_to(scans)) for path in scans.rglob("*.png")) == [
        f"done/{result['result']}/E1_OD_1.png",
        f"done/{result['result']}/E1_OS_1.png",
    ]


@pytest.mark.slow
def test_a_full_disk_is_told_once_and_waited_for(strace: str, tiny_model: Path, tmp_path: Path) -> None:
    scans, out = tmp_path / "in", tmp_path / "out"
    scans.mkdir()
    write_exams(tmp_path / "made", 1)
    full = (strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=ENOSPC:when=4..10")
    with watching(tiny_model, scans, out, "--scans", "2", wrapper=full) as program:
        program.until(lambda: "watching" in program.errors)
        move_in(tmp_path / "made", scans)
        program.until(lambda: len(summaries(out)) == 1)
        program.until(lambda: "output: works again" in program.errors)  # said a moment after the result is there
    assert re.findall(r"error\[([a-z-]+)\]", program.errors) == ["output-folder"]
    (result,) = summaries(out)
    assert names(out) == {"watch.ledger", result["result"]}
    assert names(out / result["result"]) >= {"exam.json", "exam-OD.json", "exam-OS.json"}
    assert not [name for name in names(out / result["result"]) if name.startswith(".")]


@pytest.mark.slow
def test_a_result_that_has_no_place_and_a_file_without_an_end_keep_no_exam_from_its_result(
    run_program: RunProgram, tiny_model: Path, tmp_path: Path
) -> None:
    scans, out, done = tmp_path / "in", tmp_path / "out", tmp_path / "done"
    write_exams(scans, 2)
    assert run_program("watch", scans, "-o", out, *QUICK, "--scans", "2", "--once").returncode == 0
    name = next(one["result"] for one in summaries(out) if one["exam"] == "E1")
    shutil.rmtree(out)
    out.mkdir()
    (out / name).write_bytes(b"of somebody else")
    with (scans / "E0_OD_1.png").open("wb") as file:
        file.truncate(1 << 40)
    with watching(tiny_model, scans, out, "--scans", "2", "--move-done", done) as program:
        program.until(lambda: {one["exam"] for one in summaries(out)} == {"E0", "E2"})
        program.until(lambda: not (scans / "E2_OS_1.png").exists())
        assert f"error[output-folder]: The result of exam {name[-12:]} cannot be written." in program.errors
        (out / name).unlink()
        program.until(lambda: f"exam {name[-12:]}: works again" in program.errors)
        program.until(lambda: [path.name for path in scans.iterdir()] == ["E0_OD_1.png"])  # which was never read
        program.end()
    (large,) = [one for one in summaries(out) if one["exam"] == "E0"]
    assert [(eye["status"], file["sha256"]) for eye, file in zip(large["eyes"], large["files"], strict=True)] == [
        ("refused", None)
    ]


@pytest.mark.slow
def test_a_share_that_goes_away_and_comes_back_loses_nothing(tiny_model: Path, tmp_path: Path) -> None:
    scans, out, away = tmp_path / "in", tmp_path / "out", tmp_path / "away"
    write_exams(scans, 1)
    with watching(tiny_model, scans, out, "--scans", "2", "--poll-only") as program:
        program.until(lambda: len(summaries(out)) == 1)
        os.rename(scans, away)
        program.until(lambda: "error[unreadable-file]" in program.errors)
        write_exams(away, 2)
        os.rename(away, scans)
        program.until(lambda: "folder: works again" in program.errors)
        program.until(lambda: any(one["exam"] == "E2" for one in summaries(out)))
        program.end()
    assert {one["exam"] for one in summaries(out)} == {"E1", "E2"}


@pytest.mark.slow
def test_a_damaged_model_ends_it_before_anything_is_judged(tmp_path: Path, run_program: RunProgram) -> None:
    write_exams(tmp_path / "in", 1)
    (tmp_path / "m.onnx").write_bytes(b"no model")
    done = run_program(
        "watch", tmp_path / "in", "-o", tmp_path / "out", *QUICK, "--once", "--model", tmp_path / "m.onnx"
    )
    assert done.returncode in (81, 82)
    assert summaries(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("gone", "-o", "out", "--once"), 66, "missing-file"),
        (("in", "-o", "in", "--once"), 2, "usage"),
        (("in", "-o", "out", "--move-done", "in", "--once"), 2, "usage"),
        (("in", "-o", "in/file/out", "--once"), 73, "output-folder"),
        (("in", "-o", "out", "--settle", "0"), 2, "usage"),
        (("in", "-o", "out", "--timeout", "-1"), 2, "usage"),
        (("in", "-o", "out", "--poll", "nan"), 2, "usage"),
        (("in", "-o", "out", "--scans", "0"), 2, "usage"),
        (("in", "-o", "out", "--workers", "0"), 2, "usage"),
        (("in", "-o", "out", "--exam-limit", "0"), 2, "usage"),
        (("in", "-o", "out", "--slots", "slots", "--precision", "fp32", "--once"), 2, "usage"),
        (("in",), 2, "usage"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    options: tuple[str, ...],
    code: int,
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["watch", *options]) == code
    assert f"error[{word}]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("watch", "--slots", "slots"), 80),
        (("watch", "--model", "gone.onnx"), 80),
        (("watch", "--model", "damaged.onnx"), 82),
        (("watch", "--profile", "gone.toml"), 2),
        (("watch", "--audit", "in/file/audit"), 73),
        (("watch", "--audit", "new/done/audit", "--audit-key", "gone.key"), 2),
        (("batch", "--model", "gone.onnx"), 80),
        (("batch", "--profile", "gone.toml"), 2),
    ],
)
def test_what_cannot_be_done_makes_no_folder(
    command: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verb, *options = command
    (tmp_path / "slots").mkdir()
    write_scan(tmp_path / "in" / "P1_OD_1.png")
    (tmp_path / "in" / "file").write_bytes(b"")
    (tmp_path / "damaged.onnx").write_bytes(b"no model")
    write_state(str(tmp_path / "slots"), SlotState(1, "a" * 64))
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    more = ("--once", "--move-done", "new/done") if verb == "watch" else ()
    assert cli.main([verb, "in", "-o", "new/out", *more, *options]) == code
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_with_once_what_cannot_be_looked_at_or_moved_ends_it_with_an_error(
    strace: str, tiny_model: Path, tmp_path: Path, run_program: RunProgram
) -> None:
    scans, out, done = tmp_path / "in", tmp_path / "out", tmp_path / "done"
    write_exams(scans, 1)
    write_scan(scans / "sec" / "S_OD_1.png")
    closed = (strace, "-f", "-qq", "-o", "/dev/null", "-P", str(scans / "sec"), "-e", "inject=openat:error=EACCES")
    with watching(tiny_model, scans, out, "--scans", "1", "--once", wrapper=closed) as program:
        assert program.process.wait(60) == 66
    assert answers(out) == [("E1", "OD:graded OS:graded", 2)]
    (line,) = [line for line in program.errors.splitlines() if "error[" in line]
    assert line.endswith(
        "error[unreadable-file]: The watched folder, or something in it, cannot be read. "
        "What could be read was judged. Check the share and its permissions."
    )
    (result,) = summaries(out)
    done.mkdir()
    (done / result["result"]).write_bytes(b"of somebody else")
    command = ("watch", scans, "-o", out, *QUICK, "--scans", "1", "--once", "--move-done", done)
    ended = run_program(*command)
    assert ended.returncode == 74
    assert ended.stderr.count(b"error[write-failed]: A judged file cannot be moved") == 1
    assert b"again" not in ended.stderr
    (done / result["result"]).unlink()
    assert run_program(*command).returncode == 0


@pytest.mark.slow
def test_a_late_scan_is_judged_with_those_that_were_moved(run_program: RunProgram, tmp_path: Path) -> None:
    scans, out, done = tmp_path / "in", tmp_path / "out", tmp_path / "done"
    for number in range(1, 6):
        write_scan(scans / f"P1_OS_{number}.png", number)
    command = ("watch", scans, "-o", out, "--move-done", done, "--once", *QUICK, "--timeout", "0.5", "--documents-only")
    time.sleep(1)
    assert run_program(*command).returncode == 0
    write_scan(scans / "P1_OS_6.png", 6)
    time.sleep(1)
    assert run_program(*command).returncode == 0
    first, second = summaries(out)
    assert (second["previous"], len(second["files"]), second["left_out"]) == (first["result"], 6, [])
    document = json.loads((out / second["result"] / "exam-OS.json").read_bytes())
    assert [scan["source"] for scan in document["scans"]] == [f"P1_OS_{number}.png" for number in range(1, 7)]
    assert document["eye"]["scans_used"] == 6


def test_an_exam_may_take_as_long_as_was_said(tmp_path: Path) -> None:
    def limit(*words: str) -> float:
        out = str(tmp_path / "out")
        return _watch(build_parser(["watch"]).parse_args(["watch", str(tmp_path), "-o", out, "--once", *words])).exam_s

    assert (limit(), limit("--exam-limit", "1800")) == (600.0, 1800.0)


def test_two_watches_never_write_into_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edge_runtime.watch.memory import Memory

    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    memory = Memory(str(tmp_path / "out"))
    assert cli.main(["watch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--once"]) == 73
    assert "error[ledger-in-use]" in capsys.readouterr().err
    memory.close()


def test_states_are_those_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    shutil.copy2(tmp_path / "a", tmp_path / "b")
    first, second = (FileState.of(os.stat(tmp_path / name)) for name in "ab")
    assert (first.size, first.mtime_ns) == (second.size, second.mtime_ns)
    assert first != second
