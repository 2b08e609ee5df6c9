"""What a picture of this program says of itself, in a text chunk of the PNG."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

KEYWORD = b"edge-cataract"
AFTER_HEADER = 33  # signature and header chunk of a PNG
_AROUND = 12  # bytes of a chunk besides its content
_MOST_BYTES = 1 << 16  # of a mark


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
    others
        Of an eye: its further scans, by their hashes.
    content_sha256
        Hash of all bytes of the file but those of the mark, which shows whether somebody changed the picture; None in
        files of earlier versions.
    """

    picture: str
    scan_sha256: str
    document_sha256: str | None
    others: tuple[str, ...] = ()
    content_sha256: str | None = field(default=None, compare=False)

    @property
    def scans(self) -> tuple[str, ...]:
        """Every scan that the picture shows."""
        return (self.scan_sha256, *self.others)


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
        said = json.loads(text)
        return PictureMark(**{**said, "others": tuple(said.get("others", ()))})
    except (ValueError, TypeError, AttributeError, struct.error):
        return None


def content_sha256(parts: Iterable[bytes | memoryview]) -> str:
    """The hash of a PNG without its mark, given as the parts before and behind it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def is_altered(content: bytes, mark: PictureMark) -> bool:
    """Whether a whole PNG is not as this program wrote it; False where its mark does not say how that was."""
    if mark.content_sha256 is None:
        return False
    (length,) = struct.unpack_from(">I", content, AFTER_HEADER)
    data = memoryview(content)
    return content_sha256((data[:AFTER_HEADER], data[AFTER_HEADER + length + _AROUND :])) != mark.content_sha256
