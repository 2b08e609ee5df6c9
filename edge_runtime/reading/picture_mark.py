"""What a picture of this program says of itself, in a text chunk of the PNG."""

from __future__ import annotations

import json
import os
import stat
import struct
from dataclasses import dataclass

KEYWORD = b"edge-cataract"
AFTER_HEADER = 33  # signature and header chunk of a PNG
_MOST_BYTES = 4096  # of a mark


@dataclass(frozen=True, slots=True)
class PictureMark:
    """The mark of a picture.

    Attributes
    ----------
    picture
        ``overlay``, ``eye``, ``labels``, ``probability`` or ``tissues``.
    scan_sha256
        Hash of the scan that it shows; of an eye, of its first scan.
    document_sha256
        Hash of the document that was written with it; None without one. A reader can tell by it that both are of one
        run.
    """

    picture: str
    scan_sha256: str
    document_sha256: str | None


def picture_mark(path: str | os.PathLike[str]) -> PictureMark | None:
    """The mark of a picture file; None when it is no picture of this program, or cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe without a writer would be waited for
            return None
        with open(path, "rb") as file:
            return mark_in(file.read(AFTER_HEADER + _MOST_BYTES))
    except (OSError, ValueError):
        return None


def mark_in(head: bytes) -> PictureMark | None:
    """The mark in the first bytes of a PNG; None without one, as after a program that leaves out text chunks."""
    try:
        length, kind = struct.unpack_from(">I4s", head, AFTER_HEADER)
        keyword, _, text = head[AFTER_HEADER + 8 : AFTER_HEADER + 8 + length].partition(b"\x00")
        if kind != b"tEXt" or keyword != KEYWORD:
            return None
        return PictureMark(**json.loads(text))
    except (ValueError, TypeError, struct.error):
        return None
