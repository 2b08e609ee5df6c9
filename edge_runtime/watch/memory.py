"""What was judged of a watched folder, on a ledger: nothing is judged twice, and no start reads everything again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError
from edge_runtime.ledger import Ledger

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
    """

    path: str
    state: FileState
    content: Content

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from a file at another place, or with another content."""
        return self.path, self.content.sha256


@dataclass(slots=True)
class _Exam:
    """What is remembered of one label."""

    judged: set[tuple[str, str]]
    result: str


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
        return None if exam is None else exam.result

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
            self._ledger = Ledger(self._path, _STAMP)  # it closes itself when a write fails
        try:
            entries = [[file.path, [*file.state], file.content.to_list()] for file in files]
            attempt, name = 1, key
            while name in self._ledger:  # it failed in an earlier run
                attempt += 1
                name = f"{key}\n{attempt}"
            self._ledger.append(name, {"exam": label, "result": result, "failed": failed, "files": entries})
        except EdgeCataractError:
            self._ledger = None
            raise
        self._remember(label, files, result)

    def close(self) -> None:
        """Let other processes write."""
        if self._ledger is not None:
            self._ledger.close()

    def _remember(self, label: str, files: Sequence[KnownFile], result: str) -> None:
        exam = self._exams.setdefault(label, _Exam(set(), result))
        exam.judged.update(file.identity for file in files)
        exam.result = result
        self._files.update({file.path: file for file in files})


def _file(entry: list[Any]) -> KnownFile:
    path, state, (sha256, scans, whole) = entry
    return KnownFile(path, FileState(*state), Content(sha256, scans, whole=whole))
