"""When exams are due: nothing is read early, nothing is lost, nothing is judged twice."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.watch import tracking
from edge_runtime.watch.content import UNREADABLE, Content

from .steps import SCANS, SETTLE_S, TIMEOUT_S, Steps, scan

ALL = range(1, SCANS + 1)


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    made = Steps(tmp_path / "in", tmp_path / "out")
    yield made
    made.memory.close()


def test_a_complete_exam_is_due_when_its_files_have_settled(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    assert steps.due(100.0) == []
    assert steps.due(100.0 + SETTLE_S - 0.1) == []
    assert steps.due(100.0 + SETTLE_S) == ["P1: 4"]
    assert not steps.group(100.0 + SETTLE_S).timed_out


def test_no_file_is_opened_before_it_has_settled(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = tracking.read_content

    def noted(path: str, name: str) -> Any:
        read.append(name)
        return real(path, name)

    monkeypatch.setattr(tracking, "read_content", noted)
    steps.put("P1_OD_1.png", 1)
    steps.look(100.0)
    steps.look(100.0 + SETTLE_S - 0.1)
    assert read == []
    steps.look(100.0 + SETTLE_S)
    steps.look(100.0 + 2 * SETTLE_S)
    assert read == ["P1_OD_1.png"]  # and never again


def test_an_incomplete_exam_is_due_when_nothing_has_come_for_so_long(steps: Steps) -> None:
    steps.put_all("P1", 1, 2)
    steps.look(100.0)
    steps.put_all("P1", 3)
    steps.look(130.0)
    assert steps.due(130.0 + TIMEOUT_S - 0.1) == []
    assert steps.due(130.0 + TIMEOUT_S) == ["P1: 3"]
    assert steps.group(130.0 + TIMEOUT_S).timed_out


def test_a_file_that_grows_is_waited_for(steps: Steps) -> None:
    steps.put_all("P1", 1, 2, 3)
    whole = scan(4)
    for second in range(0, 40, 4):
        steps.put("P1_OS_4.png", whole[: 10 + 1000 * second])
        assert steps.due(100.0 + second) == []
    steps.put("P1_OS_4.png", whole)
    assert steps.due(140.0) == []
    assert steps.due(140.0 + SETTLE_S) == ["P1: 4"]


def test_a_cut_file_keeps_its_exam_waiting_until_it_is_whole(steps: Steps) -> None:
    steps.put_all("P1", 1, 2, 3)
    steps.put("P1_OS_4.png", scan(4)[:-20])
    steps.look(100.0)
    assert steps.due(100.0 + TIMEOUT_S - 1) == []
    steps.put("P1_OS_4.png", 4)
    assert steps.due(100.0 + TIMEOUT_S) == []
    assert steps.due(100.0 + TIMEOUT_S + SETTLE_S) == ["P1: 4"]


def test_a_file_that_stays_cut_is_judged_as_it_is(steps: Steps) -> None:
    steps.put_all("P1", 1, 2, 3)
    steps.put("P1_OS_4.png", scan(4)[:-20])
    steps.look(100.0)
    assert steps.judge(100.0 + TIMEOUT_S) == ["P1: 4"]
    steps.put("P1_OS_4.png", 4)  # and is judged anew when it is whole after all
    assert steps.judge(300.0) == []
    assert steps.judge(300.0 + TIMEOUT_S) == ["P1: 4"]


def test_a_renamed_file_need_not_settle(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    names = [path.name for path in steps.root.iterdir()]
    assert steps.due(100.0, *names[1:]) == []
    assert steps.due(100.0 + SETTLE_S) == ["P1: 4"]
    steps.put_all("P2", *ALL)
    assert steps.due(200.0, *[path.name for path in steps.root.glob("P2*")]) == ["P1: 4", "P2: 4"]


def test_a_renamed_file_that_is_not_whole_is_waited_for_all_the_same(steps: Steps) -> None:
    steps.put_all("P1", 1, 2, 3)
    steps.put("P1_OS_4.png", scan(4)[:-1])
    assert steps.due(100.0, *[path.name for path in steps.root.iterdir()]) == []


def test_a_judged_exam_is_not_due_again_nor_after_a_kill(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    assert steps.judge(100.0 + SETTLE_S) == ["P1: 4"]
    assert steps.judge(1000.0) == []
    again = steps.again()
    assert (again.judge(0.0), again.judge(1000.0)) == ([], [])
    again.memory.close()


def test_after_a_kill_nothing_of_a_judged_exam_is_read(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.judge(100.0 + SETTLE_S)
    again = steps.again()
    monkeypatch.setattr(tracking, "read_content", None)
    assert (again.judge(0.0), again.judge(1000.0)) == ([], [])
    again.memory.close()


def test_a_file_that_was_touched_or_copied_back_is_read_and_not_judged_again(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.judge(100.0 + SETTLE_S)
    steps.put_all("P1", *ALL)
    assert (steps.judge(200.0), steps.judge(200.0 + TIMEOUT_S)) == ([], [])


def test_another_content_is_judged_anew_after_a_time_without_changes(steps: Steps) -> None:
    """While an exam is replaced file by file, old and new files are never one exam in haste."""
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    assert steps.judge(100.0 + SETTLE_S) == ["P1: 4"]
    for second in range(4):
        steps.put(f"P1_{'OD' if second % 2 == 0 else 'OS'}_{second + 1}.png", 100 + second)
        assert steps.judge(200.0 + 10 * second) == []
    assert steps.judge(230.0 + TIMEOUT_S - 1) == []
    assert steps.judge(230.0 + TIMEOUT_S) == ["P1: 4"]
    assert steps.judge(1000.0) == []


def test_an_exam_that_is_replaced_before_it_was_judged_waits_too(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.look(100.0 + SETTLE_S)
    steps.put("P1_OD_1.png", 100)
    assert steps.due(110.0) == []
    assert steps.due(110.0 + SETTLE_S) == []
    assert steps.due(110.0 + TIMEOUT_S) == ["P1: 4"]


def test_a_late_scan_is_judged_with_the_earlier_ones(steps: Steps) -> None:
    steps.put_all("P1", 1, 2, 3)
    steps.look(100.0)
    assert steps.judge(100.0 + TIMEOUT_S) == ["P1: 3"]
    steps.put_all("P1", 4)
    assert steps.judge(300.0) == []
    assert steps.judge(300.0 + TIMEOUT_S) == ["P1: 4"]


def test_taking_files_of_a_judged_exam_away_is_no_new_exam(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.judge(100.0 + SETTLE_S)
    for path in sorted(steps.root.iterdir()):
        path.unlink()
        assert steps.judge(300.0) == []
        assert steps.judge(300.0 + TIMEOUT_S) == []
    assert len(steps.tracker) == 0


def test_a_file_that_vanishes_and_comes_back_is_waited_for(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.look(102.0)
    os.rename(steps.root / "P1_OD_1.png", steps.root / ".away")
    assert steps.due(104.0) == []
    assert steps.due(106.0) == []  # three scans are left
    os.rename(steps.root / ".away", steps.root / "P1_OD_1.png")
    assert steps.due(108.0) == []
    assert steps.due(108.0 + SETTLE_S) == ["P1: 4"]


def test_a_share_that_goes_away_takes_nothing_from_the_exams(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    os.rename(steps.root, steps.root.with_name("gone"))
    steps.look(103.0)
    assert (len(steps.tracker), steps.due(107.0)) == (4, [])  # they have not been seen since
    os.rename(steps.root.with_name("gone"), steps.root)
    assert steps.due(107.0) == []
    assert steps.due(107.0 + SETTLE_S) == ["P1: 4"]


def test_a_file_that_cannot_be_read_for_a_moment_is_read_later(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    with monkeypatch.context() as patch:
        _fail_to_open(patch, "P1_OD_1.png")
        assert steps.due(100.0 + SETTLE_S) == []
    assert steps.due(100.0 + 2 * SETTLE_S) == ["P1: 4"]


def test_a_file_that_stays_unreadable_is_judged_so_and_again_when_it_can_be_read(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    with monkeypatch.context() as patch:
        _fail_to_open(patch, "P1_OD_1.png")
        assert steps.judge(100.0 + SETTLE_S) == []
        assert steps.judge(100.0 + TIMEOUT_S) == ["P1: 4"]
        assert steps.judge(100.0 + 2 * TIMEOUT_S) == []
    assert steps.judge(500.0) == ["P1: 4"]
    assert steps.judge(900.0) == []


def test_a_file_that_takes_long_not_to_be_read_is_tried_more_rarely(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one on a bad block: a minute each time, in which nothing else is judged."""
    steps.put("P1_OD_1.png", 1)
    steps.look(100.0)
    clock, tries = [0.0], list[float]()

    def slow(path: str, name: str) -> Content:
        tries.append(clock[0])
        clock[0] += 60.0
        return Content(UNREADABLE, 1, whole=False)

    monkeypatch.setattr(tracking, "read_content", slow)
    monkeypatch.setattr(tracking.time, "monotonic", lambda: clock[0])
    for now in range(105, 105 + 3600, 5):
        steps.look(float(now))
    assert len(tries) == 3  # three minutes of an hour


def test_a_file_that_is_far_too_large_is_judged_once_with_its_exam(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    with (steps.root / "P1_OD_1.png").open("wb") as file:
        file.truncate(1 << 40)
    steps.look(100.0)
    assert steps.judge(100.0 + SETTLE_S) == []
    assert steps.judge(100.0 + TIMEOUT_S) == ["P1: 4"]
    again = steps.again()
    again.look(100.0)
    assert again.judge(100.0 + 3 * TIMEOUT_S) == []
    again.memory.close()


def _fail_to_open(patch: pytest.MonkeyPatch, name: str) -> None:
    real = os.open

    def failing(path: Any, *arguments: Any, **options: Any) -> int:
        if str(path).endswith(name):
            raise OSError(errno.EIO, "")
        return real(path, *arguments, **options)

    patch.setattr(os, "open", failing)


def test_a_file_that_changes_while_it_is_read_is_read_again(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    real = tracking.read_content

    def replaced(path: str, name: str) -> Any:
        found = real(path, name)
        if name == "P1_OD_1.png":
            steps.put(name, 77)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "read_content", replaced)
        assert steps.due(100.0 + SETTLE_S) == []
    assert steps.due(106.0) == []
    assert steps.due(106.0 + SETTLE_S) == ["P1: 4"]


def test_what_is_no_scan_is_no_part_of_an_exam(steps: Steps) -> None:
    for number in ALL:
        steps.put(f"P1/{'OD' if number % 2 else 'OS'}/{number}.png", number)
    steps.put("P1/README", b"text")
    steps.put("P2/VERSION", b"text")
    steps.look(100.0)
    assert steps.judge(100.0 + SETTLE_S) == ["P1: 4"]
    assert steps.judge(1000.0) == []
    done = {group.label: len(group.files) for group in steps.tracker.done(1000.0, ())}
    assert (done["P1"], done["P2"]) == (4, 0)


def test_labels_stay_the_same_when_other_exams_come(steps: Steps) -> None:
    """A batch, which sees all files at once, would call the first one by its folder alone."""
    for number in ALL:
        steps.put(f"site/P1_{'OD' if number % 2 else 'OS'}_{number}.png", number)
    steps.look(100.0)
    assert steps.judge(100.0 + SETTLE_S) == ["site/P1: 4"]
    steps.put("site/P2_OD_1.png", 11)
    steps.look(200.0)
    assert steps.judge(200.0 + TIMEOUT_S) == ["site/P2: 1"]


def test_busy_exams_are_left_out(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.put_all("P2", *ALL)
    steps.look(100.0)
    steps.look(110.0)
    assert [group.label for group in steps.tracker.due(110.0, {"P1"})] == ["P2"]


def test_a_file_in_doubt_waits_for_the_time_out(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    assert steps.due(110.0) == ["P1: 4"]
    assert steps.tracker.doubt("P1", {"P1_OD_1.png"})
    assert not steps.tracker.doubt("P1", {"P1_OD_1.png", "other.png"})
    assert not steps.tracker.doubt("P9", {"P1_OD_1.png"})
    assert steps.due(120.0) == []
    assert steps.due(100.0 + TIMEOUT_S) == ["P1: 4"]


def test_only_exams_of_which_nothing_is_left_are_done(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.put_all("P2", 1, 2)
    steps.look(100.0)
    steps.judge(100.0 + SETTLE_S)
    steps.look(106.0)
    assert steps.tracker.due(106.0, ()) == []
    assert [group.label for group in steps.tracker.done(106.0, ())] == ["P1"]
    assert steps.tracker.done(106.0, {"P1"}) == []
    steps.put("P1_OD_1.png", 50)
    steps.look(107.0)
    assert steps.tracker.done(107.0, ()) == []


def test_files_that_were_moved_away_leave_room_for_the_next_exam_of_that_name(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    steps.judge(100.0 + SETTLE_S)
    paths = [path.name for path in steps.root.iterdir()]
    for path in list(steps.root.iterdir()):
        path.unlink()
    steps.tracker.forget(paths)
    for number in ALL:
        steps.put(f"P1_{'OD' if number % 2 else 'OS'}_{number}.png", 100 + number)
    assert steps.judge(200.0) == []
    assert steps.judge(200.0 + SETTLE_S) == ["P1: 4"]


def test_the_age_of_files_counts_for_a_watch_that_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(tmp_path / "in", tmp_path / "out", by_age=True)
    steps.put_all("P1", 1, 2)
    for path in steps.root.iterdir():
        os.utime(path, (1, 1))  # the time of its last change of any kind cannot be set back
    steps.look(100.0)
    assert steps.due(100.0 + SETTLE_S) == []
    later = time.time() + TIMEOUT_S
    monkeypatch.setattr(time, "time", lambda: later)
    assert steps.due(100.0 + SETTLE_S) == ["P1: 2"]
    steps.memory.close()


def test_a_look_ends_when_its_time_is_out(steps: Steps) -> None:
    steps.put_all("P1", *ALL)
    steps.look(100.0)
    assert steps.tracker.read_settled(110.0, 0.0)
    assert steps.tracker.has_settled_unread(110.0)
    assert not steps.tracker.has_settled_unread(101.0)
    assert not steps.tracker.read_settled(110.0, float("inf"))
    assert not steps.tracker.has_settled_unread(110.0)


def test_a_share_that_gives_a_file_another_number_at_every_look_lets_it_settle(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.put_all("P1", *ALL)
    real, looks = os.stat, iter(range(1_000_000))

    def renumbered(path: Any, **options: Any) -> os.stat_result:
        found = real(path, **options)
        return os.stat_result([found[0], next(looks), *found[2:]], {"st_mtime_ns": 1, "st_ctime_ns": 2})

    monkeypatch.setattr(os, "stat", renumbered)
    assert steps.due(100.0) == []
    assert steps.due(100.0 + SETTLE_S) == ["P1: 4"]
