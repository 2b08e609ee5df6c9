"""The record of what was computed: lines are only ever added, and each is bound to all before it."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import EdgeCataractError, OutputError, UsageError, WriteError
from edge_runtime.locked_file import open_locked, sync_folder

from .entry import entry_of
from .keys import read_key
from .line import SCHEMA, Head, is_beginning, is_mac_of, seal, unseal
from .parts import full_parts, next_part
from .tail import read_tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from .line import Line

ROTATE_BYTES = 64 << 20
LOCK_WAIT_S = 5.0  # a line is added within milliseconds; who may read the audit can lock it for ever


class AuditTrail:
    """A record that only grows. Several threads and processes may append to one.

    Each call opens the file, waits for its lock for 5 s at most, and closes it again, so that an object costs nothing
    between two calls, survives a fork, and may be sent to another process.

    Parameters
    ----------
    path
        The file; its folder must exist. A new one is begun where there is none.
    key
        A file of 32 bytes or more that nobody else can read. With it every line is signed (HMAC-SHA256), so that
        nobody without the key can write the file anew. An audit that was begun with a key goes on with it, and one
        without goes on without.
    rotate_bytes
        From this size on, the file is renamed to ``PATH.000001`` and so on, and the chain goes on in a new one.

    Raises
    ------
    OutputError
        When the audit cannot be opened (``output-folder``), is another kind of file (``not-an-audit``), or its last
        line is not as it was written (``damaged-audit``).
    UsageError
        ``audit-key`` when the key is too short, missing, or the audit was begun with another.
    ResourceError
        ``too-many-open-files``.
    WriteError
        When a new audit cannot be written, or another process keeps the file locked.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | os.PathLike[str] | None = None,
        rotate_bytes: int = ROTATE_BYTES,
    ) -> None:
        if rotate_bytes < 1:
            raise ValueError(f"rotate_bytes is {rotate_bytes}; it must be at least 1.")
        self.path = os.path.abspath(os.fsdecode(path))
        self._key = None if key is None else read_key(key)
        self._rotate_bytes = rotate_bytes
        self._add(None)

    def append(self, document: Mapping[str, Any]) -> None:
        """Record a result document, for one scan or one eye. When this returns, the line is on the disk.

        Kept are time, program version, hashes of model, look, files and document, answer, fraction, grade and words
        (`edge_runtime.audit.entry`): no text of a person, and no name of a file.

        Raises
        ------
        InternalError
            ``not-recordable`` when it is no document of this program, or larger than a line may be.
        OutputError, ResourceError, WriteError
            When the line cannot be written; then nothing of it counts, and its answer must not go out.
        """
        self._add({"event": "result", **entry_of(document)})

    def head(self) -> Head:
        """Where the chain stands. Kept elsewhere, it shows later whether the end was cut off."""
        return self._add(None)

    def _add(self, fields: Mapping[str, Any] | None) -> Head:
        """Add a line, after one that begins the file where it is new; None: that one alone."""
        try:
            while True:
                with self._locked() as file:
                    if fields is None or not self._is_full(file) or not self._rotated(file):
                        return self._write(file, fields)
        except (OSError, EdgeCataractError) as error:
            failed = error if isinstance(error, EdgeCataractError) else _write_error(error)
            if fields is not None:
                failed.lost = "The answer was not recorded, and is not given."
            if failed is error:
                raise
            raise failed from error

    def _locked(self) -> BinaryIO:
        """The file that the path names, locked."""
        while True:
            file = self._open_locked()
            with suppress(FileNotFoundError):  # renamed by another process that this one waited for
                if os.path.samestat(os.fstat(file.fileno()), os.stat(self.path)):
                    return file
            file.close()

    def _open_locked(self) -> BinaryIO:
        try:
            return open_locked(self.path, wait_s=LOCK_WAIT_S, what="audit")
        except OutputError as error:
            if error.word == "ledger-in-use":
                raise WriteError("write-failed", "Another process keeps the audit locked.", error.remedy) from error
            raise

    def _is_full(self, file: BinaryIO) -> bool:
        return os.fstat(file.fileno()).st_size >= self._rotate_bytes

    def _rotated(self, file: BinaryIO) -> bool:
        """Give the file the name of a full part; False where the system keeps it under its name (``chattr +a``)."""
        if read_tail(file).torn:  # recorded in the same file: a part ends with a whole line
            self._write(file, {"event": "torn"})
        try:
            os.rename(self.path, next_part(self.path))
        except PermissionError:
            return False
        sync_folder(os.path.dirname(self.path))
        return True

    def _write(self, file: BinaryIO, fields: Mapping[str, Any] | None) -> Head:
        """Add lines in one call and sync them; returns the new head."""
        tail = read_tail(file)
        lines: list[bytes] = []
        last, told = tail.last, tail.told
        if last is None:
            if not is_beginning(tail.torn):
                raise OutputError("not-an-audit", "The file is no audit.", "Name another file, or move this one.")
            last = self._last_of_full_parts()
            lines.append(self._sealed({**_beginning(last, keyed=self._key is not None), **told}, last))
            last, told = unseal(lines[0]), {}
        else:
            self._check_key(last)
        if fields is not None:
            lines.append(self._sealed({**fields, **told}, last))
            last = unseal(lines[-1])
        if lines:
            _put(file, b"".join([b"\n" * tail.cut, *lines]))
        if tail.last is None:
            sync_folder(os.path.dirname(self.path))
        return _head(last)

    def _sealed(self, fields: Mapping[str, Any], last: Line | None) -> bytes:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return seal({"time": now, **fields}, _head(last), self._key)

    def _last_of_full_parts(self) -> Line | None:
        """The line that a new file goes on from; None for the first file."""
        full = full_parts(self.path)
        if not full:
            return None
        with open(full[-1], "rb", buffering=0) as file:
            tail = read_tail(file)
        if tail.last is None or tail.torn:
            raise OutputError(
                "damaged-audit",
                "The last full part of the audit is not as it was written.",
                "Look at it with 'edge-cataract audit verify', and name another file for what follows.",
            )
        self._check_key(tail.last)
        return tail.last

    def _check_key(self, last: Line) -> None:
        """The key must be that of the line before, or none as there."""
        if (last.mac is None) != (self._key is None) or (self._key is not None and not is_mac_of(last, self._key)):
            begun = "without a key" if last.mac is None else "with a key, which is not the one that was given"
            raise UsageError(
                "audit-key", f"The audit was begun {begun}.", "Go on with what it was begun with, or name another file."
            )


def _beginning(last: Line | None, *, keyed: bool) -> dict[str, Any]:
    """What the first line of a file says."""
    common = {"schema": SCHEMA, "keyed": keyed}
    if last is None:
        return {"event": "begin", **common, "chain": os.urandom(16).hex()}
    return {"event": "continue", **common}


def _put(file: BinaryIO, content: bytes) -> None:
    """Write and sync; when that fails, nothing of it stays."""
    before = os.fstat(file.fileno()).st_size
    try:
        if file.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())
    except BaseException:  # an interruption too: how much was written is unknown
        with suppress(OSError):
            os.ftruncate(file.fileno(), before)
        raise


def _head(line: Line | None) -> Head:
    return Head() if line is None else line.head


def _write_error(error: OSError) -> WriteError:
    return WriteError(
        "write-failed",
        f"The audit could not be written: {error.strerror or 'unknown reason'}.",
        "Free space on the disk, or name another file.",
    )
