"""Outputs are written durably: all of them in full, or none, and never over an input."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from edge_runtime import locked_file
from edge_runtime.errors import OutputError, UsageError, WriteError
from edge_runtime.locked_file import open_locked
from edge_runtime.report import journal
from edge_runtime.report.files import Writing, write_all
from edge_runtime.report.journal import Journal, finish_interrupted
from edge_runtime.report.targets import Target, check_targets


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The order of the calls that make a file durable."""
    made: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        made.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def noted_replace(source: str, target: str) -> None:
        made.append(f"rename {os.path.basename(target)}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    return made


def test_every_file_is_synced_before_any_is_renamed_and_the_folder_after(tmp_path: Path, calls: list[str]) -> None:
    write_all({str(tmp_path / "a"): b"1", str(tmp_path / "b"): b"2"})
    assert calls == [*["sync file"] * 2, "sync file", "rename a", "rename b", "sync folder"]  # the third: the journal
    assert files_in(tmp_path) == {"a": b"1", "b": b"2"}


def test_every_folder_is_synced_once(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    write_all({str(tmp_path / "x/a"): b"", str(tmp_path / "x/b"): b"", str(tmp_path / "y/c"): b""})
    assert calls[4:7] == ["rename a", "rename b", "rename c"]
    assert calls[7:] == ["sync folder", "sync folder"]


def test_target_in_the_current_folder_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all({"a": b"1"})
    assert files_in(tmp_path) == {"a": b"1"}


def test_earlier_output_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    write_all({str(tmp_path / "a"): b"new"})
    assert files_in(tmp_path) == {"a": b"new"}


def test_files_get_the_usual_rights(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_all({str(tmp_path / "a"): b""})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize(("folder", "file"), [(0o2750, 0o640), (0o1777, 0o644), (0o770, 0o640), (0o700, 0o600)])
def test_files_can_get_the_readers_of_a_folder_whatever_the_umask_is(folder: int, file: int, tmp_path: Path) -> None:
    """And no further writers."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(folder)
    before = os.umask(0o077)
    try:
        write_all({str(tmp_path / "a"): b""}, readers_of=str(tmp_path / "shared"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == file


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int, error: BaseException) -> None:
    """Let the n-th call of a function of `os` fail."""
    original, made = getattr(os, name), []

    def failing(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        if len(made) == call:
            raise error
        return original(*arguments, **options)

    monkeypatch.setattr(os, name, failing)


@pytest.mark.parametrize(("name", "call"), [("fsync", 1), ("fsync", 2), ("replace", 1), ("replace", 2), ("fsync", 3)])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG])
def test_when_one_file_fails_at_any_step_none_is_left(
    name: str, call: int, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, name, call, OSError(number, os.strerror(number)))
    with pytest.raises(WriteError, match=os.strerror(number)) as caught:
        write_all({str(tmp_path / "a"): b"1", str(tmp_path / "b"): b"2"})
    assert (caught.value.word, caught.value.exit_code) == ("write-failed", 74)
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENAMETOOLONG])
def test_file_that_cannot_be_created_is_an_output_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, "open", 2, OSError(number, os.strerror(number)))
    with pytest.raises(OutputError, match=os.strerror(number)) as caught:
        write_all({str(tmp_path / "a"): b"1", str(tmp_path / "b"): b"2"})
    assert caught.value.exit_code == 73
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(("name", "call"), [("fsync", 2), ("replace", 2)])
def test_interruption_leaves_nothing_half_done(
    name: str, call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, name, call, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_all({str(tmp_path / "a"): b"1", str(tmp_path / "b"): b"2"})
    assert files_in(tmp_path) == {}


def test_temporary_file_of_another_process_is_neither_used_nor_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers that share a folder, every process may have the number 1."""
    names = []
    original = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: names.append(source) or original(source, target))
    write_all({str(tmp_path / "a"): b"1"})
    write_all({str(tmp_path / "a"): b"1"})
    assert len(set(names)) == 2
    assert all(os.path.dirname(name) == str(tmp_path) for name in names), "renaming works within one folder only"


def test_planted_link_under_the_temporary_name_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    monkeypatch.setattr(os, "urandom", lambda size: bytes(size))
    (tmp_path / f".edge-cataract-{'00' * 8}-0.tmp").symlink_to("victim")
    with pytest.raises(WriteError, match="File exists"):
        write_all({str(tmp_path / "a"): b"1"})
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "a").exists()


# --- devices and pipes -----------------------------------------------------------------------------------------------


def test_device_is_written_to_and_not_replaced() -> None:
    write_all({"/dev/null": b"content"})
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_pipe_gets_the_content_in_full() -> None:
    reading, writing = os.pipe()
    try:
        write_all({f"/dev/fd/{writing}": b"content"})
        assert os.read(reading, 100) == b"content"
    finally:
        os.close(reading)
        os.close(writing)


def test_full_device_fails() -> None:
    with pytest.raises(WriteError, match="No space left"):
        write_all({"/dev/full": b"content"})


# --- before any work -------------------------------------------------------------------------------------------------


def targets(*paths: str) -> list[Target]:
    return [Target(path, ()) for path in paths]


def test_targets_that_can_be_created_pass(tmp_path: Path) -> None:
    check_targets(targets(str(tmp_path / "a"), str(tmp_path / "b"), "/dev/null"), [str(tmp_path / "scan.png"), "-"])
    assert list(tmp_path.iterdir()) == []


def test_target_may_replace_neither_an_input_nor_another_target(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.touch()
    (tmp_path / "link.png").symlink_to("scan.png")
    (tmp_path / "folder").mkdir()
    for paths in (
        [str(scan)],
        [str(tmp_path / "folder" / ".." / "scan.png")],
        [str(tmp_path / "link.png")],
        [str(tmp_path / "a"), str(tmp_path / "a")],
        [str(tmp_path / "folder")],
    ):
        with pytest.raises(UsageError, match="output-taken") as caught:
            check_targets(targets(*paths), [str(scan)])
        assert caught.value.exit_code == 2


def test_target_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="output-folder"):
        check_targets(targets(str(tmp_path / "no" / "a")), [])


# --- several files of one result -------------------------------------------------------------------------------------


def older_and_newer(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Two results of two files each; the older one is in place."""
    older, newer = ({str(folder / name): content for name in ("a", "b")} for content in (b"older", b"newer"))
    write_all(older)
    return older, newer


@pytest.mark.parametrize(
    ("name", "call"), [("fsync", 1), ("fsync", 2), ("fsync", 3), ("fsync", 4), ("replace", 1), ("replace", 2)]
)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_what_was_there_is_there_again_when_a_step_fails(
    name: str, call: int, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, newer = older_and_newer(tmp_path)
    fail_at(monkeypatch, name, call, OSError(number, os.strerror(number)))
    with pytest.raises(WriteError):
        write_all(newer)
    assert files_in(tmp_path) == {"a": b"older", "b": b"older"}


def test_what_was_there_is_there_again_where_files_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, newer = older_and_newer(tmp_path)
    fail_at(monkeypatch, "replace", 2, OSError(errno.EIO, ""))

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(WriteError):
        write_all(newer)
    assert files_in(tmp_path) == {"a": b"older", "b": b"older"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES])
def test_a_folder_that_cannot_be_synced_is_no_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, newer = older_and_newer(tmp_path)
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    write_all(newer)
    assert files_in(tmp_path) == {"a": b"newer", "b": b"newer"}


@pytest.mark.parametrize("call", range(1, 6))
def test_what_could_not_be_removed_is_removed_by_the_next_run(
    call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, newer = older_and_newer(tmp_path)
    with monkeypatch.context() as patch:
        fail_at(patch, "unlink", call, OSError(errno.EIO, ""))
        write_all(newer)
    finish_interrupted(str(tmp_path))
    assert files_in(tmp_path) == {"a": b"newer", "b": b"newer"}


def test_nothing_is_published_later_that_was_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename of the second file fails, and so does the removal of its temporary file."""
    _, newer = older_and_newer(tmp_path)
    with monkeypatch.context() as patch:
        fail_at(patch, "replace", 2, OSError(errno.EIO, ""))

        def stuck(path: str) -> None:
            raise OSError(errno.EIO, "")

        patch.setattr(os, "unlink", stuck)
        with pytest.raises(WriteError):
            write_all(newer)
    finish_interrupted(str(tmp_path))
    assert files_in(tmp_path) == {"a": b"older", "b": b"older"}


def test_a_plan_that_cannot_be_closed_takes_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, newer = older_and_newer(tmp_path)

    class Unclosable:
        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def close(self) -> None:
            self._file.close()
            raise OSError(errno.EIO, "")

    monkeypatch.setattr(journal, "open_locked", lambda path: Unclosable(open_locked(path)))
    write_all(newer)
    assert files_in(tmp_path) == {"a": b"newer", "b": b"newer"}


KILLED = """
import os, signal, sys
from edge_runtime.locked_file import open_locked
from edge_runtime.report import journal
from edge_runtime.report.files import Writing, write_all
from edge_runtime.report.journal import Journal, finish_interrupted
name, call, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
original, made = getattr(os, name), []
def deadly(*arguments, **options):
    made.append(1)
    if len(made) == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)
setattr(os, name, deadly)
write_all({f"{folder}/{one}": b"newer" for one in ("a", "b")})
"""


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("fsync", 1),
        ("fsync", 2),
        ("fsync", 3),
        ("link", 2),
        ("replace", 1),
        ("replace", 2),
        ("fsync", 4),
        ("unlink", 1),
    ],
)
def test_the_next_run_mends_what_a_killed_one_left(name: str, call: int, tmp_path: Path) -> None:
    older_and_newer(tmp_path)
    killed = subprocess.run([sys.executable, "-c", KILLED, name, str(call), tmp_path], check=False)
    assert killed.returncode == -signal.SIGKILL
    write_all({str(tmp_path / "c"): b"of another scan"})
    left = files_in(tmp_path)
    assert left.pop("c") == b"of another scan"
    assert left in ({"a": b"older", "b": b"older"}, {"a": b"newer", "b": b"newer"})


def test_temporary_files_of_a_run_that_goes_on_are_left_alone(tmp_path: Path) -> None:
    token = "ab" * 8
    temporary = tmp_path / f".edge-cataract-{token}-0.tmp"
    temporary.write_bytes(b"half")
    with Journal(str(tmp_path), token, needed=True):
        write_all({str(tmp_path / "c"): b"1"})
        assert temporary.read_bytes() == b"half"


def test_a_result_is_written_where_files_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise OutputError("output-folder", "There are no locks.", "")

    monkeypatch.setattr("edge_runtime.report.journal.open_locked", refuse)
    older_and_newer(tmp_path)
    assert files_in(tmp_path) == {"a": b"older", "b": b"older"}


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC, errno.EACCES])
def test_a_plan_that_cannot_be_opened_now_is_no_error_and_stays_for_the_next_run(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    older_and_newer(tmp_path)
    token = "ab" * 8
    temporary = tmp_path / f".edge-cataract-{token}-0.tmp"
    temporary.write_bytes(b"newest")
    plan = tmp_path / f".edge-cataract-{token}.journal"
    plan.write_text(f'[["{temporary}", "{tmp_path / "a"}"]]\n')
    with monkeypatch.context() as patch:
        patch.setattr(locked_file, "open", refused, raising=False)
        finish_interrupted(str(tmp_path))
        with Journal(str(tmp_path), "cd" * 8, needed=True) as unplanned:
            unplanned.record([])
    assert (temporary.exists(), plan.exists()) == (True, True)
    finish_interrupted(str(tmp_path))
    assert files_in(tmp_path) == {"a": b"newest", "b": b"older"}


def test_a_plan_of_a_killed_run_that_cannot_be_closed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unclosable:
        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def __enter__(self) -> BinaryIO:
            return self._file

        def __exit__(self, *_: object) -> None:
            self._file.close()
            raise OSError(errno.EIO, "")

    (tmp_path / f".edge-cataract-{'ab' * 8}.journal").write_bytes(b"")
    monkeypatch.setattr(journal, "open_locked", lambda path: Unclosable(open_locked(path)))
    finish_interrupted(str(tmp_path))
    assert files_in(tmp_path) == {}


def test_a_pipe_that_is_read_slowly_gets_everything(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = os.urandom(1_000_000)
    reader = subprocess.Popen([sys.executable, "-c", SLOW_READER, pipe], stdout=subprocess.PIPE)
    write_all({str(pipe): content})
    assert reader.communicate(timeout=30)[0].strip() == str(len(content)).encode()


SLOW_READER = """
import os, sys, time
total = 0
with open(sys.argv[1], "rb", buffering=0) as file:
    while part := file.read(50_000):
        total += len(part)
        time.sleep(0.001)
print(total)
"""


def test_a_pipe_whose_reader_leaves_is_a_failed_write(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen([sys.executable, "-c", "import sys; open(sys.argv[1], 'rb').read(10)", pipe])
    with pytest.raises(WriteError):
        write_all({str(pipe): bytes(10_000_000)})
    reader.wait(30)


# --- what is written together ----------------------------------------------------------------------------------------


def test_files_that_are_made_one_after_the_other_appear_together(tmp_path: Path) -> None:
    with Writing() as writing:
        writing.stage({str(tmp_path / "a"): b"1"})
        writing.stage({str(tmp_path / "b"): b"2"})
        assert not (tmp_path / "a").exists()
        writing.publish()
    assert files_in(tmp_path) == {"a": b"1", "b": b"2"}


def test_what_is_not_permitted_at_the_end_leaves_all_as_it_was(tmp_path: Path) -> None:
    def refuse() -> None:
        assert len(files_in(tmp_path)) > 2
        raise UsageError("output-taken", "It is there.", "Name another.")

    older_and_newer(tmp_path)
    with pytest.raises(UsageError):
        write_all({str(tmp_path / name): b"newer" for name in ("a", "b")}, refuse)
    assert files_in(tmp_path) == {"a": b"older", "b": b"older"}


def test_files_that_were_never_published_leave_nothing(tmp_path: Path) -> None:
    with Writing() as writing:
        writing.stage({str(tmp_path / "a"): b"1", str(tmp_path / "b"): b"2"})
    assert files_in(tmp_path) == {}


def test_what_a_killed_process_had_planned_comes_before_what_is_published(tmp_path: Path) -> None:
    """It is killed while another has made its files, and waits."""
    with Writing() as writing:
        writing.stage({str(tmp_path / "a"): b"newer", str(tmp_path / "b"): b"newer"})
        program = KILLED.replace('b"newer"', 'b"killed"')
        killed = subprocess.run([sys.executable, "-c", program, "replace", "2", tmp_path], check=False)
        assert killed.returncode == -signal.SIGKILL
        writing.publish()
    finish_interrupted(str(tmp_path))
    assert files_in(tmp_path) == {"a": b"newer", "b": b"newer"}


def test_a_descriptor_is_written_to_where_it_stands(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb", buffering=0) as file:
        file.write(b"before ")
        write_all({f"/dev/fd/{file.fileno()}": b"after"})
        file.write(b" and on")
    assert (tmp_path / "a").read_bytes() == b"before after and on"


def test_what_is_written_stays_said_when_a_pipe_fails(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        write_all({str(tmp_path / "a"): b"1", "/dev/full": b"content"})
    assert "Nothing was written" not in str(caught.value)
    assert files_in(tmp_path) == {"a": b"1"}
