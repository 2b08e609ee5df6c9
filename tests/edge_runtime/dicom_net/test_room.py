"""A lack of room is said when it begins and when it ends, not only to the device that has to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge_runtime.dicom_net import room
from edge_runtime.dicom_net.events import Event
from edge_runtime.dicom_net.room import Room
from edge_runtime.dicom_net.settings import Bounds
from edge_runtime.errors import WriteError

from .conftest import Archive, Restart, Station, exam, send, statuses

Begin = Callable[..., Station]


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(queue_objects=1, free_bytes=0), "The queue holds 1 objects, and may hold 1."),
        (Bounds(queue_bytes=1, free_bytes=0), "The queue has 0 of 0 MB taken (--max-queue)."),
        (Bounds(free_bytes=1 << 60), " MB must stay free (--min-free)."),
    ],
)
def test_the_line_says_what_is_lacking(bounds: Bounds, why: str, station: Begin) -> None:
    here, events = station(bounds=bounds, quiet_s=3600.0), list[Event]()
    here.bring(exam())
    looked = Room(here.queue.intake, events.append)
    for _ in range(3):
        looked.look()
    ((event),) = events
    assert (event.happened.value, event.word, event.status) == ("full", "queue-full", "0xA700")
    assert event.text.endswith(why)


def test_room_that_comes_and_goes_fills_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    now, lacks, events = [0.0], list[Any](), list[Event]()

    class Intake:
        def lack(self, size: int) -> str | None:
            lack = lacks.pop(0)
            if isinstance(lack, Exception):
                raise lack
            return str(lack) if lack else None

    monkeypatch.setattr(room.time, "monotonic", lambda: now[0])
    looked = Room(Intake(), events.append, steady_s=10.0)  # type: ignore[arg-type]
    lacks += [None, "Full.", None, "Full.", *[None] * 9, WriteError("write-failed", "Broken.", "Free."), *[None] * 12]
    while lacks:
        looked.look()
        now[0] += 1.0
    assert [event.happened.value for event in events] == ["full", "room"]
    lacks += [WriteError("write-failed", "Broken.", "Free.")]
    looked.look()
    assert events[-1].text == "every object is refused: Broken."


@pytest.mark.slow
@pytest.mark.usefixtures("own_mounts")
def test_a_disk_that_is_too_small_is_in_a_line_at_the_start(start: Restart, archive: Archive) -> None:
    mount = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mkdir -p "$5" && mount -t tmpfs -o size=40m tmpfs "$5" && exec "$@"',
        "mount",
    ]
    receiver = start("--to", archive.address, before=mount)
    (full,) = receiver.wait_for("full")
    assert full["text"].endswith("The disk has 42 of 42 MB free, and 512 MB must stay free (--min-free).")
    assert (full["word"], full["status"]) == ("queue-full", "0xA700")
    assert statuses(send(receiver.port, [exam()])) == [0xA700]
    assert receiver.wait_for("refused")[0]["word"] == "queue-full"
    assert receiver.stop() == 143
