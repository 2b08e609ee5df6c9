"""Files of judged exams are moved when asked; no file is moved that was not judged, and none is replaced."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_runtime import locked_file
from edge_runtime.watch import moving
from edge_runtime.watch.content import UNREADABLE, Content
from edge_runtime.watch.folder import state_of
from edge_runtime.watch.memory import KnownFile
from edge_runtime.watch.moving import Moved, move_files, put_back_aside
from edge_runtime.watch.tracking import Group


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.png", "OD/b.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "in"


def group(root: Path) -> Group:
    files = []
    for name in ("a.png", "OD/b.png"):
        state = state_of(str(root / name))
        assert state is not None
        files.append(KnownFile(name, state, Content("a" * 64, 1, whole=True)))
    return Group("P1", tuple(files))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def errno_of(moved: Moved) -> int | None:
    """Why a file could not be moved, where that is so of all that were asked for."""
    assert (moved.paths, moved.failed is None) == ([], False)
    return moved.failed.errno if moved.failed is not None else None


def across(patch: pytest.MonkeyPatch) -> None:
    """As if the target lay on another file system."""

    def refused(*_: object) -> None:
        raise OSError(errno.EXDEV, "")

    patch.setattr(os, "rename", refused)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_files_are_moved_with_their_folders(
    elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if elsewhere:
        across(monkeypatch)
    moved = move_files(group(root), str(root), str(tmp_path / "done" / "P1"))
    assert moved.failed is None
    assert moved.paths == ["a.png", "OD/b.png"]
    assert contents(tmp_path / "done") == {"P1/a.png": b"a.png", "P1/OD/b.png": b"OD/b.png"}
    assert contents(root) == {}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_name_that_is_taken_gets_a_number(
    elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if elsewhere:
        across(monkeypatch)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "a.png").write_bytes(b"earlier")
    move_files(group(root), str(root), str(tmp_path / "done"))
    assert contents(tmp_path / "done") == {"a.png": b"earlier", "a.2.png": b"a.png", "OD/b.png": b"OD/b.png"}


def test_a_file_that_changed_since_it_was_judged_stays(root: Path, tmp_path: Path) -> None:
    judged = group(root)
    (root / "a.png").write_bytes(b"newer")
    assert move_files(judged, str(root), str(tmp_path / "done")).paths == ["OD/b.png"]
    assert contents(root) == {"a.png": b"newer"}


def test_a_file_that_changes_while_it_is_copied_stays(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    real = moving.shutil.copy2

    def slow(source: str, place: str) -> Any:
        real(source, place)
        if source.endswith("a.png"):
            Path(source).write_bytes(b"newer")

    monkeypatch.setattr(moving.shutil, "copy2", slow)
    assert move_files(group(root), str(root), str(tmp_path / "done")).paths == ["OD/b.png"]
    assert contents(root) == {"a.png": b"newer"}
    assert contents(tmp_path / "done") == {"OD/b.png": b"OD/b.png"}


def test_the_copy_and_its_folders_are_on_the_disk_before_the_original_is_removed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    steps: list[str] = []
    real = os.unlink

    def removed(path: str) -> None:
        if path.startswith(str(root)) and path.endswith(".png"):
            steps.append(f"removed {os.path.basename(path)}")
        real(path)

    def synced(folder: str) -> None:
        names = sorted(path.name for path in Path(folder).iterdir() if not path.name.startswith("."))
        steps.append(f"synced {os.path.relpath(folder, tmp_path)}: {' '.join(names)}")

    monkeypatch.setattr(os, "unlink", removed)
    monkeypatch.setattr(moving, "sync_folder", synced)
    monkeypatch.setattr(locked_file, "sync_folder", synced)
    move_files(group(root), str(root), str(tmp_path / "done" / "P1"))
    assert steps == [
        "synced .: done in",
        "synced done: P1",
        "synced done/P1: a.png",
        "removed a.png",
        "synced done/P1: OD a.png",
        "synced done/P1/OD: b.png",
        "removed b.png",
    ]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("links", [False, True])
def test_a_file_that_is_written_anew_at_the_last_moment_stays_and_is_never_among_those_that_were_judged(
    links: bool, again: bool, elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a device exports again in the moment before the original is moved, and once more in that after it."""
    if elsewhere:
        across(monkeypatch)
    real = os.replace

    def late(source: str, place: str) -> None:
        if source == str(root / "a.png"):
            Path(source).unlink()
            Path(source).write_bytes(b"newer")
            real(source, place)
            if again:
                Path(source).write_bytes(b"newest")
        else:
            real(source, place)

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "replace", late)
    if not links:
        monkeypatch.setattr(os, "link", refused)
    assert move_files(group(root), str(root), str(tmp_path / "done")).paths == ["OD/b.png"]
    assert contents(root) == {"a.png": b"newest" if again else b"newer"}
    assert sorted(path.name for path in root.iterdir()) == ["OD", "a.png"]
    assert contents(tmp_path / "done") == {"OD/b.png": b"OD/b.png"}


def test_a_folder_that_gives_no_file_away_is_not_copied_again_and_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    real = os.replace

    def refused(source: str, place: str) -> None:
        if source.startswith(str(root)):
            raise OSError(errno.EACCES, "")
        real(source, place)

    monkeypatch.setattr(os, "replace", refused)
    for _ in range(2):
        assert errno_of(move_files(group(root), str(root), str(tmp_path / "done"))) == errno.EACCES
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    assert contents(tmp_path / "done") == {}


@pytest.mark.parametrize("step", ["replace", "unlink"])
def test_a_signal_between_two_steps_loses_nothing(
    step: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    real = getattr(os, step)

    def interrupted(path: str, *place: str) -> None:
        real(path, *place)
        if path.startswith(str(root)) and path.endswith(".png"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            move_files(group(root), str(root), str(tmp_path / "done"))
    put_back_aside(str(root))
    assert contents(tmp_path / "done") == {"a.png": b"a.png"}
    left = {"OD/b.png": b"OD/b.png"}
    assert contents(root) == (left if step == "unlink" else {"a.png": b"a.png", **left})


@pytest.mark.parametrize("newer", [False, True])
def test_a_file_that_a_kill_left_aside_gets_its_name_again(newer: bool, root: Path, tmp_path: Path) -> None:
    aside = root / "OD" / ".edge-cataract-moving-0123456789abcdef"
    aside.mkdir()
    (root / "OD" / "b.png").rename(aside / "b.png")
    if newer:
        (root / "OD" / "b.png").write_bytes(b"newer")
    put_back_aside(str(root))
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"newer" if newer else b"OD/b.png"}
    assert [path.name for path in (root / "OD").iterdir()] == ["b.png"]


def test_a_part_of_a_copy_that_a_kill_left_is_removed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / ".edge-cataract-moving-0123456789abcdef").write_bytes(b"a.")
    move_files(group(root), str(root), str(tmp_path / "done"))
    assert contents(tmp_path / "done") == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}


def test_a_name_as_long_as_a_file_system_takes_is_moved_in_any_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    name = "\N{CJK UNIFIED IDEOGRAPH-773C}" * 83 + ".png"  # 253 bytes
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(b"scan")
    state = state_of(str(tmp_path / "in" / name))
    assert state is not None
    one = Group("P1", (KnownFile(name, state, Content("a" * 64, 1, whole=True)),))
    assert move_files(one, str(tmp_path / "in"), str(tmp_path / "done")).paths == [name]
    assert contents(tmp_path / "done") == {name: b"scan"}


def test_a_disk_that_is_full_loses_nothing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    across(monkeypatch)

    def full(source: str, place: str) -> None:
        Path(place).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(moving.shutil, "copy2", full)
    assert errno_of(move_files(group(root), str(root), str(tmp_path / "done"))) == errno.ENOSPC
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    assert contents(tmp_path / "done") == {}


def test_a_link_is_moved_and_not_what_it_leads_to(root: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    os.rename(root / "a.png", tmp_path / "store" / "a.png")
    (root / "a.png").symlink_to(tmp_path / "store" / "a.png")
    assert move_files(group(root), str(root), str(tmp_path / "done")).paths == ["a.png", "OD/b.png"]
    assert (tmp_path / "done" / "a.png").is_symlink()
    assert contents(tmp_path / "store") == {"a.png": b"a.png"}


def test_a_link_that_would_lead_nowhere_stays(root: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    os.rename(root / "a.png", tmp_path / "store" / "a.png")
    (root / "a.png").symlink_to("../store/a.png")
    assert move_files(group(root), str(root), str(tmp_path / "done")).paths == ["OD/b.png"]
    assert (root / "a.png").read_bytes() == b"a.png"


def test_a_kill_in_the_middle_of_a_move_leaves_no_file_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.rename

    def killed(source: str, place: str) -> None:
        if source.endswith(".png"):
            raise KeyboardInterrupt
        real(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            move_files(group(root), str(root), str(tmp_path / "done"))
    assert contents(tmp_path / "done") == {}
    put_back_aside(str(root))
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}


def test_what_was_only_tried_before_a_kill_is_removed(root: Path, tmp_path: Path) -> None:
    name = ".edge-cataract-moving-0123456789abcdef"
    (root / name).mkdir()
    (root / name / name).write_bytes(b"")
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / name).write_bytes(b"")
    put_back_aside(str(root))
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    move_files(group(root), str(root), str(tmp_path / "done"))
    assert contents(tmp_path / "done") == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}


def test_where_nothing_can_be_written_no_file_is_touched(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EACCES, "")

    judged = group(root)
    monkeypatch.setattr(os, "rename", refused)
    assert errno_of(move_files(judged, str(root), str(tmp_path / "done"))) == errno.EACCES
    assert [state_of(str(root / file.path)) for file in judged.files] == [file.state for file in judged.files]
    assert [path.name for path in sorted(root.iterdir())] == ["OD", "a.png"]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_that_cannot_be_moved_keeps_no_other_from_it(
    elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if elsewhere:
        across(monkeypatch)
    real = os.replace

    def refused(source: str, place: str) -> None:
        if source == str(root / "a.png"):
            raise OSError(errno.EPERM, "")
        real(source, place)

    monkeypatch.setattr(os, "replace", refused)
    moved = move_files(group(root), str(root), str(tmp_path / "done"))
    assert moved.paths == ["OD/b.png"]
    assert moved.failed is not None
    assert contents(root) == {"a.png": b"a.png"}
    assert contents(tmp_path / "done") == {"OD/b.png": b"OD/b.png"}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_that_was_never_read_stays(
    elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is judged again when it can be read; and one that is far too large would fill the other disk."""
    if elsewhere:
        across(monkeypatch)
    first, second = group(root).files
    unread = Group("P1", (replace(first, content=Content(UNREADABLE, 1, whole=False)), second), timed_out=True)
    assert move_files(unread, str(root), str(tmp_path / "done")).paths == ["OD/b.png"]
    assert contents(root) == {"a.png": b"a.png"}


def failing_after(patch: pytest.MonkeyPatch, call: str, number: int, root: Path, *, away: bool = False) -> None:
    """A share that does what is asked of scans and then says that it failed, and with `away` nothing from then on."""
    real, look, failed = getattr(os, call), os.lstat, list[str]()

    def late(path: str, *place: str) -> None:
        real(path, *place)
        if path.startswith(str(root)) and path.endswith(".png"):
            failed.append(path)
            raise OSError(number, os.strerror(number))

    def silent(path: str) -> os.stat_result:
        if failed and str(path).startswith(str(root)):
            raise OSError(errno.ETIMEDOUT, "")
        return look(path)

    patch.setattr(os, call, late)
    if away:
        patch.setattr(os, "lstat", silent)


@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.ENOENT])
def test_an_original_that_a_share_removed_before_it_failed_was_moved(
    number: int, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOENT is what a share says that was asked twice, as its first answer was lost."""
    across(monkeypatch)
    failing_after(monkeypatch, "unlink", number, root)
    moved = move_files(group(root), str(root), str(tmp_path / "done"))
    assert (moved.paths, moved.failed) == (["a.png", "OD/b.png"], None)
    assert contents(tmp_path / "done") == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    assert contents(root) == {}


def test_a_copy_stays_where_nothing_proves_that_the_original_is_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    failing_after(monkeypatch, "unlink", errno.ETIMEDOUT, root, away=True)
    assert errno_of(move_files(group(root), str(root), str(tmp_path / "done"))) == errno.ETIMEDOUT
    assert contents(tmp_path / "done") == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}


def test_an_original_that_cannot_be_removed_has_its_name_again_and_its_copy_goes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(monkeypatch)
    real, refused = os.unlink, set[str]()

    def late(path: str) -> None:
        if path.startswith(str(root)) and path.endswith(".png") and path not in refused:
            refused.add(path)
            raise OSError(errno.EBUSY, "")
        real(path)

    monkeypatch.setattr(os, "unlink", late)
    assert errno_of(move_files(group(root), str(root), str(tmp_path / "done"))) == errno.EBUSY
    assert contents(root) == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    assert contents(tmp_path / "done") == {}


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(("away", "number"), [(False, errno.ETIMEDOUT), (True, errno.ETIMEDOUT), (False, errno.ENOENT)])
def test_a_file_that_a_share_put_aside_before_it_failed_is_not_lost(
    number: int, away: bool, elsewhere: bool, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = group(root)
    with monkeypatch.context() as patch:
        if elsewhere:
            across(patch)
        failing_after(patch, "replace", number, root, away=away)
        moved = move_files(judged, str(root), str(tmp_path / "done"))
    both = {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    if number == errno.ENOENT:
        assert (moved.paths, contents(root), contents(tmp_path / "done")) == (["a.png", "OD/b.png"], {}, both)
        return
    assert errno_of(moved) == number
    put_back_aside(str(root))
    assert contents(root) == both
    assert contents(tmp_path / "done") == {}


@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.ENOENT])
def test_a_file_that_a_share_gave_its_place_before_it_failed_was_moved(
    number: int, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_after(monkeypatch, "rename", number, root)
    assert move_files(group(root), str(root), str(tmp_path / "done")).paths == ["a.png", "OD/b.png"]
    assert contents(tmp_path / "done") == {"a.png": b"a.png", "OD/b.png": b"OD/b.png"}
    assert contents(root) == {}
