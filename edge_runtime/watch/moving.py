"""Move the files of judged exams away, where that was asked for; never one that was not judged."""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_runtime.locked_file import make_folder, sync_file, sync_folder

from .folder import FileState, is_temporary, state_of

if TYPE_CHECKING:
    from .tracking import Group

_HIDDEN = re.compile(r"\.edge-cataract-moving-[0-9a-f]{16}")  # of `_hidden_name`


@dataclass(slots=True)
class Moved:
    """What became of the files of an exam.

    Attributes
    ----------
    paths
        Those that were moved, below the watched folder.
    failed
        Why the first of the others could not be moved; None where nothing failed.
    """

    paths: list[str] = field(default_factory=list)
    failed: OSError | None = None


def move_files(group: Group, root: str, target: str) -> Moved:
    """Move the files of an exam below a folder; a name that is taken there gets a number.

    One that has changed since it was judged stays, and so do one that could not be read, which is judged again when it
    can, and a link that would lead nowhere from another folder. One that cannot be moved keeps no other from it.

    Parameters
    ----------
    group
        The exam.
    root
        The watched folder.
    target
        The folder for this result; it is made.
    """
    moved = Moved()
    for file in group.files:
        source = os.path.join(root, file.path)
        try:
            if not file.content.readable or state_of(source) != file.state or _leads_nowhere_else(source):
                continue
            place = os.path.join(target, file.path)
            make_folder(os.path.dirname(place))
            if _move(source, _free(place), file.state):
                moved.paths.append(file.path)
        except OSError as error:
            if not (isinstance(error, FileNotFoundError) and _is_gone(source)):  # else somebody took it away
                moved.failed = moved.failed or error
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
    """Move one file; False when somebody took it away at the last moment, or replaced it: then that one stays.

    What has its name at that moment is put aside first and looked at there, so that nothing but a judged file ever gets
    a place in the other folder. Its name stays, in a folder aside, so that `put_back_aside` can give it back after a
    kill. A signal may end this between any two steps, and a share may do what is asked and then say that it failed: so
    no file is removed before the judged one certainly lies elsewhere.
    """
    aside = os.path.join(os.path.dirname(source), _hidden_name())
    renamed = os.path.join(aside, os.path.basename(source))
    _remove_leftovers(os.path.dirname(place))
    os.mkdir(aside)
    try:
        if not _is_one_file_system(aside, os.path.dirname(place)):
            return _move_across(source, renamed, place, state)
        try:
            return _put_aside(source, renamed, state) and _take_place(renamed, place)
        except OSError:
            _put_back(renamed, source)
            raise
    finally:
        with suppress(OSError):  # a signal came, and the file is in it
            os.rmdir(aside)


def _is_one_file_system(aside: str, folder: str) -> bool:
    """Whether files are renamed from one folder into the other; tried with an empty one, as no number tells it.

    Raises
    ------
    OSError
        When none can be written there at all, before a scan is touched.
    """
    name = _hidden_name()
    here, there = os.path.join(aside, name), os.path.join(folder, name)
    with open(here, "xb"):
        pass
    try:
        os.rename(here, there)
    except OSError as error:
        if error.errno != errno.EXDEV:
            with suppress(OSError):  # it went after all, and is a leftover there
                os.unlink(here)
            raise
        os.unlink(here)
        return False
    os.unlink(there)
    return True


def _put_aside(source: str, renamed: str, state: FileState) -> bool:
    """Rename a file to where no look at the folder sees it; False when it is another by now, and is back.

    Raises
    ------
    OSError
        When it cannot be renamed, or nothing is known of it: it has one of the two names.
    """
    try:
        os.replace(source, renamed)
    except FileNotFoundError:
        if _is_gone(renamed):  # somebody took it away; else a share was asked twice, and had done it the first time
            return False
    there = FileState.of(os.stat(renamed))
    if there._replace(ctime_ns=state.ctime_ns) == state:  # which a new name changes
        return True
    _drop_or_put_back(renamed, source)
    return False


def _take_place(renamed: str, place: str) -> bool:
    """Give a file that was put aside its place, for which it needs no copy; always True."""
    try:
        os.rename(renamed, place)
    except OSError:
        if not (_is_gone(renamed) and os.path.lexists(place)):
            raise
    return True


def _remove(renamed: str) -> None:
    """Remove an original; where it is gone, it was removed, whatever the share says."""
    try:
        os.unlink(renamed)
    except OSError as error:
        if not (isinstance(error, FileNotFoundError) or _is_gone(renamed)):
            raise


def _is_gone(path: str) -> bool:
    """Whether a file is certainly not there; False where the system does not say."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _put_back(renamed: str, source: str) -> bool:
    """Give a file its name again; whether it certainly has it. Where a newer file has it, that one counts."""
    with suppress(OSError):
        try:
            os.link(renamed, source, follow_symlinks=False)
        except FileExistsError:
            return False
        except (OSError, NotImplementedError):  # a share or a medium without second links
            if not _is_gone(source):
                return False
            os.replace(renamed, source)
            return True
        with suppress(OSError):
            os.unlink(renamed)
        return True
    return False


def _move_across(source: str, renamed: str, place: str, state: FileState) -> bool:
    """Copy a file to another file system, and remove it when the copy and its name are on the disk.

    Where that fails, or it is another by now, the copy goes instead: a file that is written at its place meanwhile is
    never touched. The copy stays where nothing proves that the original is still there.
    """
    head = os.path.dirname(place)
    temporary = os.path.join(head, _hidden_name())
    try:
        shutil.copy2(source, temporary)
        with open(temporary, "rb+") as copy:
            sync_file(copy.fileno())
        if state_of(source) != state:
            return False
        os.replace(temporary, place)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    judged = False
    try:
        sync_folder(head)
        judged = _put_aside(source, renamed, state)
        if judged:
            _remove(renamed)
            return True
    except OSError:
        untouched = not judged and _is_gone(renamed) and os.path.lexists(source)
        if untouched or _put_back(renamed, source):
            with suppress(OSError):
                os.unlink(place)
        raise
    os.unlink(place)
    return False


def _drop_or_put_back(renamed: str, source: str) -> None:
    """Put a file back, or drop it where it was written anew once more: its writer would have replaced it."""
    _put_back(renamed, source)
    with suppress(OSError):
        if os.path.lexists(source):
            os.unlink(renamed)


def put_back_aside(root: str) -> None:
    """Give files their names again that a run had renamed, and was killed before it removed them.

    Parameters
    ----------
    root
        The watched folder.
    """
    for folder, inner, _ in os.walk(root):
        for name in [name for name in inner if _HIDDEN.fullmatch(name)]:
            aside = os.path.join(folder, name)
            with suppress(OSError):
                _remove_leftovers(aside)
                for left in os.listdir(aside):
                    _drop_or_put_back(os.path.join(aside, left), os.path.join(folder, left))
                os.rmdir(aside)
        inner[:] = [name for name in inner if not is_temporary(name)]


def _hidden_name() -> str:
    """A name that no look at a folder sees, as long as any file system takes."""
    return f".edge-cataract-moving-{os.urandom(8).hex()}"


def _remove_leftovers(folder: str) -> None:
    """Remove what a run that was killed had copied in part, or only tried."""
    for name in os.listdir(folder):
        if _HIDDEN.fullmatch(name):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))
