"""What a process that was killed while it renamed files left behind, and how the next one finishes it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from typing import TYPE_CHECKING

from edge_runtime.errors import EdgeCataractError
from edge_runtime.locked_file import open_locked, sync_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import BinaryIO, Self

_OWN_NAME = re.compile(r"\.edge-cataract-([0-9a-f]{16})(?:-\d+)?(?:\.old)?\.(tmp|journal)")
_ABANDONED_S = 3600.0  # a temporary file without a journal may be of another version that is still writing


def temporary_name(folder: str, token: str, number: int) -> str:
    """Where the file number `number` of one write is written first."""
    return os.path.join(folder, f".edge-cataract-{token}-{number}.tmp")


class Journal:
    """The plan of one write, on the disk while it is carried out, and locked by the process that does.

    Parameters
    ----------
    folder
        Where it is kept.
    token
        What the temporary files of this write have in their names.
    needed
        Whether there is more than one file; a single rename needs no plan.
    """

    def __init__(self, folder: str, token: str, *, needed: bool) -> None:
        self._path = os.path.join(folder, f".edge-cataract-{token}.journal") if needed else None
        self._file: BinaryIO | None = None
        self._owned: set[str] = set()

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._file = open_locked(self._path)
            except EdgeCataractError:  # a share without locks, perhaps; a full disk or folder will say so itself
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
        return self

    def record(self, staged: Sequence[tuple[str, str]]) -> None:
        """Write down which temporary file belongs to which target, and make that durable."""
        if self._file is not None:
            plan = [[os.path.abspath(temporary), os.path.abspath(target)] for temporary, target in staged]
            self._file.write(json.dumps(plan).encode() + b"\n")
            sync_file(self._file.fileno())

    def own(self, temporary: str) -> None:
        """Know of a file of this write before it is there: until it is removed, the plan stays for the next run."""
        self._owned.add(temporary)

    def remove(self, temporary: str) -> None:
        """Remove a file of this write that is not wanted any more; where that fails, the next run does it."""
        self._owned.add(temporary)
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass
        except OSError:
            return
        self._owned.discard(temporary)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # the files are as they should be, whatever becomes of their plan
            if self._file is not None and self._owned:  # it could not be removed, or a signal came in the middle
                self._file.truncate(0)  # an empty plan: what is left is to be removed
            elif self._path is not None:
                os.unlink(self._path)
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


def finish_interrupted(folder: str) -> None:
    """Finish what killed processes left in a folder: rename what a journal lists, and remove all other leftovers."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    leftovers = {name: found for name in names if (found := _OWN_NAME.fullmatch(name))}
    alive = {
        found[1]
        for name, found in leftovers.items()
        if found[2] == "journal" and not _finish(os.path.join(folder, name))
    }
    journals = {found[1] for found in leftovers.values() if found[2] == "journal"}
    for name, found in leftovers.items():
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            of_killed = found[1] in journals or time.time() - os.stat(path).st_mtime > _ABANDONED_S
            if found[1] not in alive and of_killed:
                os.unlink(path)


def _finish(journal: str) -> bool:
    """Carry out what a journal lists, when its process is gone; whether it is."""
    try:
        file = open_locked(journal)
    except EdgeCataractError:  # somebody writes, or it cannot be opened now: the next run finishes it
        return False
    with contextlib.suppress(OSError, ValueError, TypeError), file:  # a share may complain when it is closed
        file.seek(0)
        content = file.read()
        if content.endswith(b"\n"):
            for temporary, target in json.loads(content):
                if _OWN_NAME.fullmatch(os.path.basename(temporary)) and os.path.isfile(temporary):
                    os.replace(temporary, target)
    return True
