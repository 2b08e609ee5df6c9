"""Hear what picture decoders say: the C libraries inside cv2 report damage on file descriptor 2, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

_LOCK = threading.Lock()
_STDERR = 2
# libjpeg, libpng, libtiff, and OpenCV's own log about them, whose entries go on in lines that begin with ">".
_DECODER = (
    r"^(Corrupt JPEG data|Premature end of JPEG|Invalid (JPEG|SOS|component)|Unsupported (JPEG|marker)|Inconsistent"
    r"|Warning: unknown JFIF|libpng (error|warning)|TIFF\w*: |imdecode_)"
    r"|^\[ *(FATAL|ERROR|WARN|INFO|DEBUG|VERB\w*):|^>|^\s*$"
)
# Tags of a TIFF without which its pixels are others, by libtiff's names.
_OF_PIXELS = (
    r"(?:Image(?:Width|Length)|BitsPerSample|Compression|Photometric\w*|Strip(?:Offsets|ByteCounts)|SamplesPerPixel"
    r"|RowsPerStrip|PlanarConfig\w*|Predictor|Tile\w+|ExtraSamples|SampleFormat|ColorMap)"
)
# What makes a picture another one. In a TIFF, every complaint does but these: an end code that LZW can do without, the
# order of tags, and values of tags that say nothing of the pixels. In a PNG, every one does but those about chunks that
# say nothing of them.
_DAMAGE = {
    "jpeg": r"(?i)Premature end|Corrupt JPEG|Invalid|Unsupported|Inconsistent|extraneous",
    "tiff": r"TIFF_(?!Warning.*(?:not terminated with EOI|Unknown field|ASCII value|unknown tag|[Ii]gnoring|tag trimmed"
    r"|not sorted in ascending order|does not end in null|Nonstandard))(?:Error|Warning)"
    r"(?!.*(?:Bad value|(?i:incorrect (?:count|value)|incompatible type|wrong data type)).*"
    rf' for (?:field )?"(?!{_OF_PIXELS}"))',
    "png": r"libpng (?:error|warning): (?!(?:iCCP|gAMA|cHRM|sRGB|sBIT|bKGD|hIST|pHYs|sPLT|tIME|tEXt|zTXt|iTXt|eXIf|cICP"
    r"|mDCV|cLLI|oFFs|pCAL|sCAL|sTER|Interlace handling))",
}
MAX_MESSAGES_BYTES = 1 << 20


class _Capture(NamedTuple):
    """A thread that listens: standard error as it was, the file that stands for it meanwhile, the lines of decoders."""

    saved: int
    heard: int
    messages: list[str]


_capturing: list[_Capture] = []  # the one of the thread that listens, until standard error was given back
_GIVING_BACK = threading.Lock()  # the thread that listens and the one that ends the program may do it at once


def reports_damage(container: str, messages: list[str]) -> bool:
    """Whether a decoder said that the picture is not the one that was stored."""
    damage = _DAMAGE.get(container)
    return damage is not None and any(re.search(damage, message) for message in messages)


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
        cleanup.callback(_log_from_warnings_on())
        os.dup2(heard, _STDERR)
        _capturing.append(_Capture(saved, heard, messages))
        try:
            yield messages
        finally:
            pass_on_now()


def pass_on_now() -> None:
    """Give standard error back, while a thread may still listen to a decoder: what others wrote must not end with it.

    The first that asks for it does it, once: no line is shown twice.
    """
    with _GIVING_BACK:
        while _capturing:
            os.dup2(_capturing[0].saved, _STDERR)  # before it is forgotten: a signal may come between any two lines
            _pass_on(_capturing.pop())


def _pass_on(capture: _Capture) -> None:
    """Write what others wrote to standard error, and keep the lines of decoders."""
    os.lseek(capture.heard, 0, os.SEEK_SET)
    for line in os.read(capture.heard, MAX_MESSAGES_BYTES).decode("utf-8", "replace").splitlines(keepends=True):
        if re.search(_DECODER, line):
            capture.messages.append(line.rstrip("\n"))
        else:
            os.write(_STDERR, line.encode("utf-8"))


def _log_from_warnings_on() -> Callable[[], object]:
    """Let OpenCV log warnings and errors, whatever the environment says; returns what restores the host's level."""
    from cv2.utils import logging

    before = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_WARNING)
    return lambda: logging.setLogLevel(before)


def _memory_file() -> int:
    """A file without a name: a child that another thread forks meanwhile may go on writing to it, harmlessly."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("decoder-messages")
    import tempfile  # systems other than Linux

    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


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
