"""What lies in a watched folder at one moment, by names, sizes and times alone: no file is opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from edge_runtime.exams.folder import is_system, suffix_may_be_scan

if TYPE_CHECKING:
    from collections.abc import Collection

# How programs name a file that they rename when it is written: ``~x``, ``x.part``, ``x.tmp.png``.
_TEMPORARY = re.compile(r"~|.*\.(tmp|temp|part|partial|filepart|crdownload|download|swp)(\.|$)", re.IGNORECASE)


class FileState(NamedTuple):
    """What a folder says of a file; with another content, one of these is other, too.

    Its number is no part of it: network file systems may give a file another one at every look.
    """

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Take it from what the system says."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(slots=True)
class Glance:
    """What a look at the folder found.

    Attributes
    ----------
    files
        Files that may be scans, by their paths below the folder.
    unsure
        Files of which the system says nothing at the moment.
    unreadable
        Folders that could not be read to their end, by their paths below the folder; "" is the folder itself.
    """

    files: dict[str, FileState] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)

    def may_hold(self, path: str) -> bool:
        """Whether a file that was not seen may be there all the same."""
        if path in self.unsure:
            return True
        return any(not folder or path.startswith(folder + os.sep) for folder in self.unreadable)


def glance(root: str, without: Collection[str]) -> Glance:
    """Look into a folder and all folders in it; links to folders, hidden and temporary files are passed over.

    Parameters
    ----------
    root
        The folder.
    without
        Real paths of folders that are not looked into.
    """
    found = Glance()
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        try:
            with os.scandir(os.path.join(root, inner) if inner else root) as entries:
                for entry in entries:
                    _take(entry, os.path.join(inner, entry.name), found, waiting, without)
        except FileNotFoundError:
            if not inner:  # a share that is not there, rather than a folder that somebody took away
                found.unreadable.add(inner)
        except OSError:
            found.unreadable.add(inner)
    return found


def state_of(path: str) -> FileState | None:
    """The state of one file; None where there is none, or the system does not say."""
    try:
        return FileState.of(os.stat(path))
    except (OSError, ValueError):
        return None


def is_temporary(name: str) -> bool:
    """Whether a file of this name is hidden, of the system, or still being written."""
    return is_system(name) or _TEMPORARY.match(name) is not None


def _take(entry: os.DirEntry[str], path: str, found: Glance, waiting: list[str], without: Collection[str]) -> None:
    """Add one entry of a folder to what was found, or to the folders that are still to be looked into."""
    if is_temporary(entry.name):
        return
    try:
        if entry.is_dir(follow_symlinks=False):
            if os.path.realpath(entry.path) not in without:
                waiting.append(path)
        elif suffix_may_be_scan(entry.name) is not False:
            status = os.stat(entry.path)  # not that of the entry, which Windows keeps from before
            if stat.S_ISREG(status.st_mode):
                found.files[path] = FileState.of(status)
    except FileNotFoundError:  # it went meanwhile, or is a link to what is not there
        return
    except OSError as error:
        if error.errno != errno.ELOOP:  # a link that leads nowhere, either
            found.unsure.add(path)
