"""The end of a file of an audit: its last line, and what a loss of power left behind it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import OutputError

from .line import MAX_LINE_BYTES, Line, is_torn, unseal

if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 16_384
MAX_TORN_BYTES = 4 * MAX_LINE_BYTES  # several losses of power, one after the other


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a file.

    Attributes
    ----------
    last
        The last line that is whole; None where there is none.
    torn
        What stands after it: no line, or several that were begun; it ends with a line feed, or is empty.
    cut
        Whether that line feed is not in the file.
    """

    last: Line | None
    torn: bytes
    cut: bool

    @property
    def told(self) -> dict[str, Any]:
        """What the next line says of it; nothing where nothing was torn."""
        return {"torn": torn_facts(self.torn)} if self.torn else {}


def torn_facts(torn: bytes) -> dict[str, Any]:
    """What a line says of the torn ones before it, which stay in the file."""
    return {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


def read_tail(file: BinaryIO) -> Tail:
    """Read the end of a file that is locked.

    Raises
    ------
    OutputError
        ``damaged-audit`` when the last line is not as it was written, though nothing of it is missing.
    """
    size = os.fstat(file.fileno()).st_size
    want = _CHUNK
    while True:
        want = min(want, size)
        file.seek(size - want)
        found = _last_line(file.read(want), whole=want == size)
        if found is not None:
            return found
        if want > MAX_TORN_BYTES:
            raise _damaged()
        want *= 4


def _last_line(end: bytes, *, whole: bool) -> Tail | None:
    """The last line within the end of a file; None where it begins before."""
    cut = bool(end) and not end.endswith(b"\n")
    lines = (end + b"\n" if cut else end).splitlines(keepends=True)
    reached = len(lines)
    while reached and (reached > 1 or whole):  # the first one may have begun before
        line = lines[reached - 1]
        last = None if cut and reached == len(lines) else unseal(line)
        if last is not None:
            return Tail(last, b"".join(lines[reached:]), cut)
        if not (cut and reached == len(lines)) and not is_torn(line):
            raise _damaged()
        reached -= 1
    return Tail(None, b"".join(lines), cut) if whole else None


def _damaged() -> OutputError:
    return OutputError(
        "damaged-audit",
        "The last line of the audit is not as it was written.",
        "Look at it with 'edge-cataract audit verify'; keep it as it is, and name another file for what follows.",
    )
