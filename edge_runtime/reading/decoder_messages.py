"""Hear what picture decoders say: the C libraries inside cv2 report damage on file descriptor 2, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_LOCK = threading.Lock()
_STDERR = 2
# libjpeg, libpng, libtiff, and OpenCV's own log about them.
_DECODER = (
    r"^(Corrupt JPEG data|Premature end of JPEG|Invalid (JPEG|SOS|component)|Unsupported (JPEG|marker)|Inconsistent"
    r"|libpng (error|warning)|TIFF\w*: |imdecode_)|^\[ *(WARN|ERROR|INFO):.*(grfmt_|loadsave)"
)
MAX_MESSAGES_BYTES = 1 << 20


@contextmanager
def captured_messages() -> Iterator[list[str]]:
    """Collect the lines that decoders write to standard error; the list is filled when the block ends.

    One thread at a time. The descriptor belongs to the whole process: lines of other threads that arrive meanwhile are
    passed on afterwards.
    """
    messages: list[str] = []
    with _LOCK, ExitStack() as cleanup:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        if not _is_open(_STDERR):
            _open_null_as_stderr()
            cleanup.callback(os.close, _STDERR)
        saved = os.dup(_STDERR)
        cleanup.callback(os.close, saved)
        heard = _memory_file()
        cleanup.callback(os.close, heard)
        os.dup2(heard, _STDERR)
        try:
            yield messages
        finally:
            os.dup2(saved, _STDERR)
            os.lseek(heard, 0, os.SEEK_SET)
            for line in os.read(heard, MAX_MESSAGES_BYTES).decode("utf-8", "replace").splitlines(keepends=True):
                if re.search(_DECODER, line):
                    messages.append(line.rstrip("\n"))
                else:
                    os.write(_STDERR, line.encode("utf-8"))


def _memory_file() -> int:
    """A file without a name: a child that another thread forks meanwhile may go on writing to it, harmlessly."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("decoder-messages")
    import tempfile  # systems other than Linux

    descriptor, path = tempfile.mkstemp()
    os.unlink(path)
    return descriptor


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _open_null_as_stderr() -> None:
    """Hold the number of a closed standard error, or the next file would get it."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    if descriptor != _STDERR:
        os.dup2(descriptor, _STDERR)
        os.close(descriptor)
