"""What was judged of a watched folder, on a ledger: nothing is judged twice, and no start reads everything again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError
from edge_runtime.ledger import Ledger, is_of_lost, replaced, write_error

from .content import Content
from .folder import FileState

if TYPE_CHECKING:
    from collections.abc import Sequence

LEDGER = "watch.ledger"
# What every ledger of this verb says. Model and options are in the documents: after an update the watch goes on.
_STAMP = {"work": "watch", "format": 1}


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of an exam, as it was when it was judged.

    Attributes
    ----------
    path
        Below the watched folder.
    state, content
        How it is, and what it holds.
    place
        Where it lies now, when it was moved out of that folder; None: there.
    """

    path: str
    state: FileState
    content: Content
    place: str | None = None

    def place_in(self, root: str) -> str:
        """Where it lies, with the watched folder at `root`."""
        return os.path.join(root, self.path) if self.place is None else self.place

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from a file at another place, or with another content."""
        return self.path, self.content.sha256


@dataclass(slots=True)
class _Exam:
    """What is remembered of one label; its files are those that were judged last under their paths."""

    judged: set[tuple[str, str]] = field(default_factory=set)
    files: dict[str, KnownFile] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    failed: bool = False


class Memory:
    """The judged exams of a watched folder.

    Parameters
    ----------
    folder
        Where the ledger is.

    Raises
    ------
    EdgeCataractError
        As `Ledger`.
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, LEDGER)
        self._exams: dict[str, _Exam] = {}
        self._files: dict[str, KnownFile] = {}
        self._ledger: Ledger | None = Ledger(self._path, _STAMP)
        self._recorded = len(self._ledger)
        for _, record in self._ledger.records():
            if not record["failed"]:  # which may end better in this run
                files = [_file(entry) for entry in record["files"]]
                self._remember(record["exam"], files, record["result"])

    def __len__(self) -> int:
        """Number of labels of which something was judged."""
        return len(self._exams)

    def __contains__(self, label: object) -> bool:
        return label in self._exams

    def holds(self, label: str, identity: tuple[str, str]) -> bool:
        """Whether a file with this content was judged as a part of an exam."""
        exam = self._exams.get(label)
        return exam is not None and identity in exam.judged

    def content(self, path: str, state: FileState) -> Content | None:
        """What a file holds that has not been touched since it was judged; None for any other."""
        known = self._files.get(path)
        return known.content if known is not None and known.state == state and known.content.readable else None

    def last_result(self, label: str) -> str | None:
        """The latest result of an exam; None before its first."""
        exam = self._exams.get(label)
        return None if exam is None else exam.results[-1]

    def results(self, label: str) -> list[str]:
        """All results of an exam, the latest first."""
        exam = self._exams.get(label)
        return [] if exam is None else exam.results[::-1]

    def files(self, label: str) -> list[KnownFile]:
        """The files of an exam that were judged so far, each as it was when its path was judged last."""
        exam = self._exams.get(label)
        return [] if exam is None else list(exam.files.values())

    def has_failed(self, label: str) -> bool:
        """Whether the latest result of an exam is forgotten with this run, so that its files are needed again."""
        exam = self._exams.get(label)
        return exam is not None and exam.failed

    def check_in_place(self) -> None:
        """Check that what is remembered still reaches the next run; raises as `Ledger.check_in_place`."""
        if self._ledger is not None:
            self._ledger.check_in_place()

    def add(self, key: str, label: str, files: Sequence[KnownFile], result: str, *, failed: bool = False) -> None:
        """Remember a judged exam; when this returns, that is on the disk. After an error it may be tried again.

        Parameters
        ----------
        key, label, files
            Of the exam.
        result
            Name of its result.
        failed
            Whether a fault of the program or of the machine touched it, so that it is forgotten with this run.

        Raises
        ------
        EdgeCataractError
            As `Ledger`.
        """
        if self._ledger is None:
            self._ledger = self._opened_again()  # it closes itself when a write fails
        try:
            entries = [[file.path, [*file.state], file.content.to_list()] for file in files]
            attempt, name = 1, key
            while name in self._ledger:  # it failed in an earlier run
                attempt += 1
                name = f"{key}\n{attempt}"
            self._ledger.append(name, {"exam": label, "result": result, "failed": failed, "files": entries})
        except EdgeCataractError as error:
            if error.word != "ledger-replaced":  # which it stays
                self._ledger = None
            raise
        self._recorded += 1
        self._remember(label, files, result, failed=failed)

    def close(self) -> None:
        """Let other processes write."""
        if self._ledger is not None:
            self._ledger.close()

    def _opened_again(self) -> Ledger:
        """The ledger that a full disk had closed, and no new one where somebody took it away meanwhile."""
        try:
            os.lstat(self._path)
        except OSError as error:
            raise (replaced() if is_of_lost(error) else write_error(error)) from error
        ledger = Ledger(self._path, _STAMP)
        if len(ledger) < self._recorded:
            ledger.close()
            raise replaced()
        return ledger

    def _remember(self, label: str, files: Sequence[KnownFile], result: str, *, failed: bool = False) -> None:
        exam = self._exams.setdefault(label, _Exam())
        exam.judged.update(file.identity for file in files)
        exam.files.update({file.path: file for file in files})
        exam.results = [*(name for name in exam.results if name != result), result]
        exam.failed = failed
        self._files.update({file.path: file for file in files})


def _file(entry: list[Any]) -> KnownFile:
    path, state, (sha256, scans, whole) = entry
    return KnownFile(path, FileState(*state), Content(sha256, scans, whole=whole))
