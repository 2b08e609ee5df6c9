"""No output, and no --overwrite, touches the record of answers, its key, or anything else that a verb keeps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime import cli
from edge_runtime.audit import AuditTrail
from edge_runtime.audit.verify import proven_lines
from tests.edge_runtime.pictures import encoded, lens_frame


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> Path:
    """A scan, a record that was begun with a key, and one that was begun without."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_CATARACT_MODEL", str(tiny_model))
    (tmp_path / "x_OD.png").write_bytes(encoded(".png", lens_frame()))
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o600)
    for name in ("ob", "out", "scans"):
        (tmp_path / name).mkdir()
    (tmp_path / "scans/x_OD.png").write_bytes(encoded(".png", lens_frame()))
    AuditTrail("rec")
    AuditTrail("signed", key="key")
    AuditTrail("ob/results.csv")
    AuditTrail("out/exam-OD.json")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
@pytest.mark.parametrize(
    "words",
    [
        ("x_OD.png", "--audit", "rec", "--overlay", "rec"),
        ("x_OD.png", "--audit", "rec", "--csv", "./out/../rec"),
        ("x_OD.png", "--audit", "rec", "--labels", "rec.000001"),
        ("x_OD.png", "--audit", "rec", "--labels", "rec.000007"),
        ("x_OD.png", "--audit", "signed", "--audit-key", "key", "--overlay", "key"),
        ("exam", "x_OD.png", "--audit", "rec", "--fhir", "rec"),
        ("exam", "x_OD.png", "--audit", "rec", "--picture", "rec"),
        ("exam", "x_OD.png", "--audit", "signed", "--audit-key", "key", "--csv", "key"),
        ("exam", "x_OD.png", "--audit", "out/exam-OD.json", "-o", "out"),
        ("batch", "scans", "-o", "ob", "--audit", "ob/results.csv"),
    ],
)
def test_an_output_never_replaces_the_record_or_its_key(
    words: tuple[str, ...], overwrite: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert cli.main([*words, *overwrite]) == 2
    assert "error[output-taken]" in capsys.readouterr().err
    assert contents(folder) == before  # and no answer was recorded that was not given


def test_a_watch_never_records_answers_in_its_ledger(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["watch", "scans", "-o", "ob", "--once", "--audit", "ob/watch.ledger"]) == 2
    assert "error[output-taken]" in capsys.readouterr().err
    assert not os.path.exists("ob/watch.ledger")


@pytest.mark.parametrize(
    ("verb", "secret"),
    [
        *(("serve", name) for name in ("token", "cert", "tls", "slots/any", "key")),
        *(("receive", name) for name in ("token", "slots/any", "key")),
    ],
)
def test_a_service_never_records_answers_in_its_own_files(
    verb: str, secret: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in an empty one either, which is a record that has not begun yet."""
    for name in ("token", "cert", "tls", "slots/any"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    words = ["--token-file", "token", "--slots", "slots", "--audit", secret, "--audit-key", "key"]
    if verb == "serve":
        words += ["--tls-cert", "cert", "--tls-key", "tls"]
    else:
        words += ["ob", "--to", "EDGE@127.0.0.1:4242"]
    before = contents(folder)
    assert cli.main([verb, *words]) == 2
    assert "error[output-taken]" in capsys.readouterr().err
    assert contents(folder) == before


def test_an_answer_that_could_not_be_written_is_not_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str], full_disk: Callable[[int], None]
) -> None:
    full_disk(2)
    assert cli.main(["x_OD.png", "--audit", "rec", "-o", "out"]) == 74
    assert "Nothing was written." in capsys.readouterr().err
    assert [line.fields["event"] for line in proven_lines("rec")] == ["begin"]
    assert sorted(os.listdir("out")) == ["exam-OD.json"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk be full at the n-th file from now on."""
    from edge_runtime.report import files

    write = files._write_synced

    def fill(call: int) -> None:
        made: list[str] = []

        def failing(temporary: str, content: bytes, _readers_of: str | None = None) -> None:
            made.append(temporary)
            write(temporary, content[:100])
            if len(made) == call:
                raise OSError(28, "")

        monkeypatch.setattr(files, "_write_synced", failing)

    return fill
