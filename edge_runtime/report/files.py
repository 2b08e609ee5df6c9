"""Write outputs durably: all of them in full, or none, and what they replace is kept until then.

Every file is written beside its target under a temporary name and synced. A journal then says which name belongs to
which target, and only then are the files renamed. When something fails, what was there is put back. A process that is
killed leaves its journal: the next one that writes into the folder finishes the renames (or, where there is no complete
journal, removes the temporary files), so that two files of one result never stay of different runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import stat
from typing import TYPE_CHECKING

from edge_runtime.errors import OutputError, WriteError
from edge_runtime.locked_file import locked_folders, share, sync_file, sync_folder

from .journal import Journal, finish_interrupted, temporary_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

_CANNOT_CREATE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}
_LINKS_FOLLOWED = 40
STANDARD_OUTPUT = "-"
_DESCRIPTOR = re.compile(r"(?:/dev/fd|/proc/(?:self|thread-self|(?P<process>\d+))/fd)/(?P<number>\d+)")


def write_all(
    contents: Mapping[str, bytes], permit: Callable[[], None] | None = None, *, readers_of: str | None = None
) -> None:
    """Write every {path: bytes} and make it durable; when one fails, all that was there before is there again.

    A target that is a device, a pipe, or an open descriptor is written to directly, after the others.

    Parameters
    ----------
    contents
        What to write.
    permit
        As `Writing.publish`.
    readers_of
        As `Writing` has it.

    Raises
    ------
    OutputError
        When a file cannot be created.
    WriteError
        When writing fails part-way, for example on a full disk.
    """
    with Writing(readers_of) as writing:
        writing.stage(contents)
        writing.publish(permit)


class Writing:
    """Files that are written as they are made, beside their places, and put there together, or not at all.

    Parameters
    ----------
    readers_of
        A folder: who may read it may read the files, whatever the umask is; None: as for any new file.
    """

    def __init__(self, readers_of: str | None = None) -> None:
        self._readers_of = readers_of
        # Not the process number: in containers that share a folder, every process has the same.
        self._token = os.urandom(8).hex()
        self._journal = Journal("", self._token, needed=False)
        self._planned = False
        self._staged: list[tuple[str, str]] = []
        self._folders: list[str] = []
        self._direct: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _signals_held():  # a signal that ends the program comes again and again until it has ended
            for temporary, _ in self._staged:
                self._journal.remove(temporary)
            self._journal.__exit__(kind, error, trace)

    def stage(self, contents: Mapping[str, bytes]) -> None:
        """Write files under temporary names; what goes to a device, a pipe or a descriptor is held until the end.

        Raises
        ------
        OutputError, WriteError
            As `write_all`.
        """
        durable = {target: content for target, content in contents.items() if not is_special(target)}
        self._direct.update({target: content for target, content in contents.items() if target not in durable})
        try:
            self._prepare(durable)
            for target, content in durable.items():
                temporary = temporary_name(os.path.dirname(target) or ".", self._token, len(self._staged))
                self._journal.own(temporary)
                self._staged.append((temporary, target))
                _write_synced(temporary, content, self._readers_of)
        except OSError as error:
            raise _translated(error) from error

    def _prepare(self, durable: Mapping[str, bytes]) -> None:
        """Finish what killed processes left where files go; from the second file on, there is a plan."""
        for folder in dict.fromkeys(os.path.dirname(target) or "." for target in durable):
            if folder not in self._folders:
                finish_interrupted(folder)
                self._folders.append(folder)
        if not self._planned and len(self._staged) + len(durable) > 1:
            self._planned = True
            self._journal = Journal(self._folders[0], self._token, needed=True).__enter__()
            for temporary, _ in self._staged:
                self._journal.own(temporary)

    def publish(self, permit: Callable[[], None] | None = None) -> None:
        """Put all files in their places, and make that durable.

        Parameters
        ----------
        permit
            Called before, while no other process of this program puts files into these folders; what it raises keeps
            everything as it was.

        Raises
        ------
        OutputError, WriteError
            As `write_all`.
        """
        try:
            with locked_folders(self._folders):
                for folder in self._folders:
                    finish_interrupted(folder)  # or what one who was killed meanwhile planned would come after this
                if permit is not None:
                    permit()
                if self._staged:
                    with _signals_held():
                        self._journal.record(self._staged)
                        _publish(self._staged, self._folders, self._journal)
        except OSError as error:
            raise _translated(error) from error
        try:
            for target, content in self._direct.items():
                _write_direct(target, content)
        except OSError as error:
            failed = _translated(error)
            if self._staged:
                failed.lost = "What goes to files was written, and nothing else."
            raise failed from error


def _publish(staged: list[tuple[str, str]], folders: list[str], journal: Journal) -> None:
    """Rename every file to its target; when one fails, put back what was there."""
    kept: list[tuple[str, str]] = []
    published: list[str] = []
    try:
        if len(staged) > 1:
            for temporary, target in staged:
                if os.path.lexists(target):
                    kept.append((f"{temporary[:-4]}.old.tmp", target))
                    _keep(target, kept[-1][0])
        for temporary, target in staged:
            os.replace(temporary, target)
            published.append(target)
        for folder in folders:
            sync_folder(folder)
    except BaseException:
        backups = {target: backup for backup, target in kept}
        for target in published:
            with contextlib.suppress(OSError):
                if target in backups:
                    os.replace(backups[target], target)
                else:
                    os.unlink(target)
        raise
    finally:
        for backup, _ in kept:
            journal.remove(backup)


def _keep(target: str, backup: str) -> None:
    """Keep what is there under another name: a second link, or a copy where the file system has no links."""
    try:
        os.link(target, backup, follow_symlinks=False)
    except (OSError, NotImplementedError, AttributeError):
        if os.path.islink(target):
            os.symlink(os.readlink(target), backup)
            return
        with open(target, "rb") as file:
            _write_synced(backup, file.read())


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back signals that end the program, for the milliseconds of a rename; they arrive afterwards.

    The clock by which `program_signals` lets them come again is held back, too.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
    signals = {getattr(signal, name) for name in names if hasattr(signal, name)}
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


def is_special(target: str) -> bool:
    """Whether a target is a device, a pipe or the like, or an open descriptor as `descriptor_of` knows it."""
    if descriptor_of(target) is not None:
        return True
    try:
        return not stat.S_ISREG(os.stat(target).st_mode) or _end_of_links(target).startswith("/proc/")
    except OSError:
        return False


def descriptor_of(target: str) -> int | None:
    """The open descriptor of this process that a target names: 1 for ``-`` and ``/dev/stdout``; None for any other."""
    if target == STANDARD_OUTPUT:
        return 1
    found = _DESCRIPTOR.fullmatch(_end_of_links(target))
    if found is None or found["process"] not in (None, str(os.getpid())):
        return None
    return int(found["number"])


def _end_of_links(target: str) -> str:
    """Where the links of a target lead, without those of a descriptor, which name what is open and not a place."""
    place = os.path.abspath(target)
    for _ in range(_LINKS_FOLLOWED):
        if place.startswith(("/proc/", "/dev/fd/")) and os.path.basename(os.path.dirname(place)) == "fd":
            return place
        if not os.path.islink(place):
            break
        place = os.path.normpath(os.path.join(os.path.dirname(place), os.readlink(place)))
    return place


def _write_direct(target: str, content: bytes) -> None:
    descriptor = descriptor_of(target)
    if descriptor is None:
        with open(target, "wb") as file:  # buffered: a pipe may take a part only, and is then given the rest
            file.write(content)
        return
    # Not opened anew: it would begin at the start of a file into which others write behind what is there.
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)


def _write_synced(temporary: str, content: bytes, readers_of: str | None = None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    with open(descriptor, "wb") as file:
        if readers_of is not None:
            share(descriptor, readers_of)
        file.write(content)
        file.flush()
        sync_file(descriptor)


def _translated(error: OSError) -> OutputError | WriteError:
    if error.errno in _CANNOT_CREATE:
        return OutputError(
            "output-folder", f"An output cannot be created: {os.strerror(error.errno)}.", "Name another folder."
        )
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return WriteError(
        "write-failed", f"An output could not be written: {reason}.", "Free space on the disk, or name another folder."
    )
