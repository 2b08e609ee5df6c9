"""The files of a watched folder over time: which have settled, what they hold, and which exams are due."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_runtime.exams.grouping import label_alone
from edge_runtime.exams.names import natural_key
from edge_runtime.exams.planned import PlannedExam, PlannedScan

from .content import read_content
from .folder import state_of
from .memory import KnownFile

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Sequence

    from .content import Content
    from .folder import FileState, Glance
    from .memory import Memory
    from .rules import Rules

_READ_SHARE = 20  # what cannot be read takes no more of the time than one part in so many


@dataclass(slots=True)
class TrackedFile:
    """A file that lies in the folder.

    Attributes
    ----------
    path
        Below the folder.
    label
        The label of its exam.
    state, since
        How it was when it was last seen, and since when it is so.
    read_after
        It is not read before this time.
    content
        What it holds; None before it was read.
    """

    path: str
    label: str
    state: FileState
    since: float
    read_after: float
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The files of an exam that is to be judged, as they are now.

    Attributes
    ----------
    label
        What tells it from other exams.
    files
        As people count them.
    timed_out
        Whether it is judged because nothing more came.
    left_out
        Files of its earlier results that are no part of it any more.
    """

    label: str
    files: tuple[KnownFile, ...]
    timed_out: bool = False
    left_out: tuple[KnownFile, ...] = ()

    @property
    def key(self) -> str:
        """A digest of label, places and contents: what is judged once."""
        facts = [self.label, sorted(file.identity for file in self.files)]
        return hashlib.sha256(json.dumps(facts).encode("ascii")).hexdigest()

    def planned(self, root: str) -> PlannedExam:
        """Its scans."""
        scans = (PlannedScan(file.place_in(root), tuple(file.path.split(os.sep)[:-1])) for file in self.files)
        return PlannedExam(self.label, tuple(scans))


class Tracker:
    """Follows the files of a folder.

    Parameters
    ----------
    root
        The folder.
    rules
        When files have settled and exams are due.
    memory
        What was judged already.
    by_age
        Whether the times of files count as time that has passed: for a program that ends soon.
    """

    def __init__(self, root: str, rules: Rules, memory: Memory, *, by_age: bool = False) -> None:
        self._root, self._rules, self._memory, self._by_age = root, rules, memory, by_age
        self._files: dict[str, TrackedFile] = {}
        self._labels: dict[str, set[str]] = {}
        self._unread: set[str] = set()
        self._open: set[str] = set()  # exams of which something may be left to judge
        self._lost: dict[str, float] = {}  # when an exam lost a file, or one of its files was replaced
        self._mixed: set[str] = set()  # exams that lost a whole file: what lies there may be of two exams

    def __len__(self) -> int:
        return len(self._files)

    def update(self, seen: Glance, renamed: Collection[str], now: float) -> None:
        """Take in what a look at the folder found.

        Parameters
        ----------
        seen
            What it found.
        renamed
            Files that were given their name by being renamed, so that their writer is done.
        now
            The time.
        """
        for path, state in seen.files.items():
            known = self._files.get(path)
            if known is None or known.state != state:
                if known is not None:
                    self._lose(known, now)
                self._begin(path, state, now - self._rules.settle_s if path in renamed else now)
        for path in self._files.keys() - seen.files.keys():
            if seen.may_hold(path):  # whatever it is now, it must settle again
                self._files[path].since = now
                self._files[path].read_after = now + self._rules.settle_s
            else:
                self._lose(self._files[path], now)
                self.forget([path])

    def forget(self, paths: Iterable[str]) -> None:
        """Files that are no longer in the folder."""
        for path in paths:
            file = self._files.pop(path, None)
            if file is None:
                continue
            self._unread.discard(path)
            others = self._labels[file.label]
            others.discard(path)
            if not others:
                del self._labels[file.label]
                for marks in (self._open, self._mixed):
                    marks.discard(file.label)
                self._lost.pop(file.label, None)

    def read_settled(self, now: float, until: float) -> bool:
        """Read files that have settled, as long as time is left; whether there are more of them."""
        for path in sorted(self._unread, key=natural_key):
            file = self._files[path]
            if now < file.read_after:
                continue
            began = time.monotonic()
            if began >= until:
                return True
            place = os.path.join(self._root, path)
            content = read_content(place, os.path.basename(path))
            if state_of(place) != file.state:  # it changed under the reader; the next look will see how
                file.since, file.read_after = now, now + self._rules.settle_s
                continue
            file.content = content
            self._open.add(file.label)
            if content.readable:
                self._unread.discard(path)
            else:  # a bad block of a disk may take minutes each time
                took_s = time.monotonic() - began
                file.read_after = now + max(self._rules.settle_s, _READ_SHARE * took_s)
        return False

    def has_settled_unread(self, now: float) -> bool:
        """Whether there are files that have settled, and were never read."""
        files = (self._files[path] for path in self._unread)
        return any(file.content is None and now >= file.read_after for file in files)

    def doubt(self, label: str, names: Collection[str]) -> bool:
        """Files of an exam seemed whole, and could not be unpacked: they are given time; whether there are such."""
        found = False
        for path in self._labels.get(label, ()):
            file = self._files[path]
            if os.path.basename(path) in names and file.content is not None and file.content.whole:
                file.content, found = replace(file.content, whole=False), True
        return found

    def due(self, now: float, busy: Container[str]) -> list[Group]:
        """The exams that are to be judged now.

        Parameters
        ----------
        now
            The time.
        busy
            Labels that are left out.
        """
        found = []
        for label in sorted(self._open, key=natural_key):
            if label in busy:
                continue
            files = [self._files[path] for path in self._labels[label]]
            if any(file.content is None for file in files):
                continue
            if self._is_judged(label, files):
                self._open.discard(label)
                continue
            timed_out = self._quiet_s(label, files, now) >= self._rules.timeout_s
            if timed_out or self._is_complete(label, files, now):
                found.append(replace(self._group(label, files), timed_out=timed_out))
        return found

    def done(self, now: float, busy: Container[str]) -> list[Group]:
        """The exams of which nothing is left to judge, and whose files have settled."""
        groups = []
        for label, paths in self._labels.items():
            files = [self._files[path] for path in paths]
            if label in self._open or label in busy or any(file.content is None for file in files):
                continue
            if all(self._has_settled(file, now) for file in files):
                groups.append(self._group(label, files))
        return groups

    def _begin(self, path: str, state: FileState, since: float) -> None:
        label = label_alone(os.path.join(self._root, path), self._root)
        content = self._memory.content(path, state)
        self._files[path] = TrackedFile(path, label, state, since, since + self._rules.settle_s, content)
        self._labels.setdefault(label, set()).add(path)
        self._open.add(label)
        (self._unread.add if content is None else self._unread.discard)(path)

    def _lose(self, file: TrackedFile, now: float) -> None:
        self._lost[file.label] = now
        if file.content is not None and file.content.whole and file.content.scans:
            self._mixed.add(file.label)

    def _group(self, label: str, files: Iterable[TrackedFile]) -> Group:
        known = [
            KnownFile(file.path, file.state, file.content)
            for file in files
            if file.content is not None and file.content.scans
        ]
        return Group(label, tuple(sorted(known, key=lambda file: natural_key(file.path))))

    def _has_settled(self, file: TrackedFile, now: float) -> bool:
        return now - file.since >= self._rules.settle_s

    def _quiet_s(self, label: str, files: Sequence[TrackedFile], now: float) -> float:
        """For how long nothing has happened to an exam; of files that may still change, no time at all."""
        if not all(self._has_settled(file, now) for file in files):
            return 0.0
        quiet = now - max(*(file.since for file in files), self._lost.get(label, files[0].since))
        if self._by_age:
            newest_ns = max(max(file.state.mtime_ns, file.state.ctime_ns) for file in files)
            quiet = max(quiet, time.time() - newest_ns / 1e9)
        return quiet

    def _is_judged(self, label: str, files: Iterable[TrackedFile]) -> bool:
        """Whether every scan among files that were read was a part of a judged exam."""
        return all(self._is_known(label, file) for file in files if file.content is not None and file.content.scans)

    def _is_known(self, label: str, file: TrackedFile) -> bool:
        return file.content is not None and self._memory.holds(label, (file.path, file.content.sha256))

    def _is_complete(self, label: str, files: Sequence[TrackedFile], now: float) -> bool:
        """Whether all scans are there, and no file among them is left of an earlier exam."""
        contents = [file.content for file in files if file.content is not None]
        return (
            label not in self._mixed
            and sum(content.scans for content in contents) >= self._rules.scans
            and all(content.whole for content in contents)
            and all(self._has_settled(file, now) for file in files)
            and not any(self._is_known(label, file) for file in files)
        )
