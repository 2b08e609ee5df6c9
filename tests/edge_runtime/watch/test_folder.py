"""What a look at a folder takes, and what it passes over."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.watch.folder import FileState, Glance, glance, is_temporary, state_of


def seen(root: Path, *without: Path) -> set[str]:
    return set(glance(str(root), {os.path.realpath(path) for path in without}).files)


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_scans_in_all_folders_are_seen_with_their_state(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.PNG", "P1/OD/1.dcm", "P1/1.2.840.9", "P1/IM0001", "notes.txt", "P1/report.pdf")
    found = glance(str(tmp_path), set())
    assert set(found.files) == {"a.png", "b.PNG", "P1/OD/1.dcm", "P1/1.2.840.9", "P1/IM0001"}
    assert found.files["a.png"] == FileState.of(os.stat(tmp_path / "a.png")) == state_of(str(tmp_path / "a.png"))
    assert (found.unsure, found.unreadable) == (set(), set())


@pytest.mark.parametrize(
    "name",
    [
        ".a.png", "~a.png", "~$a.png", "a.png.part", "a.png.tmp", "a.tmp.png", "a.part.png", "a.png.filepart",
        "a.png.crdownload", "A.TMP", "Thumbs.db", "DICOMDIR", ".edge-cataract-0123456789abcdef-0.tmp",
    ],
)  # fmt: skip
def test_hidden_system_and_temporary_names_are_passed_over(name: str, tmp_path: Path) -> None:
    put(tmp_path, name, "b.png")
    assert is_temporary(name)
    assert seen(tmp_path) == {"b.png"}


@pytest.mark.parametrize("name", ["a.png", "part.png", "temp_OD_1.png", "tmp.png", "a.partial_OD.png", "OD~1.dcm"])
def test_names_that_only_look_alike_are_taken(name: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    assert seen(tmp_path) == {name}


def test_folders_of_outputs_and_hidden_folders_are_not_looked_into(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "out/b.png", "deep/done/c.png", ".hidden/d.png", "deep/e.png")
    (tmp_path / "by-link").symlink_to(tmp_path / "out")
    assert seen(tmp_path, tmp_path / "by-link", tmp_path / "deep" / "done") == {"a.png", "deep/e.png"}


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root, "a.png")
    put(tmp_path, "elsewhere/b.png")
    (root / "b.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    (root / "dangling.png").symlink_to(tmp_path / "nothing.png")
    (root / "folder.png").symlink_to(tmp_path / "elsewhere")
    (root / "circle").symlink_to(root)
    found = glance(str(root), set())
    assert set(found.files) == {"a.png", "b.png"}
    assert found.files["b.png"] == FileState.of(os.stat(tmp_path / "elsewhere" / "b.png"))
    assert (found.unsure, found.unreadable) == (set(), set())


def test_what_is_no_regular_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    assert seen(tmp_path) == set()


def test_names_that_are_not_utf_8_are_seen(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"P\xff_OD_1.png"), "wb"):
        pass
    assert seen(tmp_path) == {"P\udcff_OD_1.png"}


def test_a_folder_that_cannot_be_read_is_told_and_its_files_may_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.png", "share/b.png")
    scandir = os.scandir

    def failing(path: str) -> Any:
        if path.endswith("share"):
            raise OSError(errno.EIO, "")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    found = glance(str(tmp_path), set())
    assert (set(found.files), found.unreadable) == ({"a.png"}, {"share"})
    assert found.may_hold("share/b.png")
    assert found.may_hold("share/deep/b.png")
    assert not found.may_hold("shared/b.png")
    assert not found.may_hold("c.png")


def test_a_folder_that_is_gone_may_hold_everything(tmp_path: Path) -> None:
    """A share that is not there is no folder from which all files were taken."""
    found = glance(str(tmp_path / "share"), set())
    assert (found.files, found.unreadable) == ({}, {""})
    assert found.may_hold("a.png")


def test_a_file_of_which_nothing_is_known_at_the_moment_may_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.png", "b.png")
    real = os.stat

    def failing(path: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("a.png"):
            raise OSError(errno.ESTALE, "")
        return real(path, **options)

    monkeypatch.setattr(os, "stat", failing)
    found = glance(str(tmp_path), set())
    assert (set(found.files), found.unsure) == ({"b.png"}, {"a.png"})
    assert found.may_hold("a.png")
    assert Glance().may_hold("a.png") is False
    assert state_of(str(tmp_path / "a.png")) is None
