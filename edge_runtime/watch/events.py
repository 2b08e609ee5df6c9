"""Events of the file system, which make a look at the folder come earlier; without them looks come by the clock."""

from __future__ import annotations

import os
from multiprocessing import Pipe
from threading import Lock
from typing import TYPE_CHECKING

from edge_runtime.errors import MissingExtraError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

# Not those of opening and reading, which looks themselves cause.
_KINDS = frozenset({"created", "modified", "moved", "deleted", "closed"})


def require_watchdog() -> None:
    """Check that the extra is installed.

    Raises
    ------
    MissingExtraError
        ``missing-extra`` when it is not.
    """
    try:
        import watchdog.observers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra",
            "Events of a folder need watchdog.",
            "Install it: pip install 'edge-cataract[watch]'; or add --poll-only.",
        ) from error


class Events:
    """Listens to a folder, and makes a pipe readable when something happened.

    Parameters
    ----------
    root
        The folder.

    Attributes
    ----------
    pipe
        Has something to read when something happened.

    Raises
    ------
    OSError
        When the system has no room for more listeners, or tells of no events there.
    """

    def __init__(self, root: str) -> None:
        from watchdog.observers import Observer

        self._root = root
        self.pipe, self._bell = Pipe(duplex=False)
        self._lock = Lock()
        self._rung = False
        self._renamed: set[str] = set()
        self._observer = Observer()
        self._observer.schedule(self, root, recursive=True)  # type: ignore[arg-type]  # it calls `dispatch` alone
        self._observer.start()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Hear of one event, in the thread of the observer."""
        if event.event_type not in _KINDS:
            return
        with self._lock:
            if event.event_type == "moved" and not event.is_directory:
                self._renamed.add(os.path.relpath(os.fsdecode(event.dest_path), self._root))
            if not self._rung:
                self._rung = True
                self._bell.send_bytes(b"!")

    def heard(self) -> set[str]:
        """Make the pipe quiet; returns the files that were renamed since, by their paths below the folder."""
        with self._lock:
            if self._rung:
                self.pipe.recv_bytes()
                self._rung = False
            renamed, self._renamed = self._renamed, set()
            return renamed

    def close(self) -> None:
        """Listen no more."""
        self._observer.stop()
        self._observer.join()
        for end in (self.pipe, self._bell):
            end.close()
