"""Outputs are written durably: all of them in full, or none, and never over an input."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import OutputError, UsageError, WriteError
from edge_runtime.report.files import check_targets, write_all


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
    assert calls == ["sync file", "sync file", "rename a", "rename b", "sync folder"]
    assert files_in(tmp_path) == {"a": b"1", "b": b"2"}


def test_every_folder_is_synced_once(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    write_all({str(tmp_path / "x/a"): b"", str(tmp_path / "x/b"): b"", str(tmp_path / "y/c"): b""})
    assert calls[3:6] == ["rename a", "rename b", "rename c"]
    assert calls[6:] == ["sync folder", "sync folder"]


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
    monkeypatch.setattr(secrets, "token_hex", lambda _: "known")
    (tmp_path / ".edge-cataract-known.tmp").symlink_to("victim")
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


def test_targets_that_can_be_created_pass(tmp_path: Path) -> None:
    check_targets([str(tmp_path / "a"), str(tmp_path / "b"), "/dev/null"], [str(tmp_path / "scan.png"), "-"])
    assert list(tmp_path.iterdir()) == []


def test_target_may_replace_neither_an_input_nor_another_target(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.touch()
    (tmp_path / "link.png").symlink_to("scan.png")
    (tmp_path / "folder").mkdir()
    for targets in (
        [str(scan)],
        [str(tmp_path / "folder" / ".." / "scan.png")],
        [str(tmp_path / "link.png")],
        [str(tmp_path / "a"), str(tmp_path / "a")],
        [str(tmp_path / "folder")],
    ):
        with pytest.raises(UsageError, match="output-taken") as caught:
            check_targets(targets, [str(scan)])
        assert caught.value.exit_code == 2


def test_target_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="output-folder"):
        check_targets([str(tmp_path / "no" / "a")], [])
