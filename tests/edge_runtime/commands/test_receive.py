"""What `receive` refuses before anything is received."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from edge_runtime.cli import main
from edge_runtime.dicom_net.archive import DicomWeb
from edge_runtime.dicom_net.events import Event, Happened
from edge_runtime.dicom_net.receiver import Receiver
from edge_runtime.program_signals import Interrupted

STOPPED = "edge-cataract: stopped; what was received is in the queue, and the same command continues.\n"
TERMINATED = "edge-cataract: terminated. Nothing half-written was left.\n"
TOKEN = "0123456789abcdef" * 2
TO = ("--to", "PACS@127.0.0.1:104")


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[Receiver]:
    """The receivers that would have run."""
    found: list[Receiver] = []

    def stop(self: Receiver, tell: Any) -> None:
        found.append(self)
        raise Interrupted(15)

    monkeypatch.setattr(Receiver, "run", stop)
    return found


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--to", "PACS"], 2),
        (["--to", "https://user:secret@pacs.example/dicom-web"], 2),
        ([*TO, "--results", "sr,png"], 2),
        ([*TO, "--address", "0.0.0.0"], 2),
        ([*TO, "--address", "::"], 2),
        ([*TO, "--aet", "A TITLE THAT IS TOO LONG"], 2),
        ([*TO, "--aet", "back\\slash"], 2),
        ([*TO, "--max-associations", "0"], 2),
        ([*TO, "--wait", "-1"], 2),
        ([*TO, "--address", "localhost"], 2),
        ([*TO, "--address", "pacs.example", "--allow-network"], 2),
        ([*TO, "--port", "70000"], 2),
        (["--to", "https://pacs.example", "--token-file", "/no/such/file"], 66),
        ([*TO, "--audit-key", "key"], 2),
        ([*TO, "--lang", "xx"], 2),
        ([*TO, "--slots", "slots", "--precision", "fp32"], 2),
        ([*TO, "--slots", "slots", "--model", "model.onnx"], 2),
        ([*TO, "--max-memory", "500"], 71),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: list[str], code: int, tmp_path: Path, received: list[Receiver], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["receive", str(tmp_path / "queue"), *options]) == code
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert received == []
    assert list(tmp_path.iterdir()) == []


def token_file(folder: Path, text: str = TOKEN, mode: int = 0o600) -> str:
    path = folder / "token"
    path.write_text(f"{text}\n")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("url", "text", "mode"),
    [
        ("https://pacs.example", "secret", 0o600),
        ("https://pacs.example", TOKEN, 0o644),
        ("https://pacs.example", f"{TOKEN}\nsecond", 0o600),
        ("http://pacs.example", TOKEN, 0o600),
        ("http://localhost.example", TOKEN, 0o600),
        ("http://127.0.0.1.example:80/x", TOKEN, 0o600),
        ("PACS@127.0.0.1:104", TOKEN, 0o600),
    ],
)
def test_a_token_is_kept_from_others(url: str, text: str, mode: int, tmp_path: Path, received: list[Receiver]) -> None:
    words = ["receive", str(tmp_path / "queue"), "--to", url, "--token-file", token_file(tmp_path, text, mode)]
    assert main(words) == 2
    assert received == []


@pytest.mark.parametrize("host", ["127.0.0.1:8042", "[::1]:8042", "localhost"])
def test_a_token_may_go_to_this_machine(host: str, tmp_path: Path, received: list[Receiver]) -> None:
    assert main(["receive", "queue", "--to", f"http://{host}/dicom", "--token-file", token_file(tmp_path)]) == 143
    assert received[0].archive == DicomWeb(f"http://{host}/dicom", 60.0, TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_needs_no_flag(host: str, received: list[Receiver]) -> None:
    assert main(["receive", "queue", *TO, "--address", host]) == 143
    assert received[0].station.host == host


def test_options_reach_the_receiver(received: list[Receiver], tmp_path: Path) -> None:
    token_file(tmp_path)
    words = [
        "receive", "queue", "--to", "https://pacs.example/dicom-web", "--token-file", str(tmp_path / "token"),
        "--address", "0.0.0.0", "--allow-network", "--port", "104", "--aet", "KIOSK", "--from", "OCT1", "--from",
        "OCT2", "--wait", "5", "--remember", "2", "--max-associations", "3", "--max-object", "1", "--max-queue", "2",
        "--min-free", "3", "--keep", "--retry", "--results", "sr",
    ]  # fmt: skip
    assert main(words) == 143
    (made,) = received
    assert made.archive == DicomWeb("https://pacs.example/dicom-web", 60.0, TOKEN)
    assert (made.station.title, made.station.port, made.station.peers) == ("KIOSK", 104, ("OCT1", "OCT2"))
    assert (made.patience.quiet_s, made.patience.remember_s) == (5.0, 7200.0)
    bounds = made.bounds
    assert (bounds.associations, bounds.object_bytes, bounds.queue_bytes, bounds.free_bytes) == (
        3, 1_000_000, 2_000_000, 3_000_000,
    )  # fmt: skip
    assert (made.wishes.kinds, made.wishes.keep, made.retry) == (("sr",), True, True)


def test_a_folder_of_slots_names_the_model(tmp_path: Path, received: list[Receiver]) -> None:
    assert main(["receive", "queue", *TO, "--slots", str(tmp_path), "--threshold", "0.2"]) == 143
    analyzer = cast("Any", received[0].analyzer)
    assert (analyzer.model, analyzer.sha256, analyzer.threshold) == (None, None, 0.2)
    (tmp_path / "slots.json").write_text("no list of models")
    assert main(["receive", "queue", *TO, "--slots", str(tmp_path)]) == 81


@pytest.mark.parametrize(
    ("flags", "out", "err"),
    [
        ([], "", "edge-cataract: exam 12ab: failed[mixed-studies]: Two.\nedge-cataract: listening: EDGE\n"),
        (["-q"], "", "edge-cataract: exam 12ab: failed[mixed-studies]: Two.\n"),
        (
            ["--json"],
            '{"event": "failed", "exam": "12ab", "word": "mixed-studies", "status": "0xA900", "text": "Two."}\n'
            '{"event": "listening", "exam": null, "word": null, "status": null, "text": "EDGE"}\n',
            "",
        ),
    ],
)
def test_what_happens_is_told_in_lines(
    flags: list[str], out: str, err: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def happen(self: Receiver, tell: Any) -> None:
        tell(Event(Happened.FAILED, "Two.", "12ab", "mixed-studies", "0xA900"))
        tell(Event(Happened.LISTENING, "EDGE"))
        raise Interrupted(15)

    monkeypatch.setattr(Receiver, "run", happen)
    assert main(["receive", "queue", *TO, *flags]) == 143
    told = capsys.readouterr()
    assert told.out == out
    assert told.err == err + ("" if "-q" in flags else STOPPED) + TERMINATED


def test_a_log_that_nobody_reads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def happen(self: Receiver, tell: Any) -> None:
        tell(Event(Happened.LISTENING, "EDGE"))
        raise Interrupted(15)

    monkeypatch.setattr(Receiver, "run", happen)
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    assert main(["receive", "queue", *TO, "--json"]) == 143
    cast("Any", sys.stdout).close()  # which leads nowhere


@pytest.mark.parametrize("module", ["pynetdicom", "dicomweb_client", "highdicom"])
def test_a_missing_extra_is_named(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["receive", "queue", *TO]) == 69
    assert "missing-extra" in capsys.readouterr().err
