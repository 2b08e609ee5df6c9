"""The record only grows, is on the disk when a call returns, and tells openly what a loss of power tore."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from edge_runtime import locked_file
from edge_runtime.audit import AuditTrail, trail
from edge_runtime.audit.verify import proven_lines
from edge_runtime.errors import EdgeCataractError, OutputError, UsageError, WriteError
from tests.conftest import ROOT

RESULTS = 3


def word_of(call: Callable[[], object]) -> str:
    with pytest.raises(EdgeCataractError) as raised:
        call()
    return raised.value.word


def events(path: Path, **options: Any) -> list[str]:
    return [one.fields["event"] for one in proven_lines(str(path), **options)]


def test_an_audit_begins_and_grows_line_by_line(three: AuditTrail, path: Path) -> None:
    assert events(path) == ["begin", *["result"] * RESULTS]
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["n"] for line in lines] == [1, 2, 3, 4]
    assert [line["previous"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert lines[0]["previous"] == "0" * 64
    assert str(three.head()) == f"{lines[-1]['hash']}/4"


def test_what_stands_there_is_never_changed(three: AuditTrail, path: Path, document: dict[str, Any]) -> None:
    before = path.read_bytes()
    three.append(document)
    AuditTrail(path).append(document)
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes()) > len(before)


def test_a_record_is_synced_before_the_call_returns(
    path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = AuditTrail(path)
    sizes = []
    sync = os.fsync

    def seen(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    trail.append(document)
    assert sizes == [path.stat().st_size]


def test_the_name_of_a_new_audit_is_synced_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr("edge_runtime.audit.trail.sync_folder", synced.append)
    AuditTrail(path)
    AuditTrail(path)
    assert synced == [str(path.parent)]


TORN = [
    b"{",
    b'{"n":5,"previous":"00',
    b'{"n":5,"prev\0\0\0\0',
    b"\0" * 700,
    b"\0" * 700 + b'"hash":"' + b"0" * 64 + b'"}\n',
    b'{"n":5,"pre\n{"n":5,"previ',
]


@pytest.mark.parametrize("torn", TORN)
def test_a_torn_line_is_told_apart_kept_and_recorded(
    torn: bytes, three: AuditTrail, path: Path, document: dict[str, Any]
) -> None:
    with path.open("ab") as file:
        file.write(torn)
    before = path.read_bytes()
    assert word_of(lambda: events(path)) == "unfinished-audit"
    three.append(document)
    assert path.read_bytes().startswith(before)
    *_, last = proven_lines(str(path))
    assert last.fields["n"] == RESULTS + 2
    assert last.fields["torn"]["bytes"] == len(torn) + (not torn.endswith(b"\n"))
    three.append(document)
    *_, last = proven_lines(str(path))
    assert "torn" not in last.fields


@pytest.mark.parametrize("kept", [0, 1, 3, 40])
def test_an_audit_whose_first_line_was_torn_begins_again(kept: int, path: Path, document: dict[str, Any]) -> None:
    AuditTrail(path)
    path.write_bytes(path.read_bytes()[:kept])
    AuditTrail(path).append(document)
    first, second = proven_lines(str(path))
    assert first.fields["event"] == "begin"
    assert ("torn" in first.fields, "torn" in second.fields) == (kept > 0, False)


@pytest.mark.parametrize("content", [b"name,age\n", b"\x89PNG\r\n\x1a\n" + bytes(4000), b'{"schema":1}\n', b"x" * 99])
def test_a_file_of_another_kind_is_left_alone(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert word_of(lambda: AuditTrail(path)) == "not-an-audit"
    assert path.read_bytes() == content


def test_nothing_is_added_behind_a_last_line_that_was_changed(
    three: AuditTrail, path: Path, document: dict[str, Any]
) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-200] + bytes([content[-200] ^ 1]) + content[-199:])
    with pytest.raises(OutputError) as refused:
        three.append(document)
    assert refused.value.word == "damaged-audit"


@pytest.mark.parametrize("place", ["missing/audit", ".", "pipe"])
def test_a_place_where_no_audit_can_be_is_refused(place: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=r"output-folder.*Nothing was written\."):
        AuditTrail(tmp_path / place)


@pytest.mark.parametrize("written", [0, 1, 100])
def test_a_full_disk_leaves_nothing_and_the_next_record_follows(
    written: int, three: AuditTrail, path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    class Full:
        def __init__(self, file: Any) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, content: bytes) -> int:
            return int(self._file.write(content[:written]))

    with monkeypatch.context() as patch:
        opened = AuditTrail._locked
        patch.setattr(AuditTrail, "_locked", lambda trail: Full(opened(trail)))
        with pytest.raises(WriteError, match="No space left on device"):
            three.append(document)
    assert path.read_bytes() == before
    three.append(document)
    assert events(path)[-1] == "result"


def test_who_keeps_the_audit_locked_is_waited_for_with_a_limit(
    three: AuditTrail, path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may read it can lock it for ever."""
    import fcntl

    monkeypatch.setattr(trail, "LOCK_WAIT_S", 0.2)
    with open(path, "rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        with pytest.raises(WriteError, match=r"keeps the audit locked\. The answer was not recorded, and is not given"):
            three.append(document)
    three.append(document)
    assert len(events(path)) == RESULTS + 2


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "write-failed"), (errno.EDQUOT, "write-failed"), (errno.EMFILE, "too-many-open-files")],
)
def test_a_part_that_cannot_be_begun_now_is_no_wrong_name(
    number: int,
    word: str,
    three: AuditTrail,
    path: Path,
    document: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(locked_file, "open", fail, raising=False)
        with pytest.raises(EdgeCataractError, match="The answer was not recorded, and is not given") as raised:
            three.append(document)
    assert raised.value.word == word
    three.append(document)
    assert len(events(path)) == RESULTS + 2


def test_a_failing_disk_is_reported(
    three: AuditTrail, path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(WriteError, match=r"Input/output error\. The answer was not recorded, and is not given\."):
            three.append(document)
    assert len(events(path)) == RESULTS + 1


def test_a_full_file_becomes_a_part_and_the_chain_goes_on(path: Path, document: dict[str, Any]) -> None:
    trail = AuditTrail(path, rotate_bytes=2000)
    for _ in range(9):
        trail.append(document)
    assert sorted(one.name for one in path.parent.glob("audit.jsonl.*"))[:2] == [
        "audit.jsonl.000001",
        "audit.jsonl.000002",
    ]
    assert all(one.stat().st_size < 4000 for one in path.parent.iterdir())
    told = events(path)
    assert (told[0], told.count("result"), "continue" in told) == ("begin", 9, True)


def test_a_part_ends_with_a_whole_line(path: Path, document: dict[str, Any]) -> None:
    trail = AuditTrail(path, rotate_bytes=1)
    with path.open("ab") as file:
        file.write(b'{"n":2,"pre')
    trail.append(document)
    assert events(path) == ["begin", "torn", "continue", "result"]


def test_a_stop_between_two_parts_loses_nothing(path: Path, document: dict[str, Any]) -> None:
    AuditTrail(path).append(document)
    path.rename(path.with_name("audit.jsonl.000001"))
    assert events(path) == ["begin", "result"]
    AuditTrail(path).append(document)
    assert events(path) == ["begin", "result", "continue", "result"]


def test_a_full_part_that_was_changed_is_not_gone_on_from(path: Path, document: dict[str, Any]) -> None:
    AuditTrail(path).append(document)
    part = path.with_name("audit.jsonl.000001")
    path.rename(part)
    part.write_bytes(part.read_bytes()[:-9])
    assert word_of(lambda: AuditTrail(path)) == "damaged-audit"


def test_a_file_that_the_system_keeps_under_its_name_grows_on(
    path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after ``chattr +a``."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "rename", refuse)
    trail = AuditTrail(path, rotate_bytes=1)
    with path.open("ab") as file:
        file.write(b'{"n":2,"pre')
    trail.append(document)
    trail.append(document)
    assert events(path) == ["begin", "torn", "result", "result"]
    assert os.listdir(path.parent) == ["audit.jsonl"]


def test_a_size_of_nothing_is_no_size(path: Path) -> None:
    with pytest.raises(ValueError, match="rotate_bytes is 0"):
        AuditTrail(path, rotate_bytes=0)


def test_a_signed_audit_goes_on_with_its_key_alone(path: Path, key: Path, document: dict[str, Any]) -> None:
    AuditTrail(path, key=key, rotate_bytes=1).append(document)
    other = key.with_name("other")
    other.touch(0o600)
    other.write_bytes(bytes(32))
    for wrong in (None, other):
        assert word_of(lambda wrong=wrong: AuditTrail(path, key=wrong)) == "audit-key"  # type: ignore[misc]
    AuditTrail(path, key=key).append(document)
    assert events(path, key=key.read_bytes())[-1] == "result"


def test_an_audit_without_a_key_goes_on_without(three: AuditTrail, path: Path, key: Path) -> None:
    assert word_of(lambda: AuditTrail(path, key=key)) == "audit-key"


@pytest.mark.parametrize("content", [b"", b"short", bytes(5000)])
def test_a_key_of_another_length_is_refused(content: bytes, path: Path, key: Path) -> None:
    key.write_bytes(content)
    with pytest.raises(UsageError, match=f"The key has {min(len(content), 4097)} bytes"):
        AuditTrail(path, key=key)


def test_a_key_that_everybody_may_read_or_nobody_has_is_refused(path: Path, key: Path) -> None:
    key.chmod(0o644)
    assert word_of(lambda: AuditTrail(path, key=key)) == "audit-key"
    assert word_of(lambda: AuditTrail(path, key=key.with_name("missing"))) == "audit-key"
    assert not path.exists()


def append_many(path: Path, document: dict[str, Any], count: int) -> None:
    trail = AuditTrail(path, rotate_bytes=9000)
    for _ in range(count):
        trail.append(document)


@pytest.mark.slow
def test_several_processes_append_to_one_audit(path: Path, document: dict[str, Any]) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=append_many, args=(path, document, 20)) for _ in range(3)]
    try:
        for one in running:
            one.start()
        for one in running:
            one.join(60)
    finally:
        for one in running:
            one.kill()
    assert [one.exitcode for one in running] == [0, 0, 0]
    told = events(path)
    assert (told.count("result"), told.count("begin"), told.count("torn")) == (60, 1, 0)


@pytest.mark.slow
def test_an_audit_that_grows_and_rotates_is_intact_at_every_moment(path: Path, document: dict[str, Any]) -> None:
    AuditTrail(path)
    growing = threading.Thread(target=append_many, args=(path, document, 60))
    growing.start()
    counts = [0]
    try:
        while growing.is_alive():
            counts.append(events(path).count("result"))
    finally:
        growing.join()
    assert counts == sorted(counts)
    assert events(path).count("result") == 60
    assert len(list(path.parent.glob("audit.jsonl.*"))) > 3


KILLED = """
import json, sys
from edge_runtime.audit import AuditTrail
trail = AuditTrail(sys.argv[1])
document = json.load(open(sys.argv[2]))
print("begun", flush=True)
while True:
    trail.append(document)
    print("appended", flush=True)
"""


@pytest.mark.slow
def test_what_was_appended_survives_a_kill(path: Path, document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "document").write_text(json.dumps(document))
    said = 0
    for number in range(4):
        running = subprocess.Popen(
            [sys.executable, "-c", KILLED, path, tmp_path / "document"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert running.stdout is not None
        try:
            heard = [running.stdout.readline() for _ in range(2 + 3 * number)]
        finally:
            running.kill()
            heard += running.stdout.read().splitlines()
            running.wait()
            running.stdout.close()
        said += sum(line.strip() == b"appended" for line in heard)
    trail = AuditTrail(path)
    trail.append(document)
    results = events(path).count("result") - 1
    assert said <= results <= said + 4  # a kill may come between a line and its word


def test_importing_the_audit_brings_no_library(tmp_path: Path) -> None:
    program = (
        "import sys; import edge_runtime.audit, edge_runtime.audit.verify;"
        "print(*({'numpy', 'cv2', 'onnxruntime'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)
    assert re.fullmatch(r"\s*", done.stdout)
