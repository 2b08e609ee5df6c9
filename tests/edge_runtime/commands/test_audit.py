"""The verb audit, and --audit of the verbs that give answers, as a user runs them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.audit import AuditTrail
from edge_runtime.audit.verify import proven_lines
from edge_runtime.cli import main
from tests.conftest import ROOT, RunProgram
from tests.edge_runtime.pictures import CATARACT_FRACTION, encoded, lens_frame


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> Path:
    """Two scans of Erika Mustermann's eyes, in the folder of the process."""
    for name, rows in (("Mustermann_OD_1.png", 200), ("Mustermann_OD_2.png", 100)):
        (tmp_path / name).write_bytes(encoded(".png", lens_frame(cataract_rows=rows)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    return tmp_path


def results(path: str = "audit") -> list[dict[str, Any]]:
    return [one.fields for one in proven_lines(path) if one.fields["event"] == "result"]


def test_every_scan_is_recorded_without_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Mustermann_OD_1.png", "Mustermann_OD_2.png", "--audit", "audit", "-o", ".", "-q"]) == 0
    first, second = results()
    assert first["cataract_fraction"] == pytest.approx(CATARACT_FRACTION)
    assert second["cataract_fraction"] == pytest.approx(CATARACT_FRACTION / 2)
    assert first["scans"][0]["sha256"] == hashlib.sha256((folder / "Mustermann_OD_1.png").read_bytes()).hexdigest()
    document = (folder / "Mustermann_OD_1.json").read_bytes()
    assert first["document_sha256"] == hashlib.sha256(document).hexdigest()
    assert b"Mustermann" not in (folder / "audit").read_bytes()


def test_every_eye_of_an_exam_is_recorded(folder: Path) -> None:
    assert main(["exam", "Mustermann_OD_1.png", "Mustermann_OD_2.png", "--audit", "audit", "-o", ".", "-q"]) == 0
    (eye,) = results()
    assert (eye["eye"], len(eye["scans"])) == ("OD", 2)
    assert eye["document_sha256"] == hashlib.sha256((folder / "exam-OD.json").read_bytes()).hexdigest()


@pytest.mark.slow
def test_every_eye_of_a_batch_is_recorded_once(folder: Path) -> None:
    command = ["batch", ".", "-o", "out", "--audit", "audit", "-q", "--workers", "1"]
    assert main(command) == 0
    (eye,) = results()
    line = json.loads((folder / "out" / "results.jsonl").read_text())
    assert eye["cataract_fraction"] == line["eye"]["cataract_fraction"]
    assert main(command) == 0  # nothing is left to be measured
    assert len(results()) == 1
    assert b"Mustermann" not in (folder / "audit").read_bytes()


def test_an_answer_that_cannot_be_recorded_is_not_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AuditTrail("audit")
    content = Path("audit").read_bytes()
    Path("audit").write_bytes(content.replace(b"begin", b"begun"))
    for verb in (["Mustermann_OD_1.png"], ["exam", "Mustermann_OD_1.png"], ["batch", ".", "--workers", "1"]):
        assert main([*verb, "--audit", "audit", "-o", "."]) == 73
        heard = capsys.readouterr()
        assert (heard.out, "error[damaged-audit]" in heard.err) == ("", True)
    assert not (folder / "exam-OD.json").exists()


def test_a_scan_is_not_taken_for_an_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "Mustermann_OD_2.png").read_bytes()
    assert main(["Mustermann_OD_1.png", "--audit", "Mustermann_OD_2.png"]) == 73
    assert "error[not-an-audit]" in capsys.readouterr().err
    assert (folder / "Mustermann_OD_2.png").read_bytes() == before


def test_a_key_without_an_audit_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Mustermann_OD_1.png", "--audit-key", "key"]) == 2
    assert "without --audit" in capsys.readouterr().err


def test_what_is_signed_is_verified_with_the_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = folder / "key"
    key.touch(0o600)
    key.write_bytes(os.urandom(32))
    assert main(["Mustermann_OD_1.png", "--audit", "audit", "--audit-key", "key", "-q"]) == 0
    capsys.readouterr()
    for options, checked in (([], False), (["--key", "key"], True)):
        assert main(["audit", "verify", "audit", "--json", *options]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["signed"], found["signatures_checked"]) == (True, checked)
    for options in ([], ["--key", "key"]):
        assert main(["audit", "verify", "audit", *options]) == 0
        assert "signed" in capsys.readouterr().out


@pytest.fixture
def recorded(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    for _ in range(2):
        assert main(["Mustermann_OD_1.png", "--audit", "audit", "-q"]) == 0
    capsys.readouterr()
    return folder / "audit"


def test_an_intact_audit_is_told_with_its_head(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "audit", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["intact"], found["lines"], found["results"], found["files"]) == (True, 3, 2, 1)
    assert main(["audit", "head", "audit"]) == 0
    head = capsys.readouterr().out.strip()
    assert head == found["head"]
    assert main(["audit", "verify", "audit", "--expect", head]) == 0
    assert f"head {head}\n" in capsys.readouterr().out
    recorded.write_bytes(b"".join(recorded.read_bytes().splitlines(keepends=True)[:-1]))
    assert main(["audit", "verify", "audit"]) == 0
    assert main(["audit", "verify", "audit", "--expect", head]) == 65
    assert "error[shortened-audit]" in capsys.readouterr().err


def test_a_changed_line_is_named(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.write_bytes(recorded.read_bytes().replace(b'"refer"', b'"no-sign"', 1))
    assert main(["audit", "verify", "audit"]) == 65
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith("edge-cataract: audit: error[damaged-audit]: Line 2 of audit is not as it was written.")


def test_answers_are_shown_a_line_each(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "show", "audit"]) == 0
    begin, first, _second = capsys.readouterr().out.splitlines()
    assert begin.endswith("begin")
    fields = results()[0]
    assert first.split()[:6] == ["2", fields["time"], "--", fields["answer"], f"{CATARACT_FRACTION:.4f}", "--"]
    assert main(["audit", "show", "audit", "--last", "1", "--json"]) == 0
    last = json.loads(capsys.readouterr().out)
    assert main(["audit", "head", "audit"]) == 0
    assert capsys.readouterr().out == f"{last.pop('hash')}/{last['n']}\n"
    assert last == results()[1]


def test_answers_about_a_file_are_found_by_its_hash(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sha256 = hashlib.sha256(Path("Mustermann_OD_1.png").read_bytes()).hexdigest()
    assert main(["audit", "show", "audit", "--sha256", sha256[:12].upper()]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["audit", "show", "audit", "--sha256", "0" * 12]) == 0
    assert capsys.readouterr().out == ""


def test_what_is_shown_before_a_change_is_shown_and_the_change_is_told(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded.write_bytes(recorded.read_bytes()[:-70])
    assert main(["audit", "show", "audit"]) == 65
    heard = capsys.readouterr()
    assert len(heard.out.splitlines()) == 2
    assert "error[unfinished-audit]: Line 3 of audit" in heard.err


def test_a_torn_line_that_was_recorded_is_shown(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.write_bytes(recorded.read_bytes()[:-70])
    assert main(["Mustermann_OD_1.png", "--audit", "audit", "-q"]) == 0
    capsys.readouterr()
    assert main(["audit", "show", "audit", "--last", "1"]) == 0
    assert "after a torn line of" in capsys.readouterr().out
    assert main(["audit", "verify", "audit"]) == 0
    assert "1 after a torn line, which they record" in capsys.readouterr().out


def test_a_line_of_another_program_cannot_command_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from edge_runtime.audit.line import Head, seal

    begin = seal({"event": "begin", "time": "\x1b[2J"}, Head(), None)
    (first,) = _lines_of(begin)
    Path("audit").write_bytes(begin + seal({"event": "result", "time": 7}, first.line.head, None))
    assert main(["audit", "show", "audit"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "another program" in out


def _lines_of(content: bytes) -> list[Any]:
    Path("audit").write_bytes(content)
    return list(proven_lines("audit"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["audit", "verify", "missing"], 66),
        (["audit", "verify", "."], 66),
        (["audit", "verify", "Mustermann_OD_1.png"], 65),
        (["audit", "verify", "audit", "--expect", "1"], 2),
        (["audit", "verify", "audit", "--key", "missing"], 2),
        (["audit", "change", "audit"], 2),
        (["audit", "verify"], 2),
    ],
)
def test_what_cannot_be_verified_ends_with_its_code(
    arguments: list[str], code: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_the_standard_library_is_enough_to_verify(recorded: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('numpy', 'cv2', 'onnxruntime', 'nacl', 'pydicom', 'jinja2'): sys.modules[name] = None\n"
        "from edge_runtime.cli import main\n"
        "sys.exit(main(['audit', sys.argv[1], 'audit']))\n"
    )
    for action in ("verify", "show", "head"):
        done = subprocess.run(
            [sys.executable, "-c", program, action],
            cwd=recorded.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_the_program_itself_verifies(recorded: Path, run_program: RunProgram) -> None:
    assert run_program("--json", "audit", "verify", "audit", cwd=recorded.parent).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["show", "--last", "0"],
        ["show", "--last", "-3"],
        ["show", "--sha256", ""],
        ["show", "--sha256", "zz"],
        ["show", "--sha256", "12345"],
        ["verify", "--last", "2"],
        ["head", "--sha256", "abcdef"],
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, words: list[str]) -> None:
    assert main(["Mustermann_OD_1.png", "--audit", "audit", "-q"]) == 0
    assert main(["audit", words[0], "audit", *words[1:]]) == 2


def test_a_hash_that_no_answer_has_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Mustermann_OD_1.png", "--audit", "audit", "-q"]) == 0
    digest = hashlib.sha256((folder / "Mustermann_OD_1.png").read_bytes()).hexdigest()
    capsys.readouterr()
    assert main(["audit", "show", "audit", "--sha256", digest[:6].upper()]) == 0
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (1, "")
    assert main(["audit", "show", "audit", "--sha256", "0" * 64]) == 0
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
