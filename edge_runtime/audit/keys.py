"""The key of an audit: bytes from a file, which sign every line."""

from __future__ import annotations

import os
import stat

from edge_runtime.errors import UsageError

_LEAST_BYTES, _MOST_BYTES = 32, 4096


def read_key(path: str | os.PathLike[str]) -> bytes:
    """The key that a file holds: all its bytes.

    Raises
    ------
    UsageError
        ``audit-key`` when the file cannot be read, is too short or too long, or everybody may read it.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            "audit-key", f"The key cannot be read: {error.strerror or 'unknown reason'}.", "Check its path."
        ) from error
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise UsageError(
            "audit-key",
            f"The key has {len(key)} bytes; {_LEAST_BYTES} to {_MOST_BYTES} were expected.",
            "Make one: head --bytes=32 /dev/urandom > KEY.",
        )
    if os.name != "nt" and mode & stat.S_IROTH:
        raise UsageError("audit-key", "Everybody may read the key.", "Make it private: chmod 600 KEY.")
    return key
