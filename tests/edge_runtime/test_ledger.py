"""A ledger survives any crash, is written by one process at a time, and loses nothing without an error."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import EdgeCataractError, OutputError, UsageError, WriteError
from edge_runtime.ledger import Ledger

ROOT = Path(__file__).parent.parent.parent
STAMP = {"cohort": "validation", "seed": 1, "patients": None}
RECORDS: dict[str, dict[str, Any]] = {
    "P0001_OD_1_000": {"lens_px": 41233, "cataract_fraction": 0.1 + 0.2, "group": "clear"},
    "P0001_OD_1_030": {},
    "P0001_OS_1_000": {"reasons": ["lens-too-small"], "more": {"artefact": False, "age_years": None}},
}
WRITER = """
import sys
from edge_runtime.ledger import Ledger
ledger = Ledger(sys.argv[1], {"seed": 1})
number = len(ledger)
while True:
    ledger.append(f"scan {number}", {"number": number})
    print(number, flush=True)
    number += 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def written(path: Path) -> Path:
    """A closed ledger of all records."""
    with Ledger(path, STAMP) as ledger:
        for key, record in RECORDS.items():
            ledger.append(key, record)
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that appends without end, and prints a line after every append."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def word_of(path: Path, stamp: dict[str, Any] = STAMP, **options: Any) -> str:
    """The word with which opening fails."""
    with pytest.raises(EdgeCataractError) as caught:
        Ledger(path, stamp, **options)
    return caught.value.word


def contents(path: Path, stamp: dict[str, Any] = STAMP) -> dict[str, dict[str, Any]]:
    with Ledger(path, stamp) as ledger:
        return dict(ledger.records())


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def test_records_come_back_equal_and_in_order(written: Path) -> None:
    with Ledger(written, STAMP) as ledger:
        assert list(ledger.records()) == list(RECORDS.items())
        assert list(ledger) == list(RECORDS)
        assert len(ledger) == len(RECORDS)
        assert {key: ledger[key] for key in RECORDS} == RECORDS
        assert "P0001_OD_1_030" in ledger
        assert "P0002_OD_1_000" not in ledger
        with pytest.raises(KeyError):
            ledger["P0002_OD_1_000"]


def test_records_can_be_read_while_others_are_added_and_after_closing(path: Path) -> None:
    with Ledger(path, STAMP) as ledger:
        ledger.append("a", {"n": 1})
        running = ledger.records()
        assert next(running) == ("a", {"n": 1})
        ledger.append("b", {"n": 2})
        assert ledger["b"] == {"n": 2}
        assert list(running) == []
    assert ledger["a"] == {"n": 1}
    assert list(ledger.records()) == [("a", {"n": 1}), ("b", {"n": 2})]


def test_every_line_is_a_strict_json_object_in_ascii(written: Path) -> None:
    lines = [json.loads(line) for line in written.read_bytes().decode("ascii").splitlines()]
    assert lines[0] | {"crc32": ""} == {"schema": "edge-cataract/ledger/1", "stamp": STAMP, "crc32": ""}
    assert {line["key"]: line["record"] for line in lines[1:]} == RECORDS


def test_continued_ledger_is_the_same_file_as_an_uninterrupted_one(written: Path, tmp_path: Path) -> None:
    for key, record in RECORDS.items():
        with Ledger(tmp_path / "again.jsonl", STAMP) as ledger:
            ledger.append(key, record)
    assert (tmp_path / "again.jsonl").read_bytes() == written.read_bytes()


def test_crash_at_every_byte_of_the_last_line_loses_that_work_alone(written: Path) -> None:
    whole = written.read_bytes()
    last = list(RECORDS)[-1]
    for end in range(whole.rindex(b"\n", 0, -1) + 1, len(whole)):
        written.write_bytes(whole[:end])
        with Ledger(written, STAMP) as ledger:
            assert list(ledger) == list(RECORDS)[:-1]
            ledger.append(last, RECORDS[last])
        assert written.read_bytes() == whole


def test_crash_at_every_byte_of_the_stamp_starts_over(path: Path) -> None:
    Ledger(path, STAMP).close()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert contents(path) == {}
        assert path.read_bytes() == whole


def test_last_line_with_its_end_but_not_its_middle_is_done_again(written: Path) -> None:
    whole = written.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    written.write_bytes(whole[:start] + bytes(20) + whole[start + 20 :])
    assert list(contents(written)) == list(RECORDS)[:-1]


def test_one_changed_bit_before_the_last_line_is_damage(written: Path) -> None:
    whole = written.read_bytes()
    first, last = whole.index(b"\n") + 1, whole.rindex(b"\n", 0, -1)
    for position in range(first, last):
        damaged = flipped(whole, position)
        written.write_bytes(damaged)
        assert word_of(written) == "damaged-ledger"
        assert written.read_bytes() == damaged


def test_one_changed_bit_in_the_stamp_is_an_error(written: Path) -> None:
    whole = written.read_bytes()
    for position in range(whole.index(b"\n") + 1):
        written.write_bytes(flipped(whole, position))
        assert word_of(written) in ("damaged-ledger", "not-a-ledger")


@pytest.mark.parametrize("order", [(0, 2, 3), (0, 2, 1, 3), (0, 1, 1, 2, 3), (1, 2, 3)])
def test_removed_moved_or_repeated_line_is_an_error(written: Path, order: tuple[int, ...]) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(lines[number] for number in order))
    assert word_of(written) in ("damaged-ledger", "not-a-ledger")


def test_damage_is_reported_with_its_line_and_what_to_do(written: Path) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join([*lines[:2], b"\n", *lines[3:]]))
    with pytest.raises(OutputError, match=r"Line 3 of the ledger .* remove this line and all that follow"):
        Ledger(written, STAMP)
    written.write_bytes(b"".join(lines[:2]))
    assert list(contents(written)) == list(RECORDS)[:1]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (STAMP | {"seed": 2}, "seed"),
        (STAMP | {"seed": 1.0}, "seed"),
        (STAMP | {"seed": True, "cohort": "shifted"}, "cohort, seed"),
        (STAMP | {"more": None}, "more"),
        ({"cohort": "validation", "seed": 1}, "patients"),
    ],
)
def test_other_work_is_refused_and_left_as_it_is(written: Path, other: dict[str, Any], named: str) -> None:
    whole = written.read_bytes()
    with pytest.raises(OutputError, match=rf"error\[ledger-other-work\]: .* differs in {named}\.") as caught:
        Ledger(written, other)
    assert caught.value.exit_code == 73
    assert written.read_bytes() == whole


def test_order_of_a_stamp_does_not_matter(written: Path) -> None:
    assert contents(written, dict(reversed(STAMP.items()))) == RECORDS


def test_other_work_is_replaced_on_request_and_the_same_continued(written: Path) -> None:
    with Ledger(written, STAMP, replace=True) as ledger:
        assert dict(ledger.records()) == RECORDS
    with Ledger(written, STAMP | {"seed": 2}, replace=True) as ledger:
        assert len(ledger) == 0
        ledger.append("a", {})
    assert contents(written, STAMP | {"seed": 2}) == {"a": {}}


@pytest.mark.parametrize(
    "content", [b"not a ledger", b"\n", b"{}\n", b'{"schema":"edge-cataract/ledger/2","stamp":{}}\n']
)
def test_file_of_another_kind_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert word_of(path, replace=True) == "not-a-ledger"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "record",
    [
        {"x": float("nan")},
        {"x": [float("inf")]},
        {"x": (1, 2)},
        {"x": {1: 2}},
        {"x": {1, 2}},
        {"x": b"bytes"},
        {"x": Path("x")},
    ],
    ids=str,
)
def test_what_json_would_not_give_back_is_refused(path: Path, record: dict[str, Any]) -> None:
    with Ledger(path, STAMP) as ledger:
        before = path.read_bytes()
        with pytest.raises(UsageError, match="not-a-record"):
            ledger.append("a", record)
        assert path.read_bytes() == before
        assert "a" not in ledger
        ledger.append("a", {"x": 1})
    assert contents(path) == {"a": {"x": 1}}


def test_stamp_that_is_not_plain_is_refused_before_a_file_is_made(path: Path) -> None:
    assert word_of(path, {"threshold": float("nan")}) == "not-a-record"
    assert not path.exists()


def test_key_must_be_text(path: Path) -> None:
    with Ledger(path, STAMP) as ledger, pytest.raises(UsageError, match="not-a-record"):
        ledger.append(1, {})  # type: ignore[arg-type]  # what the test is about


def test_second_record_under_one_key_is_refused_and_the_first_kept(written: Path) -> None:
    with Ledger(written, STAMP) as ledger:
        for key in RECORDS:
            with pytest.raises(UsageError, match="duplicate-key"):
                ledger.append(key, {"other": 1})
    assert contents(written) == RECORDS


@pytest.mark.parametrize("key", ["", "Ärztin", "眼", "👁", 'a "b"\n\\c', "caf\udce9.png", "\x00", "\u2028"], ids=ascii)
def test_any_text_is_a_key(path: Path, key: str) -> None:
    with Ledger(path, {key: key}) as ledger:
        ledger.append(key, {key: key})
    assert path.read_bytes().count(b"\n") == 2
    assert contents(path, {key: key}) == {key: {key: key}}


def test_second_writer_is_refused_until_the_first_has_closed(path: Path) -> None:
    with Ledger(path, STAMP) as ledger:
        assert word_of(path) == "ledger-in-use"
        assert word_of(path, STAMP | {"seed": 2}, replace=True) == "ledger-in-use"
        ledger.append("a", {})
    assert contents(path) == {"a": {}}


def test_reading_does_not_give_the_lock_away(written: Path) -> None:
    with Ledger(written, STAMP) as ledger:
        assert dict(ledger.records()) == RECORDS
        assert word_of(written) == "ledger-in-use"


def test_lock_ends_where_opening_fails(written: Path) -> None:
    assert word_of(written, {"seed": 2}) == "ledger-other-work"
    assert contents(written) == RECORDS


def test_killed_writer_loses_nothing_it_reported_and_its_lock(path: Path, writer: subprocess.Popen[bytes]) -> None:
    assert writer.stdout is not None
    for expected in range(20):
        assert int(writer.stdout.readline()) == expected
    assert word_of(path, {"seed": 1}) == "ledger-in-use"
    writer.send_signal(signal.SIGKILL)
    reported = 19 + len(writer.stdout.read().splitlines())
    writer.wait()
    found = contents(path, {"seed": 1})
    assert list(found.values()) == [{"number": number} for number in range(len(found))]
    assert len(found) in (reported + 1, reported + 2)  # it may be killed between the append and its report


def test_append_is_one_write_followed_by_a_sync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        calls.append(path.read_bytes().count(b"\n"))

    with Ledger(path, STAMP) as ledger:
        monkeypatch.setattr(os, "fsync", noted)
        for number in range(3):
            ledger.append(str(number), {"long": "x" * 100_000})
        assert calls == [2, 3, 4]
    assert calls == [2, 3, 4]


def test_batched_syncs_come_every_so_many_records_and_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    with Ledger(path, STAMP, sync_every=3) as ledger:
        monkeypatch.setattr(os, "fsync", lambda _: calls.append(len(ledger)))
        for number in range(8):
            ledger.append(str(number), {})
            assert path.read_bytes().count(b"\n") == number + 2
        assert calls == [3, 6]
        ledger.sync()
        assert calls == [3, 6, 8]
        ledger.append("last", {})
    assert calls == [3, 6, 8, 9]


def test_number_of_records_between_syncs_is_positive(path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Ledger(path, STAMP, sync_every=0)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_append_leaves_nothing_and_closes(
    written: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(_: int) -> None:
        raise error

    before = written.read_bytes()
    with Ledger(written, STAMP) as ledger, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        expected = WriteError if isinstance(error, OSError) else KeyboardInterrupt
        with pytest.raises(expected):
            ledger.append("new", {})
        assert "new" not in ledger
        with pytest.raises(ValueError, match="closed"):
            ledger.append("new", {})
    assert written.read_bytes() == before
    assert contents(written) == RECORDS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file size limit of Linux")
def test_full_disk_leaves_no_part_of_a_line(written: Path) -> None:
    before = written.read_bytes()
    program = (
        "import resource, signal, sys\n"
        "from edge_runtime.errors import WriteError\n"
        "from edge_runtime.ledger import Ledger\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 10}, {len(before) + 10}))\n"
        f"with Ledger(sys.argv[1], {STAMP!r}) as ledger:\n"
        "    try:\n"
        "        ledger.append('new', {})\n"
        "    except WriteError as error:\n"
        "        sys.exit(error.exit_code)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, written], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert finished.returncode == 74
    assert written.read_bytes() == before


def test_failing_disk_at_the_end_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    ledger = Ledger(path, STAMP, sync_every=10)
    ledger.append("a", {})
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match=r"Input/output error\. Earlier records are kept\."):
        ledger.close()
    ledger.close()


def test_failing_disk_at_the_start_is_reported_and_unlocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("edge_runtime.ledger.sync_folder", fail)
        assert word_of(path) == "write-failed"
    assert contents(path) == {}


@pytest.mark.parametrize("what", ["removed", "moved", "replaced", "folder"])
def test_a_ledger_that_lost_its_name_takes_no_record(what: str, tmp_path: Path) -> None:
    """What is added to a file without a name is lost, and another process could begin a new one."""
    path = tmp_path / "out" / "ledger.jsonl"
    path.parent.mkdir()
    with Ledger(path, STAMP) as ledger:
        ledger.append("a", {})
        if what == "removed":
            path.unlink()
        elif what == "folder":
            path.parent.rename(tmp_path / "elsewhere")
        else:
            path.rename(tmp_path / "elsewhere")
        if what == "replaced":
            Ledger(path, STAMP).close()
        with pytest.raises(OutputError) as refused:
            ledger.append("b", {})
        assert (refused.value.word, "b" in ledger) == ("ledger-replaced", False)


@pytest.mark.parametrize("call", ["stat", "fstat"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOTCONN, errno.ETIMEDOUT])
def test_a_share_that_numbers_files_anew_or_says_nothing_is_no_loss(
    number: int, call: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(path, STAMP) as ledger:
        monkeypatch.setattr(os.path, "samestat", lambda *_: False)
        ledger.append("a", {})

        def away(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, call, away)
        ledger.append("b", {})
        monkeypatch.undo()
        assert list(ledger) == ["a", "b"]


@pytest.mark.parametrize("call", ["stat", "fstat"])
def test_a_share_that_knows_the_file_no_more_has_lost_it(
    call: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    with Ledger(path, STAMP) as ledger, monkeypatch.context() as patch:
        patch.setattr(os, call, stale)
        with pytest.raises(OutputError) as refused:
            ledger.append("a", {})
        assert (refused.value.word, "a" in ledger) == ("ledger-replaced", False)


class Complaining:
    """A file on a share that takes no byte more, and complains when it is closed, too."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, _: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    def close(self) -> None:
        self._file.close()
        raise OSError(errno.EIO, "Input/output error")


def test_a_share_that_complains_when_a_file_is_closed_is_an_error_of_the_write_alone(path: Path) -> None:
    ledger = Ledger(path, STAMP)
    ledger._file = Complaining(ledger._file)  # type: ignore[assignment]
    with pytest.raises(WriteError):
        ledger.append("a", {})
    ledger.close()
    ledger = Ledger(path, STAMP)
    ledger._file = Complaining(ledger._file)  # type: ignore[assignment]
    ledger.close()
    Ledger(path, STAMP).close()


def test_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "missing" / "ledger", Path("/dev/null"), tmp_path / "pipe"):
        assert word_of(place) == "output-folder"


def test_ledger_stays_where_it_is_when_the_folder_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with Ledger(path.name, STAMP) as ledger:
        ledger.append("a", {"n": 1})
        monkeypatch.chdir("/")
        assert ledger["a"] == {"n": 1}


def test_windows_locks_a_byte_behind_the_records_and_has_no_fcntl(path: Path) -> None:
    program = (
        "import os, sys, types\n"
        "calls = []\n"
        "def locking(descriptor, mode, count):\n"
        "    calls.append((os.lseek(descriptor, 0, os.SEEK_CUR) >= 1 << 40, mode, count))\n"
        "    if len(calls) == 2:\n"
        "        raise PermissionError(13, 'Permission denied')\n"
        "sys.modules['msvcrt'] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)\n"
        "sys.modules['fcntl'] = None\n"
        "from edge_runtime.errors import OutputError\n"
        "from edge_runtime.ledger import Ledger\n"
        "sys.platform = 'win32'\n"
        "with Ledger(sys.argv[1], {}) as ledger:\n"
        "    ledger.append('a', {})\n"
        "try:\n"
        "    Ledger(sys.argv[1], {})\n"
        "except OutputError as error:\n"
        "    assert error.word == 'ledger-in-use'\n"
        "assert calls == [(True, 2, 1)] * 2\n"
    )
    subprocess.run([sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert contents(path, {}) == {"a": {}}


def test_import_needs_neither_pathlib_nor_numpy() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import edge_runtime.ledger\n"
        "new = set(sys.modules) - before\n"
        "assert not new & {'pathlib', 'numpy', 'cv2', 'fcntl', 'threading', 'logging'}, new\n"
    )
    command = [sys.executable, "-S", "-c", program]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
