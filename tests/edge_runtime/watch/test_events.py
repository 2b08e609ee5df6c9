"""Events of the file system: a pipe becomes readable, and renamed files are known."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import MissingExtraError
from edge_runtime.watch.events import Events, require_watchdog

WAIT_S = 30.0


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    (tmp_path / "P1").mkdir()  # of a new folder the system tells nothing until it is listened to
    made = Events(str(tmp_path))
    yield made
    made.close()


def test_a_new_file_makes_the_pipe_readable_until_it_was_heard(events: Events, tmp_path: Path) -> None:
    assert not events.pipe.poll()
    (tmp_path / "a.png").write_bytes(b"x")
    assert events.pipe.poll(WAIT_S)
    events.heard()
    for _ in range(100):  # what else the file system says of that one file
        if not events.pipe.poll(0.1):
            break
        events.heard()
    assert not events.pipe.poll()


def test_renamed_files_are_known_by_their_new_names(events: Events, tmp_path: Path) -> None:
    temporary = os.path.join(os.fsencode(tmp_path), b"P1", b"\xff.part")
    with open(temporary, "wb"):
        pass
    os.rename(temporary, os.path.join(os.fsencode(tmp_path), b"P1", b"\xff.png"))
    renamed: set[str] = set()
    while not renamed and events.pipe.poll(WAIT_S):
        renamed |= events.heard()
    assert renamed == {"P1/\udcff.png"}
    assert events.heard() == set()


def test_reading_a_folder_is_no_event(events: Events, tmp_path: Path) -> None:
    """Or a look would cause the next one."""
    os.listdir(tmp_path)
    assert not events.pipe.poll(0.3)


def test_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    Events(str(tmp_path)).close()
    assert set(threading.enumerate()) == before


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Events(str(tmp_path / "gone"))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "watchdog"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "watchdog", None)
    with pytest.raises(MissingExtraError, match=r"edge-cataract\[watch\]") as missing:
        require_watchdog()
    assert (missing.value.exit_code, missing.value.word) == (69, "missing-extra")
