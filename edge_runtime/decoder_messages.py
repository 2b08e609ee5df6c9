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
_DECODER = re.compile(r"JPEG|TIFF|PNG|^\[ *(WARN|ERROR|INFO)|grfmt|imgcodecs", re.IGNORECASE)


@contextmanager
def captured_messages() -> Iterator[list[str]]:
    """Collect the lines that decoders write to standard error; the list is filled when the block ends.

    One thread at a time. Lines of anybody else that arrive meanwhile are passed on afterwards.
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
        reading, writing = os.pipe()
        cleanup.callback(os.close, reading)
        cleanup.callback(os.close, writing)
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)  # a flood of messages is lost, never waited for
        os.dup2(writing, _STDERR)
        try:
            yield messages
        finally:
            os.dup2(saved, _STDERR)
            text = b""
            with suppress(BlockingIOError):
                text = os.read(reading, 1 << 16)
            for line in text.decode("utf-8", "replace").splitlines(keepends=True):
                if _DECODER.search(line):
                    messages.append(line.rstrip("\n"))
                else:
                    os.write(_STDERR, line.encode("utf-8"))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _open_null_as_stderr() -> None:
    """Hold the number of a closed standard error, or the pipe would get it."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    if descriptor != _STDERR:
        os.dup2(descriptor, _STDERR)
        os.close(descriptor)
