"""Hear what picture decoders say: the C libraries inside cv2 report damage on file descriptor 2, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOCK = threading.Lock()
_STDERR = 2
_DECODER = re.compile(r"JPEG|TIFF|PNG|^\[ *(WARN|ERROR|INFO)|grfmt|imgcodecs", re.IGNORECASE)


@contextmanager
def captured_messages() -> Iterator[list[str]]:
    """Collect the lines that decoders write to standard error; the list is filled when the block ends.

    One thread at a time. Lines of anybody else that arrive meanwhile are passed on afterwards.
    """
    messages: list[str] = []
    with _LOCK:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        try:
            saved = os.dup(_STDERR)
        except OSError:  # standard error is closed
            saved = -1
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)  # a flood of messages is lost, never waited for
        try:
            os.dup2(writing, _STDERR)
            yield messages
        finally:
            if saved < 0:
                os.close(_STDERR)
            else:
                os.dup2(saved, _STDERR)
                os.close(saved)
            os.close(writing)
            text = b""
            with suppress(BlockingIOError):
                text = os.read(reading, 1 << 16)
            os.close(reading)
            for line in text.decode("utf-8", "replace").splitlines(keepends=True):
                if _DECODER.search(line):
                    messages.append(line.rstrip("\n"))
                elif saved >= 0:
                    os.write(_STDERR, line.encode("utf-8"))
