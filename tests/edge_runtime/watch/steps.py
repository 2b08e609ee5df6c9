"""A watched folder without a clock and without processes: time is a number, and what is judged is noted."""

from __future__ import annotations

import os
from pathlib import Path

from edge_runtime.watch.folder import glance
from edge_runtime.watch.memory import Memory
from edge_runtime.watch.rules import Rules
from edge_runtime.watch.tracking import Group, Tracker
from tests.edge_runtime.pictures import encoded, speckled_frame

SETTLE_S, TIMEOUT_S, SCANS = 5.0, 60.0, 4
RULES = Rules(settle_s=SETTLE_S, timeout_s=TIMEOUT_S, poll_s=1.0, scans=SCANS)
FRAME = speckled_frame()


def scan(number: int) -> bytes:
    """A whole scan that differs from others with another number."""
    frame = FRAME.copy()
    frame[0, :8] = [(number >> bit & 1) + 3 for bit in range(8)]
    return encoded(".png", frame)


class Steps:
    """Looks at a folder at moments that a test names."""

    def __init__(self, root: Path, out: Path, *, by_age: bool = False) -> None:
        self.root, self.out = root, out
        root.mkdir(exist_ok=True)
        out.mkdir(exist_ok=True)
        self.memory = Memory(str(out))
        self.tracker = Tracker(str(root), RULES, self.memory, by_age=by_age)

    def put(self, name: str, content: bytes | int) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}")  # another file, so that another state is certain
        temporary.write_bytes(scan(content) if isinstance(content, int) else content)
        temporary.replace(path)

    def put_all(self, label: str, *numbers: int) -> None:
        for number in numbers:
            self.put(f"{label}_{'OD' if number % 2 else 'OS'}_{number}.png", number)

    def look(self, now: float, *renamed: str) -> None:
        self.tracker.update(glance(str(self.root), {os.path.realpath(self.out)}), renamed, now)
        assert not self.tracker.read_settled(now, float("inf"))

    def due(self, now: float, *renamed: str) -> list[str]:
        """Labels and numbers of files of the exams that are due at a moment, after a look."""
        self.look(now, *renamed)
        return [f"{group.label}: {len(group.files)}" for group in self.tracker.due(now, ())]

    def group(self, now: float) -> Group:
        (group,) = self.tracker.due(now, ())
        return group

    def judge(self, now: float) -> list[str]:
        """Judge what is due."""
        self.look(now)
        names = []
        for group in self.tracker.due(now, ()):
            self.memory.add(group.key, group.label, group.files, f"{group.label}-{group.key[:6]}")
            names.append(f"{group.label}: {len(group.files)}")
        return names

    def again(self) -> Steps:
        """What a new process finds after this one was killed."""
        self.memory.close()
        return Steps(self.root, self.out)
