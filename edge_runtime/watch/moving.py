"""Move the files of judged exams away, where that was asked for; never one that was not judged."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from .folder import FileState, state_of

if TYPE_CHECKING:
    from .tracking import Group


def move_files(group: Group, root: str, target: str) -> list[str]:
    """Move the files of an exam below a folder; a name that is taken there gets a number.

    Parameters
    ----------
    group
        The exam.
    root
        The watched folder.
    target
        The folder for this result; it is made.

    Returns
    -------
    list[str]
        Paths, below the watched folder, of the files that were moved. One that has changed since it was judged stays,
        and so does a link that would lead nowhere from another folder.

    Raises
    ------
    OSError
        When the folder cannot be made, or a file cannot be moved.
    """
    moved = []
    for file in group.files:
        source = os.path.join(root, file.path)
        if state_of(source) != file.state or _leads_nowhere_else(source):
            continue
        place = os.path.join(target, file.path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if _move(source, _free(place), file.state):
            moved.append(file.path)
    return moved


def _leads_nowhere_else(source: str) -> bool:
    """Whether a file is a link that leads to its file from its own folder alone."""
    return os.path.islink(source) and not os.path.isabs(os.readlink(source))


def _free(place: str) -> str:
    stem, ending = os.path.splitext(place)
    number = 1
    while os.path.lexists(place):
        number += 1
        place = f"{stem}.{number}{ending}"
    return place


def _move(source: str, place: str, state: FileState) -> bool:
    """Move one file; False when it was replaced at the last moment, and is where it was again."""
    try:
        os.rename(source, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return _move_across(source, place, state)
    there = state_of(place)
    if there is not None and there._replace(ctime_ns=state.ctime_ns) == state:
        return True
    with suppress(OSError):  # a second link is refused where a newer file has come meanwhile, and then that one counts
        os.link(place, source, follow_symlinks=False)
        os.unlink(place)
    return False


def _move_across(source: str, place: str, state: FileState) -> bool:
    """Copy a file to another file system, and remove it when the copy is on the disk."""
    from edge_runtime.locked_file import sync_file

    head, name = os.path.split(place)
    temporary = os.path.join(head, f".edge-cataract-moving-{name}"[:200])
    try:
        shutil.copy2(source, temporary)
        with open(temporary, "rb+") as copy:
            sync_file(copy.fileno())
        if state_of(source) != state:
            return False
        os.replace(temporary, place)
        os.unlink(source)
        return True
    finally:
        with suppress(OSError):
            os.unlink(temporary)
